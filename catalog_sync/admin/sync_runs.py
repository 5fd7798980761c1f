"""The pages of the sync runs: list, charts, details, changes, and the buttons that start and cancel a sync."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.admin import run_control, run_summary
from catalog_sync.admin.base import (
    VIEW_COURSES_PERMISSION,
    VIEW_RUNS_PERMISSION,
    CatalogFilter,
    ReadOnlyList,
    chosen_catalog,
    column,
    local_time,
    with_catalog,
)
from catalog_sync.admin.charts import charts
from catalog_sync.admin.removals import AllowRemovals, allowance, may_allow
from catalog_sync.admin.run_changes import csv_of, shown_changes
from catalog_sync.models import SyncRun
from catalog_sync.operations import jobs
from catalog_sync.store.sync_runs import ended_full_syncs

MESSAGE_LENGTH = 100
LOG_SEARCH = "<code>event=catalog_sync.* run_id={}</code>"
GENERAL = "state scope is_dry_run start end duration holder last_heartbeat".split()
REQUESTS = (
    "page_size seconds_per_page concurrency has_bypassed_cache pages requests retries catalog_count "
    "course_runs_retrieved course_runs_rejected"
).split()
CHANGES = (
    "course_overviews matched updated unchanged removed removals_refused without_course_overview "
    "without_course_run failures"
).split()


def _yes_or_no(value: bool) -> Any:
    # Django shows a red cross for False, as if it were a fault.
    return _("yes") if value else _("no")


def _log(lines: str) -> Any:
    return format_html('<pre class="catalog-sync-log">{}</pre>', lines) if lines else _("none")


@admin.register(SyncRun)
class SyncRunAdmin(run_control.RunControl, AllowRemovals, ReadOnlyList):
    """The sync runs, newest first, below the charts of the latest."""

    list_display: Any = "id state kind start duration updated removed rejected what_went_wrong".split()
    list_filter = (CatalogFilter, "status", "scope", "dry_run", "started")
    search_fields = ("message", "holder")
    ordering = ("-id",)

    is_dry_run = column("dry_run", _("dry run"), _yes_or_no)
    has_bypassed_cache = column("bypassed_cache", _("bypassed cache"), _yes_or_no)
    end = column("finished", _("finished"), local_time)
    last_heartbeat = column("heartbeat", _("heartbeat"), local_time)
    rejected = column("course_runs_rejected", _("rejected"))
    without_course_overview = column("not_in_lms", _("not in the LMS"))
    warnings = column("log_lines", _("warnings and errors"), _log)
    log_search = column("pk", _("all log lines"), partial(format_html, LOG_SEARCH))

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return with_catalog(self.list_display)

    def get_fieldsets(self, request: HttpRequest, obj: SyncRun | None = None) -> Any:
        of_several = ["in_other_catalogs", "of_other_orgs"] if conf.has_several_catalogs() else []
        return (
            (None, {"fields": with_catalog(GENERAL)}),
            (_("Requests to the Catalog"), {"fields": REQUESTS + of_several}),
            (_("Changes in the LMS"), {"fields": CHANGES}),
            (_("Log"), {"fields": ("warnings", "log_search")}),
        )

    def get_urls(self) -> list[URLPattern]:
        csv = self.own_url("<int:run_id>/changes.csv", self.csv_view, VIEW_RUNS_PERMISSION)
        return [csv, *super().get_urls()]

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
            **run_control.sync_context(request),
            "is_enabled": jobs.is_enabled(),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = run_control.run_context(request, object_id)
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
        return csv_of(get_object_or_404(SyncRun, pk=run_id))

    @admin.display(description=_("status"), ordering="status")
    def state(self, run: SyncRun) -> SafeString:
        return format_html('<span class="catalog-sync-status {}">{}</span>', *run_summary.state(run))

    @admin.display(description=_("started"), ordering="started")
    def start(self, run: SyncRun) -> SafeString:
        # In the list, the date and the time are on two lines.
        date, time = local_time(run.started).split(" ", 1)
        return format_html('{} <span class="catalog-sync-nowrap">{}</span>', date, time)

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

    @admin.display(description=_("what went wrong"), ordering="message")
    def what_went_wrong(self, run: SyncRun) -> str:
        text = run_summary.summary(run) if run_summary.is_dead(run) else run.message
        if not text:
            return "-"
        return format_html('<span title="{}">{}</span>', text, Truncator(text).chars(MESSAGE_LENGTH))

    @admin.display(description=_("not in the Catalog"))
    def without_course_run(self, run: SyncRun) -> int | str:
        status, scope = SyncRun.Status, SyncRun.Scope
        determines = {scope.ALL: (status.SUCCEEDED, status.REFUSED), scope.COURSE_KEYS: (status.SUCCEEDED,)}
        # Others store 0.
        is_known = run.status in determines.get(scope(run.scope), ())
        return run.not_in_catalog if run.not_in_catalog or is_known else "-"


def _last_full_sync(catalog: str) -> dict[str, Any]:
    run = ended_full_syncs(catalog).first()
    if run is None:
        return {}
    return {
        "last_full_sync": run,
        "last_start": local_time(run.started),
        "last_summary": run_summary.summary(run),
    }
