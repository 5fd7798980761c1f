"""Store the end of a sync run, even if the database refuses some of its values."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import connection

from catalog_sync.event_log import EventLog
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import Lease
from catalog_sync.store.sync_runs import delete_idle_incremental_runs, prune
from catalog_sync.sync.options import SyncOptions

# The client libraries of some databases refuse a value before they send it.
_REFUSALS = (AnyDatabaseError, ValueError, OverflowError)


def store_end(lease: Lease, log: EventLog, values: dict[str, Any]) -> None:
    """Store how the sync run ended, and release the lease.

    If the numbers cannot be stored, this stores only the status and a message. If the database is down, the lease
    expires, and the next sync run closes this one.
    """
    # The second time with a new connection, if the first one was lost.
    for _ in range(2):
        try:
            lease.close(**values)
        except _REFUSALS as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            log.error("end_not_stored", reason=reason)
            connection.close_if_unusable_or_obsolete()
        else:
            return
    message = (
        f"{values['message']} The numbers of this sync run could not be stored ({reason}). See "
        "event=catalog_sync.finished in the log."
    )
    with suppress(*_REFUSALS):
        lease.close(status=values["status"], message=_plain(message.strip()))


def _plain(text: str) -> str:
    """Return the text in ASCII, which is a part of every character set."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text)


def tidy_up(run_id: int, options: SyncOptions, status: SyncRun.Status) -> None:
    """Delete the sync runs that are not needed any more after this one."""
    if options.dry_run:
        return
    with suppress(AnyDatabaseError):  # the next sync run can delete them
        if options.scope == SyncRun.Scope.ALL:
            prune(options.catalog.name, options.keep_runs_days)
        elif options.changed and status not in (SyncRun.Status.FAILED, SyncRun.Status.CANCELED):
            delete_idle_incremental_runs(options.catalog.name, run_id, status)
