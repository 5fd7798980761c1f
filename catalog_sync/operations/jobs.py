"""The operator's hand on the sync: start one in a Celery worker, see how far it is, cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog_sync import conf
from catalog_sync.broker import has_broker, reason_of
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import SyncNotStarted
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store import lease

# The task in catalog_sync.tasks, by name: it stands above this module.
TASK = "catalog_sync.tasks.update_catalog_data"


def start(*, dry_run: bool, user_id: int | None, course_keys: Sequence[str] = ()) -> None:
    """Hand a sync to a Celery worker, of just these course runs if any are given.

    Raises:
        SyncNotStarted: one is in the way, all are switched off, there is no broker, or it cannot be reached.
    """
    lease.expire_stale_runs()
    if run := blocking_sync_run():
        raise SyncNotStarted(f"Sync run {run.pk} is running: wait for its end, or cancel it.")
    if not is_enabled():
        raise SyncNotStarted("The sync is switched off: switch it on in the Catalog sync configuration.")
    options = ["--dry-run"] * dry_run + [f"--course-key {key}" for key in course_keys]
    command = " ".join(["manage.py update_catalog_data", *options])
    arguments: dict[str, Any] = {"dry_run": dry_run}
    if course_keys:
        arguments["course_keys"] = list(course_keys)
    if not has_broker():
        raise SyncNotStarted(f"There is no Celery broker to hand the sync to. Run it from a shell: {command}")
    # Here, not above: web processes import this module for the admin, and starting Celery takes 20 ms.
    from celery import current_app

    try:
        # Without a second try: a person waits.
        current_app.send_task(TASK, kwargs=arguments, ignore_result=True, retry=False)
    except Exception as error:  # whatever client the host has configured for its broker
        raise SyncNotStarted(
            f"The Celery broker cannot be reached ({reason_of(error)}). Start it, or run the sync from a shell: "
            f"{command}"
        ) from error
    EventLog().info("requested", **arguments, user_id=user_id)


def is_enabled() -> bool:
    """Tell whether a Catalog is to be synced."""
    return any(CatalogSyncConfig.current(catalog.name).enabled for catalog in conf.catalogs())


def running(run_id: int | None = None) -> SyncRun | None:
    """Return the sync that is running, of several the oldest, with how far it is; None if there is none.

    Args:
        run_id: only this one.
    """
    runs = lease.running().defer("log_lines")
    return (runs if run_id is None else runs.filter(pk=run_id)).first()


def blocking_sync_run() -> SyncRun | None:
    """Return the sync whose end a new one would have to wait for; a look at what changed is waited for by the task."""
    return lease.alive().exclude(scope=SyncRun.Scope.CHANGED).defer("log_lines").first()


def cancel(run_id: int, *, user_id: int | None) -> bool:
    """Ask a running sync to end after its page; return whether it was running."""
    lease.expire_stale_runs()
    asked = lease.running().filter(pk=run_id).update(cancel_requested=True)
    if asked:
        EventLog(run_id).info("cancel_requested", user_id=user_id)
    return bool(asked)
