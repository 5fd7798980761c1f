"""Start a sync in a Celery worker, read its progress, cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.broker import has_broker, reason_of
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import SyncNotStarted
from catalog_sync.models import CatalogSyncConfig, SyncRequest, SyncRun
from catalog_sync.store import lease

# The name of the task in catalog_sync.tasks, a higher layer, which this module must not import.
TASK = "catalog_sync.tasks.update_catalog_data"
# A worker that is idle starts the task within a second.
WAITING_SECONDS = 60
MAX_OVERDUE = 5


def start(
    *,
    dry_run: bool,
    allow_removals: bool,
    user_id: int | None,
    course_keys: Sequence[str] | None,
    catalog: str | None,
) -> None:
    """Hand a sync to a Celery worker: of these course runs, or a full sync of one Catalog or of all.

    Raises:
        SyncNotStarted: another sync is running, no sync is enabled, or the Celery broker is missing or unreachable.
    """
    lease.close_dead_runs()
    if run := blocking_sync_run(catalog):
        raise SyncNotStarted(
            _("Sync run %(id)s is running. Wait for its end, or cancel it.") % {"id": run.pk}
        )
    if not is_enabled(catalog):
        raise SyncNotStarted(_("The sync is disabled. Enable it in the Catalog sync configuration."))
    options = ["--dry-run"] * dry_run + ["--allow-removals"] * allow_removals
    options += [f"--catalog {catalog}"] * bool(catalog)
    options += [f"--course-key {key}" for key in course_keys or ()]
    command = " ".join(["manage.py lms update_catalog_data", *options])
    arguments: dict[str, Any] = {"dry_run": dry_run}
    if allow_removals:
        arguments["allow_removals"] = True
    if catalog:
        arguments["catalogs"] = [catalog]
    if course_keys is not None:
        arguments["course_keys"] = list(course_keys)
    if not has_broker():
        text = _("No Celery broker is configured. Run the sync from a shell: %(command)s")
        raise SyncNotStarted(text % {"command": command})
    _send(arguments, command, user_id)
    EventLog().info("requested", **arguments, user_id=user_id)


def _send(arguments: dict[str, Any], command: str, user_id: int | None) -> None:
    # Web processes import this module for the admin, and importing Celery takes about 60 ms.
    from celery import current_app

    # Before the task is sent: a worker may start it immediately.
    request = SyncRequest.objects.create(requested_by_id=user_id, command=command)
    try:
        # No retry, because a user is waiting. This process does not subscribe to the result, which would open a
        # connection to the result backend; the header makes the worker store it.
        current_app.send_task(
            TASK,
            kwargs=arguments | {"request_id": request.pk},
            ignore_result=True,
            headers={"ignore_result": False},
            retry=False,
        )
    except Exception as error:  # The type depends on the host's broker.
        request.delete()
        text = _(
            "The Celery broker cannot be reached (%(reason)s). Start it, or run the sync from a shell: %(command)s"
        )
        raise SyncNotStarted(text % {"reason": reason_of(error), "command": command}) from error


def start_requested(request_id: int) -> None:
    """Delete a requested sync, because a worker has started it."""
    SyncRequest.objects.filter(pk=request_id).delete()


def is_waiting() -> bool:
    """Return whether a sync was requested less than a minute ago, and no worker has started it yet."""
    return SyncRequest.objects.filter(requested__gt=_overdue_since()).exists()


def overdue_requests() -> list[SyncRequest]:
    """Return the latest requested syncs that no worker has started within a minute, newest first.

    A request is left out if a sync of the same scope has succeeded since: the operator has used another way.
    """
    overdue = SyncRequest.objects.filter(requested__lte=_overdue_since())
    latest = overdue.select_related("requested_by").order_by("-pk")[:MAX_OVERDUE]
    return [request for request in latest if not _is_done(request)]


def _is_done(request: SyncRequest) -> bool:
    """Return whether a sync of the same scope, started since the request, has succeeded for each enabled Catalog."""
    command = request.command.split()
    scopes = [SyncRun.Scope.ALL] + [SyncRun.Scope.COURSE_KEYS] * ("--course-key" in command)
    names = conf.catalog_names()
    if "--catalog" in command:
        names = [command[command.index("--catalog") + 1]]
    # A sync of all Catalogs leaves out those that are disabled.
    names = [name for name in names if is_enabled(name)] or names
    later = SyncRun.objects.filter(
        started__gte=request.requested, status=SyncRun.Status.SUCCEEDED, scope__in=scopes, catalog__in=names
    )
    later = later.filter(dry_run="--dry-run" in command)
    return later.values("catalog").distinct().count() == len(names)


def dismiss_request(request_id: int, *, user_id: int | None) -> bool:
    """Delete a requested sync that no worker has started, and return whether it existed; its task stays queued."""
    deleted = SyncRequest.objects.filter(pk=request_id).delete()[0]
    if deleted:
        EventLog().info("request_dismissed", request_id=request_id, user_id=user_id)
    return bool(deleted)


def _overdue_since() -> datetime:
    return timezone.now() - timedelta(seconds=WAITING_SECONDS)


def is_enabled(catalog: str | None = None) -> bool:
    """Return whether the sync of this Catalog is enabled; None: of at least one."""
    names = conf.catalog_names() if catalog is None else [catalog]
    return any(CatalogSyncConfig.current(name).enabled for name in names)


def running(run_id: int | None = None) -> SyncRun | None:
    """Return the running sync with its progress, the oldest if there are several; None: no sync is running.

    Args:
        run_id: consider only this sync run.
    """
    runs = lease.running().defer("log_lines")
    return (runs if run_id is None else runs.filter(pk=run_id)).first()


def blocking_sync_run(catalog: str | None = None) -> SyncRun | None:
    """Return the sync that prevents a new one of this Catalog; None: of any Catalog.

    An incremental sync does not, because the task waits for its end.
    """
    runs = lease.alive().exclude(scope=SyncRun.Scope.CHANGED).defer("log_lines")
    return (runs if catalog is None else runs.filter(catalog=catalog)).first()


def cancel(run_id: int, *, user_id: int | None) -> bool:
    """Request that a running sync ends after its current page; return whether it was running."""
    lease.close_dead_runs()
    requested = lease.running().filter(pk=run_id).update(cancel_requested=True)
    if requested:
        EventLog(run_id).info("cancel_requested", user_id=user_id)
    return bool(requested)
