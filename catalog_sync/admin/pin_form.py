"""The form that pins a marketing URL."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from catalog_sync import api
from catalog_sync.admin.confirmation import ConfirmationForm
from catalog_sync.marketing_urls import MAX_MARKETING_URL_LENGTH
from catalog_sync.models import PinnedMarketingUrl
from catalog_sync.operations import arguments, course_link

WIDE = {"class": "vLargeTextField"}
URL_INPUT = {**WIDE, "inputmode": "url", "autocomplete": "off", "spellcheck": "false"}


class PinForm(ConfirmationForm):
    """The course, the URL and the reason. ``catalog_sync.operations.arguments`` checks them."""

    course_key = forms.CharField(
        label=_("Course key"),
        # Also the address of a course's page.
        max_length=MAX_MARKETING_URL_LENGTH,
        widget=AdminTextInputWidget(attrs=WIDE),
        help_text=_("For example course-v1:edX+DemoX+1T2026. A CCX course has a key of its own."),
    )
    url = forms.CharField(
        label=_("Marketing URL"),
        max_length=MAX_MARKETING_URL_LENGTH,
        widget=AdminTextInputWidget(attrs=URL_INPUT),
        help_text=_("It overrides the Catalog until you unpin it. UTM parameters are not allowed."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1_000,
        required=False,
        widget=AdminTextInputWidget(attrs=WIDE),
        help_text=_("For other operators: who asked for it, and until when it applies. Optional."),
    )
    field_order = ("course_key", "confirmed", "url", "reason")

    def clean_course_key(self) -> str:
        return self._checked("course_key", arguments.course_key_in)

    def clean_url(self) -> str:
        return self._checked("url", arguments.pinned_url)

    def _checked(self, field: str, check: Any) -> str:
        try:
            return str(check(self.cleaned_data[field]))
        except api.UsageError as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> None:
        # An unknown course key may have a typing error.
        course_key = self.cleaned_data.get("course_key")
        if course_key and not self.errors and not course_link.is_known(course_key):
            self.require_confirmation("course_key", _("Neither the LMS nor a Catalog has this course."))

    def pin(self, user: Any) -> PinnedMarketingUrl | None:
        """Pin the URL, and return the pin. If it cannot be pinned, add an error to the form and return None."""
        course_key, url, reason = (self.cleaned_data[name] for name in ("course_key", "url", "reason"))
        try:
            course_key = api.pin_marketing_url(course_key, url, user, reason)
        except api.UsageError as error:
            self.add_error(error.argument, str(error))
            return None
        return PinnedMarketingUrl.objects.get(course_key=course_key)
