"""The form by which an operator pins a marketing URL."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from catalog_sync import api
from catalog_sync.marketing_urls import MAX_MARKETING_URL_LENGTH
from catalog_sync.models import CatalogCourseRun

URL_INPUT = {"class": "vLargeTextField", "inputmode": "url", "autocomplete": "off", "spellcheck": "false"}


class PinForm(forms.Form):
    """What to pin for which course. What is fit is for ``catalog_sync.api`` to say."""

    course_key = forms.CharField(
        label=_("Course key"),
        max_length=255,
        widget=AdminTextInputWidget(attrs={"class": "vLargeTextField"}),
        help_text=_("As in course-v1:edX+DemoX+1T2026; a CCX course has a key of its own."),
    )
    url = forms.CharField(
        label=_("Marketing URL"),
        max_length=MAX_MARKETING_URL_LENGTH,
        widget=AdminTextInputWidget(attrs=URL_INPUT),
        help_text=_("Wins over the Catalog at every sync, until it is unpinned."),
    )

    def pin(self, user: Any) -> CatalogCourseRun | None:
        """Pin it, and return the row; None with an error on the form if it is not fit."""
        try:
            course_key = api.pin_marketing_url(user=user, **self.cleaned_data)
        except api.UsageError as error:
            self.add_error(error.argument, str(error))
            return None
        return CatalogCourseRun.objects.get(course_key=course_key)
