"""The pages of the sync runs: list, charts, details, and the buttons that start and cancel a sync."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.admin.base import CatalogFilter, ReadOnlyAdmin, chosen_catalog, with_catalog
from catalog_sync.admin.charts import charts
from catalog_sync.admin.run_control import RunControl
from catalog_sync.models import SyncRun

MESSAGE_LENGTH = 100


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """The sync runs, newest first, below the charts of the latest."""

    list_display = (
        "id",
        "state",
        "what_went_wrong",
        "started",
        "duration",
        "kind",
        "retrieved",
        "updated",
        "removed",
        "failures",
        "page_size",
        "concurrency",
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
                    "dry_run",
                    "message",
                    "started",
                    "finished",
                    "duration",
                    "holder",
                    "heartbeat",
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
        urls: list[URLPattern] = self.control.urls() + super().get_urls()
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
            "title": _("Sync runs"),
            "charts": charts(catalog),
            "charted_catalog": catalog if conf.has_several_catalogs() else "",
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

    @admin.display(description=_("status"), ordering="status")
    def state(self, run: SyncRun) -> SafeString:
        label: Any = run.get_status_display()
        if run.cancel_requested and run.lease:
            label = _("canceling")
        elif run.cancel_requested and run.status == SyncRun.Status.FAILED:
            label = _("canceled")
        return format_html('<span class="catalog-sync-status {}">{}</span>', run.status, label)

    @admin.display(description=_("duration"), ordering="duration_seconds")
    def duration(self, run: SyncRun) -> str:
        return f"{run.duration_seconds:,.1f} s" if run.finished else "-"

    @admin.display(description=_("kind"), ordering="scope")
    def kind(self, run: SyncRun) -> str:
        words = {
            SyncRun.Scope.ALL: _("full"),
            SyncRun.Scope.CHANGED: _("changed"),
            SyncRun.Scope.COURSE_KEYS: _("single"),
        }
        return f"{words[SyncRun.Scope(run.scope)]}{', ' + _('dry') if run.dry_run else ''}"

    @admin.display(description=_("retrieved"), ordering="course_runs_retrieved")
    def retrieved(self, run: SyncRun) -> int:
        return run.course_runs_retrieved

    @admin.display(description=_("what went wrong"), ordering="message")
    def what_went_wrong(self, run: SyncRun) -> str:
        return Truncator(run.message).chars(MESSAGE_LENGTH)

    @admin.display(description=_("not in the LMS"))
    def without_course_overview(self, run: SyncRun) -> int:
        return run.not_in_lms

    @admin.display(description=_("not in the Catalog"))
    def without_course_run(self, run: SyncRun) -> int:
        return run.not_in_catalog

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
