"""Filters of the list of course runs. A filter sends a query only if it is chosen."""

from __future__ import annotations

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


class YesNoFilter(admin.SimpleListFilter):
    """Yes, no, or all."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def condition(self) -> Q:
        """Return the condition for yes."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(self.condition() if self.value() == "yes" else ~self.condition())


class HasUrl(YesNoFilter):
    """The Catalog has a usable URL, or one is pinned."""

    title, parameter_name = _("has a marketing URL"), "has_url"

    def condition(self) -> Q:
        return Q(marketing_url__isnull=False) | precedence.is_pinned()


class Published(YesNoFilter):
    """Its status in the Catalog is published."""

    title, parameter_name = _("published"), "published"

    def condition(self) -> Q:
        return Q(status="published")


class InLms(YesNoFilter):
    """The LMS has a course overview."""

    title, parameter_name = _("in the LMS"), "in_lms"

    def condition(self) -> Q:
        return Q(course_key__in=course_overviews.keys())


class Differs(YesNoFilter):
    """The course overview has another marketing URL."""

    title, parameter_name = _("differs from the LMS"), "differs"

    def condition(self) -> Q:
        # "Yes" lists only the first MAX_DIFFERING.
        keys = course_overviews.out_of_date()
        return Q(course_key__in=list(islice(keys, MAX_DIFFERING) if self.value() == "yes" else keys))


class Pinned(YesNoFilter):
    """An operator has pinned a URL."""

    title, parameter_name = _("pinned"), "pinned"

    def condition(self) -> Q:
        return precedence.is_pinned()


class Rejected(YesNoFilter):
    """The last sync run that read it rejected its record."""

    title, parameter_name = _("rejected"), "rejected"

    def condition(self) -> Q:
        return is_rejected()


FILTERS = (HasUrl, Published, InLms, Differs, Pinned, Rejected)
