"""The form that pins a marketing URL."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from catalog_sync import api
from catalog_sync.marketing_urls import MAX_MARKETING_URL_LENGTH
from catalog_sync.models import PinnedMarketingUrl

WIDE = {"class": "vLargeTextField"}
URL_INPUT = {**WIDE, "inputmode": "url", "autocomplete": "off", "spellcheck": "false"}


class PinForm(forms.Form):
    """The course, the URL and the reason. ``catalog_sync.api`` checks them."""

    course_key = forms.CharField(
        label=_("Course key"),
        max_length=255,
        widget=AdminTextInputWidget(attrs=WIDE),
        help_text=_("For example course-v1:edX+DemoX+1T2026. A CCX course has a key of its own."),
    )
    url = forms.CharField(
        label=_("Marketing URL"),
        max_length=MAX_MARKETING_URL_LENGTH,
        widget=AdminTextInputWidget(attrs=URL_INPUT),
        help_text=_("It overrides the Catalog until you unpin it."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1_000,
        required=False,
        widget=AdminTextInputWidget(attrs=WIDE),
        help_text=_("For other operators. Optional."),
    )

    def pin(self, user: Any) -> PinnedMarketingUrl | None:
        """Pin the URL, and return the pin. If the URL is not fit, add an error to the form and return None."""
        try:
            course_key = api.pin_marketing_url(user=user, **self.cleaned_data)
        except api.UsageError as error:
            self.add_error(error.argument, str(error))
            return None
        return PinnedMarketingUrl.objects.get(course_key=course_key)
