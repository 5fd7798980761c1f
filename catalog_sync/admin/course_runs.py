"""Course runs in Django admin: the Catalog's data, the LMS's, the link that learners get, and pins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from catalog_sync.admin.base import (
    RUN_PERMISSION,
    CatalogFilter,
    ReadOnlyList,
    column,
    linked,
    local_time,
    with_catalog,
)
from catalog_sync.admin.course_link import address_of, linked_reason
from catalog_sync.admin.course_run_filters import FILTERS
from catalog_sync.admin.paginator import AtLeast
from catalog_sync.admin.pin_form import PinForm
from catalog_sync.admin.pins import may_pin
from catalog_sync.admin.run_control import course_context
from catalog_sync.course_keys import CCX_PREFIX, COURSE_PREFIX
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.operations import course_link, course_status
from catalog_sync.operations.rejected_records import RejectedRecord


class CourseRunList(ChangeList):
    """The list, each row with the status and the pin of its course."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        _add_status_and_pin(self.result_list)
        self.is_capped = isinstance(self.paginator.count, AtLeast)


def _add_status_and_pin(rows: Iterable[Any]) -> None:
    """Set ``course_status`` and ``pinned`` (None: no pin) of each row; three queries."""
    keys = {row.course_key for row in rows}
    statuses = course_status.course_statuses(keys)
    pins = PinnedMarketingUrl.objects.in_bulk(keys, field_name="course_key")
    for row in rows:
        row.course_status, row.pinned = statuses[row.course_key], pins.get(row.course_key)


@admin.register(CatalogCourseRun)
class CatalogCourseRunAdmin(ReadOnlyList):
    """The stored course runs, read-only. The page of a course run has forms to pin and unpin its marketing URL."""

    list_display = ("course_key", "status", "is_in_lms", "is_up_to_date", "url")
    list_filter = (CatalogFilter, *FILTERS)
    search_fields = ("course_key", "marketing_url")
    search_help_text = _(
        "Search by course key, its beginning, or its organization; if nothing matches, by any part of a key or URL."
    )
    ordering = ("course_key",)
    # The other columns have no index: to sort by one, the database would sort the whole table.
    sortable_by = ("course_key",)
    list_select_related = False
    list_per_page = 50
    list_max_show_all = 0

    first_seen = column("created", _("first seen"), local_time)
    last_changed = column("modified", _("last changed"), local_time)
    pin = column("pinned", _("pinned URL"), lambda pin: linked(pin and pin.url))
    pin_reason = column("pinned", _("reason"), lambda pin: (pin and pin.reason) or "-")
    pinned_by = column("pinned", _("pinned by"), lambda pin: (pin and pin.pinned_by) or "-")
    pinned_at = column("pinned", _("pinned at"), lambda pin: local_time(pin and pin.pinned_at))
    shown_url = column("course_status", _("marketing URL"), lambda status: linked(status.marketing_url))
    link = column("explained", _("link"), lambda explained: linked(explained.link))
    why = column("explained", _("why"), linked_reason)

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return with_catalog(self.list_display)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        rejected = ("rejected_value",) if obj and _rejected(obj) else ()
        data = (
            "course_key",
            "status",
            "catalog_url",
            *rejected,
            "other_values",
            "first_seen",
            "last_changed",
        )
        return (
            (_("Catalog data"), {"fields": with_catalog(data)}),
            (_("Pin"), {"fields": ("pin", "pin_reason", "pinned_by", "pinned_at")}),
            (_("LMS data"), {"fields": ("is_in_lms", "shown_url", "is_up_to_date")}),
            (_("Link that learners get"), {"fields": ("link", "why")}),
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row: Any = super().get_object(request, object_id, from_field)
        if row:
            _add_status_and_pin([row])
            row.explained = course_link.explain(row.course_key)
        return row

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CourseRunList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find the key, else keys that begin with the term, else keys and URLs that contain it.

        The kind of key at the beginning, such as "course-v1:", may be left out: so the name of an organization finds
        all its courses. The first two searches use the index.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        beginning = Q()
        for prefix in ("", COURSE_PREFIX, CCX_PREFIX):
            beginning |= Q(course_key__startswith=prefix + term)
        # If the index finds rows, but a filter excludes them all, the result is empty.
        everything = CatalogCourseRun.objects.all()
        for found in (Q(course_key=term), beginning):
            if everything.filter(found).exists():
                return queryset.filter(found), False
        pins = PinnedMarketingUrl.objects.filter(url__icontains=term).values("course_key")
        urls = Q(marketing_url__icontains=term) | Q(course_key__in=pins)
        # The collation of the keys in MySQL makes icontains case-sensitive.
        in_lower_case = queryset.alias(key_in_lower_case=Lower("course_key"))
        return in_lower_case.filter(Q(key_in_lower_case__contains=term.lower()) | urls), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        query = request.GET.get("q", "").strip()
        context = {"may_pin": may_pin(request), "link_page": address_of(query) if query else ""}
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        buttons = {
            "may_pin": may_pin(request),
            "may_sync": request.user.has_perm(RUN_PERMISSION),
            "pin_form": PinForm(auto_id="pin_%s"),
            **course_context(request),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **buttons})

    @admin.display(description=_("marketing URL"))
    def url(self, row: Any) -> str:
        if row.pinned:
            return format_html("<strong>{}</strong> {}", _("Pinned:"), _one_line(row.pinned.url))
        return _one_line(row.marketing_url or "-")

    @admin.display(description=_("in the LMS"), boolean=True)
    def is_in_lms(self, row: Any) -> bool:
        return bool(row.course_status.is_in_lms)

    @admin.display(description=_("LMS up to date"), boolean=True)
    def is_up_to_date(self, row: Any) -> Any:
        return row.course_status.is_up_to_date

    @admin.display(description=_("marketing URL"))
    def catalog_url(self, row: Any) -> str:
        url = linked(row.marketing_url)
        if not (row.marketing_url and _rejected(row)):
            return url
        return format_html("{} ({})", url, _("last accepted value"))

    @admin.display(description=_("rejected value"))
    def rejected_value(self, row: Any) -> str:
        rejected = _rejected(row)
        if rejected is None:
            return "-"
        run = reverse("admin:catalog_sync_syncrun_change", args=[rejected.run_id])
        text = _("sync run %(id)s") % {"id": rejected.run_id}
        return format_html('{} ({}, <a href="{}">{}</a>)', rejected.value or "-", rejected.reason, run, text)

    @admin.display(description=_("other values"))
    def other_values(self, row: Any) -> str:
        values = {_("financial aid"): row.eligible_for_financial_aid, _("language"): row.content_language}
        return ", ".join(f"{name}: {value}" for name, value in values.items() if value is not None) or "-"


def _one_line(url: str) -> str:
    # All URLs begin alike, so the style sheet cuts off the beginning: the text has its own direction.
    return format_html(
        '<span class="catalog-sync-url catalog-sync-end" title="{0}"><bdi dir="ltr">{0}</bdi></span>', url
    )


def _rejected(row: Any) -> RejectedRecord | None:
    rejected: RejectedRecord | None = row.explained.rejected.get(row.catalog)
    return rejected
