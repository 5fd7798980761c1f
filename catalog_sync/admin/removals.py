"""The button that allows the removals that a sync run refused."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.admin.base import VIEW_RUNS_PERMISSION, ReadOnlyAdmin, local_time, start_sync
from catalog_sync.admin.run_changes import visible
from catalog_sync.models import SyncRun, SyncRunChange
from catalog_sync.store import course_runs
from catalog_sync.store.sync_runs import full_syncs

PERMISSION = "catalog_sync.allow_removals"
# Not translated, because pages look for it.
ALLOWED = "Allowed the removals."
SHOWN_COURSES = 10


def may_allow(request: HttpRequest, run: SyncRun) -> bool:
    """Return whether the page of a sync run has the button."""
    return request.user.has_perm(PERMISSION) and not obstacle(run)


def obstacle(run: SyncRun) -> str:
    """Return why the removals of a sync run cannot be allowed; empty if they can."""
    if run.status != SyncRun.Status.REFUSED:
        return _("This sync run refused no removals.")
    if run.dry_run:
        return _("This was a dry run. Start a sync, and see whether it is refused.")
    if run.pk != full_syncs(run.catalog).values_list("pk", flat=True).first():
        return _("This is not the latest full sync run of its Catalog. Open the latest one.")
    if run.catalog not in conf.catalog_names():
        return _("The Catalog of this sync run is not in the settings any more.")
    if course_runs.unknown_statuses(run.catalog):
        return _("CATALOG_SYNC_RUN_STATUSES names a status that the Catalog does not have. Correct it first.")
    return ""


def allowance(run: SyncRun) -> dict[str, Any]:
    """Return who allowed the removals that this sync run, or the full sync before it, refused; for the template."""
    runs = full_syncs(run.catalog)
    if run.status == SyncRun.Status.REFUSED and (entry := _entry(run)):
        return {
            "allowed": entry,
            "allowed_at": local_time(entry.action_time),
            "next_run": runs.filter(pk__gt=run.pk).last(),
        }
    if run.dry_run or run.scope != SyncRun.Scope.ALL:
        return {}
    previous = runs.filter(pk__lt=run.pk).first()
    if previous is None or previous.status != SyncRun.Status.REFUSED or not (entry := _entry(previous)):
        return {}
    return {"allowed": entry, "allowed_at": local_time(entry.action_time), "refused_run": previous}


def _entry(run: SyncRun) -> LogEntry | None:
    entries = LogEntry.objects.filter(
        object_id=str(run.pk), content_type=ContentType.objects.get_for_model(SyncRun)
    )
    return entries.filter(action_flag=CHANGE, change_message=ALLOWED).select_related("user").first()


class AllowRemovals(ReadOnlyAdmin):
    """The page that allows the removals that a sync run refused."""

    def get_urls(self) -> list[URLPattern]:
        page = self.own_url(
            "<int:run_id>/allow-removals/", self.allow_removals_view, PERMISSION, VIEW_RUNS_PERMISSION
        )
        return [page, *super().get_urls()]

    def allow_removals_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Show the numbers for confirmation, then start a full sync that may remove any number of URLs."""
        run = get_object_or_404(SyncRun, pk=run_id)
        page_of_run = redirect("admin:catalog_sync_syncrun_change", run.pk)
        if reason := obstacle(run):
            messages.error(request, reason)
            return page_of_run
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "opts": self.opts, **_confirmation(run)}
            return TemplateResponse(request, "admin/catalog_sync/syncrun/allow_removals.html", context)
        text = _("A sync that may remove these marketing URLs was handed to a Celery worker.")
        catalog = run.catalog if conf.has_several_catalogs() else None
        if not start_sync(request, text, allow_removals=True, catalog=catalog):
            return page_of_run
        self.log_change(request, run, ALLOWED)
        return redirect("admin:catalog_sync_syncrun_changelist")


def _confirmation(run: SyncRun) -> dict[str, Any]:
    refused = run.changes.filter(kind=SyncRunChange.Kind.REMOVED).order_by("course_key")
    stored = refused.count()
    return {
        "title": _("Allow these removals?"),
        "run": run,
        "catalog": run.catalog if conf.has_several_catalogs() else "",
        "first": [(visible(change.course_key), visible(change.old)) for change in refused[:SHOWN_COURSES]],
        "has_more": run.removals_refused > SHOWN_COURSES,
        # Empty if all are stored.
        "stored": stored if stored < run.removals_refused else "",
    }
