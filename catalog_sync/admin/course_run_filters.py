"""Filters of the list of course runs. A filter sends a query only if it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog_sync.operations.rejected_records import is_rejected
from catalog_sync.store import course_overviews, precedence

# Before the first sync, all may differ. No operator reads a longer list.
MAX_DIFFERING = 5_000


def _yes_no(parameter: str, label: Any, condition: Callable[[str], Q]) -> type[admin.SimpleListFilter]:
    """Return a filter: yes, no, or all. ``condition`` is called with the chosen value."""

    class YesNoFilter(admin.SimpleListFilter):
        parameter_name, title = parameter, label

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return [("yes", _("Yes")), ("no", _("No"))]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            if value not in ("yes", "no"):
                return queryset
            return queryset.filter(condition(value) if value == "yes" else ~condition(value))

    return YesNoFilter


def _has_url(value: str) -> Q:
    # The Catalog has a usable URL, or one is pinned.
    return Q(marketing_url__isnull=False) | precedence.is_pinned()


def _differs(value: str) -> Q:
    # The course overview has another marketing URL.
    keys = course_overviews.out_of_date()
    # "Yes" lists only the first MAX_DIFFERING.
    return Q(course_key__in=list(islice(keys, MAX_DIFFERING) if value == "yes" else keys))


FILTERS = (
    _yes_no("has_url", _("has a marketing URL"), _has_url),
    _yes_no("published", _("published"), lambda value: Q(status="published")),
    _yes_no("in_lms", _("in the LMS"), lambda value: Q(course_key__in=course_overviews.keys())),
    _yes_no("differs", _("differs from the LMS"), _differs),
    _yes_no("pinned", _("pinned"), lambda value: precedence.is_pinned()),
    # The last sync run that read it rejected its record.
    _yes_no("rejected", _("rejected"), lambda value: is_rejected()),
)
