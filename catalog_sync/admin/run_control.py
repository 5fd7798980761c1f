"""The buttons that start and cancel a sync, and how far the running one is."""

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
from django.views.decorators.http import require_POST

from catalog_sync import api
from catalog_sync.admin.base import RUN_PERMISSION
from catalog_sync.exceptions import SyncNotStarted
from catalog_sync.models import SyncRun
from catalog_sync.operations import jobs
from catalog_sync.store import lease

CHANGELIST = "admin:catalog_sync_syncrun_changelist"
# What was handed to a worker is remembered in the session for so long, until it shows up as a running sync.
QUEUED = "catalog_sync_queued"
QUEUED_SECONDS = 120


class RunControl:
    """Views beside those of the sync runs' admin, and what its pages show of a running sync."""

    def __init__(self, model_admin: admin.ModelAdmin) -> None:
        self._admin = model_admin

    def urls(self) -> list[URLPattern]:
        """Return the addresses of the views."""
        wrap = self._admin.admin_site.admin_view
        return [
            path("start/", wrap(require_POST(self.start)), name="catalog_sync_syncrun_start"),
            path("<int:run_id>/cancel/", wrap(require_POST(self.cancel)), name="catalog_sync_syncrun_cancel"),
            path("progress/", wrap(self.progress), name="catalog_sync_syncrun_progress"),
        ]

    def context(self, request: HttpRequest, only: str | None = None) -> dict[str, Any]:
        """Return what the pages show: buttons for who may press them, and the running sync.

        Args:
            request: whose page it is.
            only: on the page of one run, its id: another's progress is not shown there, nor what starts a sync.
        """
        may_run = request.user.has_perm(RUN_PERMISSION)
        run = _running(only)
        queued = None if only else self._queued(request)
        context = {"may_run": may_run, "progress": _progress_of(run) or queued, "running": run}
        if may_run and not (only or queued or (run and jobs.blocking_sync_run())):
            context |= {"may_start": True, "is_enabled": jobs.is_enabled()}
        return context

    def start(self, request: HttpRequest) -> HttpResponse:
        """Hand a sync to a worker, or say how to run it."""
        self._check(request)
        dry_run = "dry_run" in request.POST
        newest = SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first()
        try:
            api.start_sync(dry_run=dry_run, user_id=request.user.pk)
        except SyncNotStarted as error:
            self._say(request, str(error))
            return redirect(CHANGELIST)
        request.session[QUEUED] = [newest or 0, time.time()]
        text = (
            _("A dry run was handed to a Celery worker.")
            if dry_run
            else _("A sync was handed to a Celery worker.")
        )
        self._admin.message_user(request, text, messages.SUCCESS)
        return redirect(CHANGELIST)

    def cancel(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Ask the running sync to end."""
        self._check(request)
        run = SyncRun.objects.filter(pk=run_id).first()
        if run is None:
            raise Http404
        if api.cancel_sync(run_id, user_id=request.user.pk):
            self._admin.log_change(request, run, _("Canceled it."))
            text = _("Sync run %(id)s ends after the page that it is writing.") % {"id": run_id}
            self._admin.message_user(request, text, messages.SUCCESS)
        else:
            self._say(request, _("Sync run %(id)s had ended already.") % {"id": run_id})
        return redirect(CHANGELIST)

    def progress(self, request: HttpRequest) -> HttpResponse:
        """Tell the page's script how far the running sync is; on the page of a run, that run."""
        if not self._admin.has_view_permission(request):
            raise PermissionDenied
        only = request.GET.get("run")
        queued = None if only else self._queued(request)
        return JsonResponse(_progress_of(_running(only)) or queued or {"key": ""})

    def _check(self, request: HttpRequest) -> None:
        if not (request.user.has_perm(RUN_PERMISSION) and self._admin.has_view_permission(request)):
            raise PermissionDenied

    def _say(self, request: HttpRequest, text: str) -> None:
        self._admin.message_user(request, text, messages.WARNING)

    def _queued(self, request: HttpRequest) -> dict[str, Any] | None:
        """Return what to show while a sync waits for a worker; None once it has run, or waits too long."""
        if QUEUED not in request.session:
            return None
        newest, since = request.session[QUEUED]
        # Looks at what changed begin every minute, and this one waits for them.
        begun = SyncRun.objects.filter(pk__gt=newest).exclude(scope=SyncRun.Scope.CHANGED)
        if time.time() - since > QUEUED_SECONDS or begun.exists():
            del request.session[QUEUED]
            return None
        return {"key": "queued", "done": None, "total": 0, "text": _("Waiting for a Celery worker.")}


def _running(only: str | None) -> SyncRun | None:
    """Return the sync that is running; or only the one of this id, which may be any text."""
    if not only:
        return api.running_sync()
    # No database has room for an id of more digits.
    return api.running_sync(int(only)) if only.isdecimal() and len(only) < 19 else None


def _progress_of(run: SyncRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    done, total = run.course_runs_retrieved, run.catalog_count
    text = _("%(done)s of %(total)s course runs, %(updated)s course overviews updated, %(seconds)s s") % {
        "done": f"{done:,}",
        "total": f"{total:,}" if total else "?",
        "updated": f"{run.updated:,}",
        "seconds": f"{(timezone.now() - run.started).total_seconds():,.0f}",
    }
    is_dead = not lease.alive().filter(pk=run.pk).exists()
    if is_dead:
        silent = (timezone.now() - run.heartbeat).total_seconds()
        text = _("No sign of life for %(seconds)s s: the process seems to have died.") % {
            "seconds": f"{silent:,.0f}"
        }
    elif run.cancel_requested:
        text = _("Canceling: it ends after its page.")
    # A bar cannot be fuller than full, though the list may grow meanwhile.
    known = {"done": min(done, total), "total": total} if total else {"done": None, "total": 0}
    return {
        "key": f"run-{run.pk}",
        "run_id": run.pk,
        "canceling": run.cancel_requested,
        "is_dead": is_dead,
        "text": text,
        **known,
    }
