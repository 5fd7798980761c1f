"""Course runs in Django admin: the Catalog's data, the LMS's, the link that learners get, and pins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog_sync import api
from catalog_sync.admin.base import (
    RUN_PERMISSION,
    CatalogFilter,
    ReadOnlyAdmin,
    linked,
    starts_sync,
    with_catalog,
)
from catalog_sync.admin.course_link import address_of, linked_reason
from catalog_sync.admin.course_run_filters import FILTERS
from catalog_sync.admin.paginator import AtLeast
from catalog_sync.admin.pin_form import PinForm
from catalog_sync.admin.pins import may_pin
from catalog_sync.admin.run_control import HANDED_OVER, RunControl
from catalog_sync.admin.times import local_time
from catalog_sync.course_keys import CCX_PREFIX
from catalog_sync.exceptions import SyncNotStarted
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.operations import course_link, course_status
from catalog_sync.operations.rejected_records import RejectedRecord


class CourseRunList(ChangeList):
    """The list, each row with the status of its course."""

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page, and the status and the pins of its courses with three queries."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        keys = {row.course_key for row in rows}
        statuses = course_status.course_statuses(keys)
        pins = PinnedMarketingUrl.objects.in_bulk(keys, field_name="course_key")
        for row in rows:
            row.course_status, row.pin_or_none = statuses[row.course_key], pins.get(row.course_key)
        self.result_list: Any = rows
        self.is_capped = isinstance(self.paginator.count, AtLeast)


@admin.register(CatalogCourseRun)
class CatalogCourseRunAdmin(ReadOnlyAdmin):
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
    fieldsets = (
        (
            _("Catalog data"),
            {"fields": ("course_key", "status", "catalog_url", "other_values", "first_seen", "last_changed")},
        ),
        (_("Pin"), {"fields": ("pin", "pin_reason", "pinned_by", "pinned_at")}),
        (_("LMS data"), {"fields": ("is_in_lms", "shown_url", "is_up_to_date")}),
        (_("Link that learners get"), {"fields": ("link", "why")}),
    )

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return with_catalog(self.list_display)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        (title, of_catalog), *rest = self.fieldsets
        fields = of_catalog["fields"]
        if obj and _rejected(obj):
            fields = (*fields[:3], "rejected_value", *fields[3:])
        return ((title, {"fields": with_catalog(fields)}), *rest)

    def get_urls(self) -> list[URLPattern]:
        name = "catalog_sync_catalogcourserun_{}"
        return [
            path(
                "<int:pk>/sync/",
                starts_sync(self.admin_site, require_POST(self.sync_view)),
                name=name.format("sync"),
            ),
            *super().get_urls(),
        ]

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
        for prefix in ("", "course-v1:", CCX_PREFIX):
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
            **RunControl(self).course_context(request),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **buttons})

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["pin"] = _pin(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def sync_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start a sync of this course in a Celery worker. This process sends no request to the Catalog."""
        if not (request.user.has_perm(RUN_PERMISSION) and self.has_view_permission(request)):
            raise PermissionDenied
        row = get_object_or_404(CatalogCourseRun, pk=pk)
        try:
            api.start_sync(course_keys=[row.course_key], user_id=request.user.pk)
        except SyncNotStarted as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            self.message_user(request, HANDED_OVER, messages.SUCCESS)
        return redirect(reverse("admin:catalog_sync_catalogcourserun_change", args=[row.pk]))

    @admin.display(description=_("marketing URL"))
    def url(self, row: CatalogCourseRun) -> str:
        if pin := _pin(row):
            return format_html("<strong>{}</strong> {}", _("Pinned:"), _one_line(pin.url))
        return _one_line(row.marketing_url or "-")

    @admin.display(description=_("first seen"))
    def first_seen(self, row: CatalogCourseRun) -> str:
        return local_time(row.created)

    @admin.display(description=_("last changed"))
    def last_changed(self, row: CatalogCourseRun) -> str:
        return local_time(row.modified)

    @admin.display(description=_("in the LMS"), boolean=True)
    def is_in_lms(self, row: CatalogCourseRun) -> bool:
        return _course_status(row).is_in_lms

    @admin.display(description=_("LMS up to date"), boolean=True)
    def is_up_to_date(self, row: CatalogCourseRun) -> bool | None:
        return _course_status(row).is_up_to_date

    @admin.display(description=_("marketing URL"))
    def catalog_url(self, row: CatalogCourseRun) -> str:
        url = linked(row.marketing_url)
        if not (row.marketing_url and _rejected(row)):
            return url
        return format_html("{} ({})", url, _("last accepted value"))

    @admin.display(description=_("rejected value"))
    def rejected_value(self, row: CatalogCourseRun) -> str:
        rejected = _rejected(row)
        if rejected is None:
            return "-"
        run = reverse("admin:catalog_sync_syncrun_change", args=[rejected.run_id])
        text = _("sync run %(id)s") % {"id": rejected.run_id}
        return format_html('{} ({}, <a href="{}">{}</a>)', rejected.value or "-", rejected.reason, run, text)

    @admin.display(description=_("other values"))
    def other_values(self, row: CatalogCourseRun) -> str:
        values = {_("financial aid"): row.eligible_for_financial_aid, _("language"): row.content_language}
        return ", ".join(f"{name}: {value}" for name, value in values.items() if value is not None) or "-"

    @admin.display(description=_("pinned URL"))
    def pin(self, row: CatalogCourseRun) -> str:
        pin = _pin(row)
        return linked(pin.url if pin else None)

    @admin.display(description=_("reason"))
    def pin_reason(self, row: CatalogCourseRun) -> str:
        pin = _pin(row)
        return (pin and pin.reason) or "-"

    @admin.display(description=_("pinned by"))
    def pinned_by(self, row: CatalogCourseRun) -> str:
        pin = _pin(row)
        return str((pin and pin.pinned_by) or "-")

    @admin.display(description=_("pinned at"))
    def pinned_at(self, row: CatalogCourseRun) -> str:
        pin = _pin(row)
        return local_time(pin.pinned_at if pin else None)

    @admin.display(description=_("marketing URL"))
    def shown_url(self, row: CatalogCourseRun) -> str:
        return linked(_course_status(row).marketing_url)

    @admin.display(description=_("link"))
    def link(self, row: CatalogCourseRun) -> str:
        return linked(_explained(row).link)

    @admin.display(description=_("why"))
    def why(self, row: CatalogCourseRun) -> str:
        return linked_reason(_explained(row))


def _one_line(url: str) -> str:
    # All URLs begin alike, so the style sheet cuts off the beginning: the text has its own direction.
    return format_html(
        '<span class="catalog-sync-url catalog-sync-end" title="{0}"><bdi dir="ltr">{0}</bdi></span>', url
    )


def _pin(row: Any) -> PinnedMarketingUrl | None:
    if "pin_or_none" not in row.__dict__:
        row.pin_or_none = PinnedMarketingUrl.objects.filter(course_key=row.course_key).first()
    found: PinnedMarketingUrl | None = row.pin_or_none
    return found


def _course_status(row: Any) -> course_status.CourseStatus:
    if "course_status" not in row.__dict__:
        row.course_status = course_status.course_statuses([row.course_key])[row.course_key]
    found: course_status.CourseStatus = row.course_status
    return found


def _explained(row: Any) -> course_link.CourseLink:
    if "explained" not in row.__dict__:
        row.explained = course_link.explain(row.course_key)
    found: course_link.CourseLink = row.explained
    return found


def _rejected(row: CatalogCourseRun) -> RejectedRecord | None:
    return _explained(row).rejected.get(row.catalog)
