"""Filters of the list of course runs. Each asks the database for what it needs only when it is chosen."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog_sync.store import course_overviews, course_runs


class YesNoFilter(admin.SimpleListFilter):
    """Yes, no, or all."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def condition(self) -> Q:
        """Return what holds for ``yes``."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that are chosen."""
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(self.condition() if self.value() == "yes" else ~self.condition())


class HasUrl(YesNoFilter):
    """The Catalog has a URL that counts, or one is pinned."""

    title, parameter_name = _("has a marketing URL"), "has_url"

    def condition(self) -> Q:
        """Return what holds for ``yes``."""
        return course_runs.HAS_URL


class Published(YesNoFilter):
    """The Catalog calls it published."""

    title, parameter_name = _("published"), "published"

    def condition(self) -> Q:
        """Return what holds for ``yes``."""
        return Q(status="published")


class InLms(YesNoFilter):
    """There is a course overview."""

    title, parameter_name = _("in the LMS"), "in_lms"

    def condition(self) -> Q:
        """Return what holds for ``yes``."""
        return Q(course_key__in=course_overviews.keys())


class Differs(YesNoFilter):
    """The course overview shows something else."""

    title, parameter_name = _("differs from the LMS"), "differs"

    def condition(self) -> Q:
        """Return what holds for ``yes``."""
        return Q(course_key__in=course_overviews.out_of_date())


class Pinned(YesNoFilter):
    """An operator has pinned a URL."""

    title, parameter_name = _("pinned"), "pinned"

    def condition(self) -> Q:
        """Return what holds for ``yes``."""
        return Q(pinned_at__isnull=False)


FILTERS = (HasUrl, Published, InLms, Differs, Pinned)
