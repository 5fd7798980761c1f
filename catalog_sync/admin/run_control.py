"""The buttons that start and cancel a sync, and the progress of the running one."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from catalog_sync import api
from catalog_sync.admin.base import RUN_PERMISSION, VIEW_RUNS_PERMISSION, starts_sync
from catalog_sync.exceptions import SyncNotStarted
from catalog_sync.models import SyncRequest, SyncRun
from catalog_sync.operations import jobs
from catalog_sync.store import lease

CHANGELIST = "admin:catalog_sync_syncrun_changelist"
# The session key of a requested sync, until it runs. If it is skipped, it stays for at most QUEUED_SECONDS.
QUEUED = "catalog_sync_queued"
QUEUED_SECONDS = 120
# The message after *Sync this course now*.
HANDED_OVER = gettext_lazy(
    "The sync was handed to Celery. If no worker takes it within a minute, this page shows what to check."
)


class RunControl:
    """The views for starting, canceling and watching a sync, and their part of the template context."""

    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        self._admin = model_admin

    def urls(self) -> list[URLPattern]:
        wrap = self._admin.admin_site.admin_view
        return [
            path(
                "start/",
                starts_sync(self._admin.admin_site, require_POST(self.start)),
                name="catalog_sync_syncrun_start",
            ),
            path("<int:run_id>/cancel/", wrap(require_POST(self.cancel)), name="catalog_sync_syncrun_cancel"),
            path(
                "requests/<int:request_id>/dismiss/",
                wrap(require_POST(self.dismiss)),
                name="catalog_sync_syncrun_dismiss",
            ),
            path("progress/", wrap(self.progress), name="catalog_sync_syncrun_progress"),
        ]

    def context(self, request: HttpRequest, only: str | None = None) -> dict[str, Any]:
        """Return the buttons that the user may press, and the running sync.

        Args:
            request: the request for the page.
            only: the id of a sync run on its own page: the page shows no other progress and no start buttons.
        """
        may_run = request.user.has_perm(RUN_PERMISSION)
        run = _running(only)
        queued = None if only else self._queued(request)
        context: dict[str, Any] = {
            "may_run": may_run,
            "progress": _progress_of(run) or queued,
            "running": run,
            "overdue": [] if only else jobs.overdue_requests(),
        }
        if may_run and not (only or queued or (run and jobs.blocking_sync_run())):
            context |= {"may_start": True, "is_enabled": jobs.is_enabled()}
        return context

    def course_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the running or requested sync for the page of a course, as far as the user may view it."""
        may_run = request.user.has_perm(RUN_PERMISSION)
        if not request.user.has_perm(VIEW_RUNS_PERMISSION):
            return {"overdue": jobs.overdue_requests() if may_run else []}
        run = api.running_sync()
        return {
            "may_run": may_run,
            "progress": _progress_of(run) or self._queued(request),
            "running": run,
            "overdue": jobs.overdue_requests(),
        }

    def start(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        dry_run = "dry_run" in request.POST
        newest = SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first()
        try:
            api.start_sync(dry_run=dry_run, user_id=request.user.pk)
        except SyncNotStarted as error:
            self._warn(request, str(error))
            return redirect(CHANGELIST)
        mine = SyncRequest.objects.filter(requested_by=request.user.pk).order_by("-pk")
        # None: a worker has started it already.
        request_id = mine.values_list("pk", flat=True).first()
        request.session[QUEUED] = [newest or 0, request_id, time.time()]
        text = (
            _("A dry run was handed to a Celery worker.")
            if dry_run
            else _("A sync was handed to a Celery worker.")
        )
        self._admin.message_user(request, text, messages.SUCCESS)
        return redirect(CHANGELIST)

    def cancel(self, request: HttpRequest, run_id: int) -> HttpResponse:
        self._check(request)
        run = SyncRun.objects.filter(pk=run_id).first()
        if run is None:
            raise Http404
        if api.cancel_sync(run_id, user_id=request.user.pk):
            self._admin.log_change(request, run, _("Canceled."))
            text = _("Sync run %(id)s will end after its current page.") % {"id": run_id}
            self._admin.message_user(request, text, messages.SUCCESS)
        else:
            self._warn(request, _("Sync run %(id)s has already ended.") % {"id": run_id})
        return redirect(CHANGELIST)

    def dismiss(self, request: HttpRequest, request_id: int) -> HttpResponse:
        self._check(request)
        jobs.dismiss_request(request_id, user_id=request.user.pk)
        request.session.pop(QUEUED, None)
        return redirect(CHANGELIST)

    def progress(self, request: HttpRequest) -> HttpResponse:
        """Return the progress for the page's script; on the page of a sync run, only its own."""
        if not self._admin.has_view_permission(request):
            raise PermissionDenied
        only = request.GET.get("run")
        queued = None if only else self._queued(request)
        return JsonResponse(_progress_of(_running(only)) or queued or {"key": ""})

    def _check(self, request: HttpRequest) -> None:
        if not (request.user.has_perm(RUN_PERMISSION) and self._admin.has_view_permission(request)):
            raise PermissionDenied

    def _warn(self, request: HttpRequest, text: str) -> None:
        self._admin.message_user(request, text, messages.WARNING)

    def _queued(self, request: HttpRequest) -> dict[str, Any] | None:
        """Return what to show while a requested sync waits for a worker, or has not begun; otherwise None."""
        queued = {"key": "queued", "done": None, "total": 0}
        if jobs.is_waiting():
            return queued | {"text": _("Waiting for a Celery worker.")}
        if self._is_beginning(request):
            return {**queued, "key": "beginning", "text": _("A Celery worker has taken the sync.")}
        return None

    def _is_beginning(self, request: HttpRequest) -> bool:
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
    is_dead = not lease.alive().filter(pk=run.pk).exists()
    if is_dead:
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
        "key": f"run-{run.pk}{'-dead' * is_dead}",
        "run_id": run.pk,
        "canceling": run.cancel_requested,
        "is_dead": is_dead,
        "text": text,
        **bar,
    }
