"""The pages of the sync runs: list, charts, details, changes, and the buttons that start and cancel a sync."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.admin import run_summary
from catalog_sync.admin.base import (
    VIEW_COURSES_PERMISSION,
    CatalogFilter,
    ReadOnlyAdmin,
    chosen_catalog,
    starts_sync,
    with_catalog,
)
from catalog_sync.admin.charts import charts
from catalog_sync.admin.removals import allow_removals, allowance, may_allow
from catalog_sync.admin.run_changes import csv_of, shown_changes
from catalog_sync.admin.run_control import RunControl
from catalog_sync.admin.times import local_time
from catalog_sync.models import SyncRun

MESSAGE_LENGTH = 100


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """The sync runs, newest first, below the charts of the latest."""

    list_display = (
        "id",
        "state",
        "kind",
        "start",
        "duration",
        "updated",
        "removed",
        "rejected",
        "what_went_wrong",
    )
    list_filter = (CatalogFilter, "status", "scope", "dry_run", "started")
    search_fields = ("message", "holder")
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "state",
                    "scope",
                    "is_dry_run",
                    "start",
                    "end",
                    "duration",
                    "holder",
                    "last_heartbeat",
                )
            },
        ),
        (
            _("Requests to the Catalog"),
            {
                "fields": (
                    "page_size",
                    "seconds_per_page",
                    "concurrency",
                    "has_bypassed_cache",
                    "pages",
                    "requests",
                    "retries",
                    "catalog_count",
                    "course_runs_retrieved",
                    "course_runs_rejected",
                )
            },
        ),
        (
            _("Changes in the LMS"),
            {
                "fields": (
                    "course_overviews",
                    "matched",
                    "updated",
                    "unchanged",
                    "removed",
                    "removals_refused",
                    "without_course_overview",
                    "without_course_run",
                    "failures",
                )
            },
        ),
        (_("Log"), {"fields": ("warnings", "log_search")}),
    )

    @property
    def control(self) -> RunControl:
        return RunControl(self)

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return with_catalog(self.list_display)

    def get_fieldsets(self, request: HttpRequest, obj: SyncRun | None = None) -> Any:
        if not conf.has_several_catalogs():
            return self.fieldsets
        (first, general), (second, requests), *others = self.fieldsets
        return (
            (first, {"fields": with_catalog(general["fields"])}),
            (second, {"fields": (*requests["fields"], "in_other_catalogs", "of_other_orgs")}),
            *others,
        )

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "catalog_sync_syncrun_{}"
        urls: list[URLPattern] = [
            *self.control.urls(),
            path("<int:run_id>/changes.csv", wrap(self.csv_view), name=name.format("csv")),
            path(
                "<int:run_id>/allow-removals/",
                starts_sync(self.admin_site, partial(allow_removals, self)),
                name=name.format("allow_removals"),
            ),
            *super().get_urls(),
        ]
        return urls

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncRun]:
        # Only the page of one sync run shows the log lines.
        rows: QuerySet[SyncRun] = super().get_queryset(request)
        return rows.defer("log_lines")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        catalog = chosen_catalog(request)
        context: dict[str, Any] = {
            "charts": charts(catalog),
            "charted_catalog": catalog if conf.has_several_catalogs() else "",
            **_last_full_sync(catalog),
            **self.control.context(request),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = self.control.context(request, only=object_id)
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        run: SyncRun = context["original"]
        context |= {
            "title": _("Sync run %(id)s: %(state)s") % {"id": run.pk, "state": run_summary.state(run)[1]},
            "subtitle": None,
            "summary": run_summary.summary(run),
            "is_dead": run_summary.is_dead(run),
            "may_allow": may_allow(request, run),
            **allowance(run),
            "changes": shown_changes(run, request),
            "may_view_courses": request.user.has_perm(VIEW_COURSES_PERMISSION),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def csv_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        """Return the changes of a sync run as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return csv_of(get_object_or_404(SyncRun, pk=run_id))

    @admin.display(description=_("status"), ordering="status")
    def state(self, run: SyncRun) -> SafeString:
        return format_html('<span class="catalog-sync-status {}">{}</span>', *run_summary.state(run))

    @admin.display(description=_("started"), ordering="started")
    def start(self, run: SyncRun) -> SafeString:
        # In the list, the date and the time are on two lines.
        date, time = local_time(run.started).split(" ", 1)
        return format_html('{} <span class="catalog-sync-nowrap">{}</span>', date, time)

    @admin.display(description=_("finished"))
    def end(self, run: SyncRun) -> str:
        return local_time(run.finished)

    @admin.display(description=_("heartbeat"))
    def last_heartbeat(self, run: SyncRun) -> str:
        return local_time(run.heartbeat)

    @admin.display(description=_("duration"), ordering="duration_seconds")
    def duration(self, run: SyncRun) -> str:
        return f"{run.duration_seconds:,.1f} s" if run.finished else "-"

    @admin.display(description=_("kind"), ordering="scope")
    def kind(self, run: SyncRun) -> str:
        words = {
            SyncRun.Scope.ALL: _("full"),
            SyncRun.Scope.CHANGED: _("incremental"),
            SyncRun.Scope.COURSE_KEYS: _("single courses"),
        }
        kind = str(words[SyncRun.Scope(run.scope)])
        return str(_("%(kind)s, dry run") % {"kind": kind}) if run.dry_run else kind

    # Django shows a red cross for False, as if it were a fault.
    @admin.display(description=_("dry run"))
    def is_dry_run(self, run: SyncRun) -> str:
        return str(_("yes") if run.dry_run else _("no"))

    @admin.display(description=_("bypassed cache"))
    def has_bypassed_cache(self, run: SyncRun) -> str:
        return str(_("yes") if run.bypassed_cache else _("no"))

    @admin.display(description=_("rejected"), ordering="course_runs_rejected")
    def rejected(self, run: SyncRun) -> int:
        return run.course_runs_rejected

    @admin.display(description=_("what went wrong"), ordering="message")
    def what_went_wrong(self, run: SyncRun) -> str:
        text = run_summary.summary(run) if run_summary.is_dead(run) else run.message
        if not text:
            return "-"
        return format_html('<span title="{}">{}</span>', text, Truncator(text).chars(MESSAGE_LENGTH))

    @admin.display(description=_("not in the LMS"))
    def without_course_overview(self, run: SyncRun) -> int:
        return run.not_in_lms

    @admin.display(description=_("not in the Catalog"))
    def without_course_run(self, run: SyncRun) -> int | str:
        status, scope = SyncRun.Status, SyncRun.Scope
        determines = {scope.ALL: (status.SUCCEEDED, status.REFUSED), scope.COURSE_KEYS: (status.SUCCEEDED,)}
        # Others store 0.
        is_known = run.status in determines.get(scope(run.scope), ())
        return run.not_in_catalog if run.not_in_catalog or is_known else "-"

    @admin.display(description=_("warnings and errors"))
    def warnings(self, run: SyncRun) -> Any:
        return (
            format_html('<pre class="catalog-sync-log">{}</pre>', run.log_lines)
            if run.log_lines
            else _("none")
        )

    @admin.display(description=_("all log lines"))
    def log_search(self, run: SyncRun) -> SafeString:
        return format_html("<code>event=catalog_sync.* run_id={}</code>", run.pk)


def _last_full_sync(catalog: str) -> dict[str, Any]:
    full = SyncRun.objects.filter(
        catalog=catalog, scope=SyncRun.Scope.ALL, dry_run=False, finished__isnull=False
    )
    run = full.order_by("-pk").defer("log_lines").first()
    if run is None:
        return {}
    return {
        "last_full_sync": run,
        "last_start": local_time(run.started),
        "last_summary": run_summary.summary(run),
    }
