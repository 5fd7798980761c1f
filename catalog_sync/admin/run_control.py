"""The buttons that start and cancel a sync, and the progress of the running one."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog_sync import api
from catalog_sync.admin.base import RUN_PERMISSION, VIEW_RUNS_PERMISSION, ReadOnlyAdmin, start_sync
from catalog_sync.admin.run_summary import is_dead
from catalog_sync.models import SyncRequest, SyncRun
from catalog_sync.operations import jobs

CHANGELIST = "admin:catalog_sync_syncrun_changelist"
# The session key of a requested sync, until it runs. If it is skipped, it stays for at most QUEUED_SECONDS.
QUEUED = "catalog_sync_queued"
QUEUED_SECONDS = 120


class RunControl(ReadOnlyAdmin):
    """The views that start, cancel and watch a sync."""

    def get_urls(self) -> list[URLPattern]:
        may_run = (RUN_PERMISSION, VIEW_RUNS_PERMISSION)
        urls: list[URLPattern] = [
            self.own_url("start/", self.start_view, *may_run, posted=True),
            self.own_url("<int:run_id>/cancel/", self.cancel_view, *may_run, posted=True),
            self.own_url("requests/<int:request_id>/dismiss/", self.dismiss_view, *may_run, posted=True),
            self.own_url("progress/", self.progress_view, VIEW_RUNS_PERMISSION),
            *super().get_urls(),
        ]
        return urls

    def start_view(self, request: HttpRequest) -> HttpResponse:
        dry_run = "dry_run" in request.POST
        newest = SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first()
        text = (
            _("A dry run was handed to a Celery worker.")
            if dry_run
            else _("A sync was handed to a Celery worker.")
        )
        if start_sync(request, text, dry_run=dry_run):
            mine = SyncRequest.objects.filter(requested_by=request.user.pk).order_by("-pk")
            # None: a worker has started it already.
            request_id = mine.values_list("pk", flat=True).first()
            request.session[QUEUED] = [newest or 0, request_id, time.time()]
        return redirect(CHANGELIST)

    def cancel_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        run = get_object_or_404(SyncRun, pk=run_id)
        if api.cancel_sync(run_id, user_id=request.user.pk):
            self.log_change(request, run, _("Canceled."))
            text = _("Sync run %(id)s will end after its current page.") % {"id": run_id}
            messages.success(request, text)
        else:
            messages.warning(request, _("Sync run %(id)s has already ended.") % {"id": run_id})
        return redirect(CHANGELIST)

    def dismiss_view(self, request: HttpRequest, request_id: int) -> HttpResponse:
        jobs.dismiss_request(request_id, user_id=request.user.pk)
        request.session.pop(QUEUED, None)
        return redirect(CHANGELIST)

    def progress_view(self, request: HttpRequest) -> HttpResponse:
        """Return the progress for the page's script; on the page of a sync run, only its own."""
        only = request.GET.get("run")
        queued = None if only else _queued(request)
        return JsonResponse(_progress_of(_running(only)) or queued or {"key": ""})


def sync_context(request: HttpRequest) -> dict[str, Any]:
    """Return the running or requested sync for a template, and whether the user may start another."""
    run, queued = api.running_sync(), _queued(request)
    may_run = request.user.has_perm(RUN_PERMISSION)
    return {
        "may_run": may_run,
        "progress": _progress_of(run) or queued,
        "running": run,
        "overdue": jobs.overdue_requests(),
        "may_start": may_run and not (queued or (run and jobs.blocking_sync_run())),
    }


def run_context(request: HttpRequest, run_id: str) -> dict[str, Any]:
    """Return the progress of one sync run for its own page, which shows no other."""
    run = _running(run_id)
    may_run = request.user.has_perm(RUN_PERMISSION)
    return {"may_run": may_run, "progress": _progress_of(run), "running": run}


def course_context(request: HttpRequest) -> dict[str, Any]:
    """Return the running or requested sync for the page of a course, as far as the user may view it."""
    may_run = request.user.has_perm(RUN_PERMISSION)
    if not request.user.has_perm(VIEW_RUNS_PERMISSION):
        return {"overdue": jobs.overdue_requests() if may_run else []}
    return sync_context(request)


def _queued(request: HttpRequest) -> dict[str, Any] | None:
    """Return what to show while a requested sync waits for a worker, or has not begun; otherwise None."""
    queued = {"done": None, "total": 0}
    if jobs.is_waiting():
        return queued | {"key": "queued", "text": _("Waiting for a Celery worker.")}
    if _is_beginning(request):
        return queued | {"key": "beginning", "text": _("A Celery worker has taken the sync.")}
    return None


def _is_beginning(request: HttpRequest) -> bool:
    """Return whether a worker has taken the sync that this session requested, and it does not run yet."""
    if QUEUED not in request.session:
        return False
    newest, request_id, since = request.session[QUEUED]
    # Incremental syncs may start every minute, and the requested sync waits for them.
    began = SyncRun.objects.filter(pk__gt=newest).exclude(scope=SyncRun.Scope.CHANGED)
    is_overdue = SyncRequest.objects.filter(pk=request_id).exists()
    if time.time() - since > QUEUED_SECONDS or is_overdue or began.exists():
        del request.session[QUEUED]
        return False
    return True


def _running(only: str | None) -> SyncRun | None:
    """Return the running sync; if an id is given, only that one. The id may be any text."""
    if not only:
        return api.running_sync()
    # Longer numbers are out of range for the database.
    return api.running_sync(int(only)) if only.isdecimal() and len(only) < 19 else None


def _progress_of(run: SyncRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    done, total = run.course_runs_retrieved, run.catalog_count
    text = ngettext(
        "%(done)s of %(total)s course run, %(seconds)s s. Updated course overviews: %(updated)s.",
        "%(done)s of %(total)s course runs, %(seconds)s s. Updated course overviews: %(updated)s.",
        total or 0,
    ) % {
        "done": f"{done:,}",
        "total": f"{total:,}" if total else "?",
        "updated": f"{run.updated:,}",
        "seconds": f"{(timezone.now() - run.started).total_seconds():,.0f}",
    }
    if is_dead(run):
        since_heartbeat = (timezone.now() - run.heartbeat).total_seconds()
        text = _(
            "No heartbeat for %(seconds)s s. The process has probably died. Its changes are kept. Start a sync, or "
            "wait for the next one: it closes this sync run and applies the rest."
        ) % {"seconds": f"{since_heartbeat:,.0f}"}
    elif run.cancel_requested:
        text = _("Canceling. The sync run ends after its current page.")
    # The list can grow while it is read.
    bar = {"done": min(done, total), "total": total} if total else {"done": None, "total": 0}
    return {
        # The script reloads the page when the key changes: it shows a dead sync run differently.
        "key": f"run-{run.pk}{'-dead' * is_dead(run)}",
        "run_id": run.pk,
        "canceling": run.cancel_requested,
        "is_dead": is_dead(run),
        "text": text,
        **bar,
    }
