"""One sync per Catalog at a time, by a lease in the database that expires if its holder stops.

``docs/decisions/0006-the-lease-is-a-unique-nullable-column.rst`` has the reasons.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import SyncRun
from catalog_sync.store.sql import UtcNow, is_conflict, repeat_on_conflict
from catalog_sync.store.text import storable

# Without a heartbeat, the lease expires after this time.
LEASE_SECONDS = 45
_LEASE_TIME = timedelta(seconds=LEASE_SECONDS)
# A heartbeat further in the future was set by a wrong clock: no task waits so long for a worker.
_MAX_WAIT = timedelta(days=1)
# How often a sync run renews its lease, and checks whether it was canceled.
HEARTBEAT_SECONDS = 2
ACQUIRE_ATTEMPTS = 10
# How long a full sync waits for an incremental one: schedulers often start both at the same moment.
MAX_INCREMENTAL_SECONDS = 60
ACQUIRE_PAUSE_SECONDS = 0.5

# The columns that are not in the event=catalog_sync.finished of a dead sync run.
_NOT_REPORTED = (
    *("id", "lease", "holder", "started", "heartbeat", "finished", "cancel_requested"),
    *("log_lines", "message"),
)
REPORTED = [field.name for field in SyncRun._meta.concrete_fields if field.name not in _NOT_REPORTED]


class LeaseLost(Exception):
    """The lease of this sync run has expired, and another sync run may be writing."""

    def __init__(self) -> None:
        super().__init__(
            f"This sync run lost its lease, because it had no heartbeat for {LEASE_SECONDS} s. It has written nothing "
            "since then. Run the command again."
        )


class Canceled(Exception):
    """This sync run was canceled."""

    def __init__(self) -> None:
        super().__init__(
            "The sync run was canceled in Django admin. Its changes are kept; the next sync run applies the rest."
        )


class Lease:
    """The right of one ``SyncRun`` to write. All times are from the database's clock."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self._renewed_at = time.monotonic()

    @classmethod
    def acquire(cls, catalog: str = conf.DEFAULT_CATALOG, **values: Any) -> Lease:
        """Create a ``SyncRun`` with these values, which holds the Catalog's lease.

        Raises:
            SyncAlreadyRunning: another sync run holds it, and it has not expired.
        """
        for attempts_left in reversed(range(ACQUIRE_ATTEMPTS)):
            close_dead_runs()
            holder = SyncRun.objects.filter(lease=catalog).first()
            if holder is None:
                try:
                    return cls(repeat_on_conflict(lambda: _create(catalog, values)))
                except IntegrityError:
                    # Another sync run has acquired it since, and may have ended.
                    if not attempts_left:
                        raise
            elif not attempts_left or alive().filter(pk=holder.pk).exists():
                raise _already_running(holder)
            else:
                # It has expired, but its row is locked: by its own long transaction, or briefly by another sync.
                time.sleep(ACQUIRE_PAUSE_SECONDS)
        raise AssertionError("unreachable: the loop returns or raises")

    @classmethod
    def acquire_after_incremental_sync(
        cls, catalog: str, should_stop: Callable[[], bool], **values: Any
    ) -> Lease:
        """Acquire the lease; if an incremental sync holds it, wait until that ends.

        Raises:
            SyncAlreadyRunning: another sync run holds it, or an incremental sync still does after
                ``MAX_INCREMENTAL_SECONDS`` or when ``should_stop`` returns True.
        """
        give_up_at = time.monotonic() + MAX_INCREMENTAL_SECONDS
        while True:
            try:
                return cls.acquire(catalog, **values)
            except SyncAlreadyRunning as error:
                is_over = time.monotonic() > give_up_at or should_stop()
                if error.scope != SyncRun.Scope.CHANGED or is_over:
                    raise
            time.sleep(ACQUIRE_PAUSE_SECONDS)

    def renew(self, seconds_ahead: float = 0, **progress: Any) -> None:
        """Renew the lease and store the progress.

        As the first statement of a transaction, this locks the row. Until that transaction ends, no other sync run can
        acquire the lease, and a query that waits for this row then sees what the transaction wrote.

        Args:
            seconds_ahead: how much longer than usual the lease stays valid, while tasks wait for a worker.
            progress: the values to store, by name.

        Raises:
            LeaseLost: the lease has expired or the sync run has ended.
            Canceled: the sync run still holds the lease, but was canceled.
        """
        held = SyncRun.objects.filter(pk=self.run_id, lease__isnull=False)
        # Well below the limit for wrong clocks, whatever time-outs are configured.
        heartbeat = UtcNow() + min(timedelta(seconds=seconds_ahead), _MAX_WAIT / 2)
        # One statement renews the lease and checks whether the sync run was canceled.
        if not held.filter(cancel_requested=False).update(heartbeat=heartbeat, **progress):
            raise Canceled if held.exists() else LeaseLost
        self._renewed_at = time.monotonic()

    def renew_if_due(self) -> None:
        """Renew the lease if the last heartbeat was some seconds ago; skip it if the row is locked."""
        if time.monotonic() - self._renewed_at < HEARTBEAT_SECONDS:
            return
        try:
            self.renew()
        except OperationalError as error:
            # The next heartbeat is early enough. If the row stays locked, the transaction of the next page fails.
            if not is_conflict(error):
                raise

    def close(self, **values: Any) -> None:
        """Store how the sync run ended, and release the lease; a sync run whose lease has expired is not changed."""
        repeat_on_conflict(partial(_close, self.run_id, heartbeat=UtcNow(), **values))


def running() -> QuerySet[SyncRun]:
    """Return the sync runs that hold a lease, oldest first: at most one per Catalog."""
    # A range, because not every database uses the index for IS NOT NULL.
    return SyncRun.objects.filter(lease__gt="").order_by("pk")


def alive() -> QuerySet[SyncRun]:
    """Return those of ``running`` whose lease has not expired."""
    return running().filter(heartbeat__range=(UtcNow() - _LEASE_TIME, UtcNow() + _MAX_WAIT))


def close_dead_runs() -> None:
    """Close the sync runs whose lease has expired, except those that are in a transaction.

    A transaction may take longer than the lease lasts, and its last statement is a heartbeat. If its process is
    frozen, the database ends the transaction (``catalog_sync.store.sql.idle_transactions_bounded``).
    """
    too_old, too_new = UtcNow() - _LEASE_TIME, UtcNow() + _MAX_WAIT
    dead = running().filter(Q(heartbeat__lt=too_old) | Q(heartbeat__gt=too_new))
    for run in dead:
        # A heartbeat in the future was set by a wrong clock.
        lived = min(run.heartbeat, timezone.now()) - run.started
        end: dict[str, Any] = {
            "status": SyncRun.Status.FAILED,
            "duration_seconds": round(max(0.0, lived.total_seconds()), 3),
            "message": f"The process ended unexpectedly ({run.holder}). Its changes are kept; "
            "the next sync run applies the rest.",
        }
        is_closed = repeat_on_conflict(partial(_close_dead, run, dead.filter(pk=run.pk), end))
        if is_closed:
            stored = {name: getattr(run, name) for name in REPORTED}
            EventLog(run.pk).error("finished", **stored | end)


@transaction.atomic
def _close_dead(run: SyncRun, dead: QuerySet[SyncRun], end: dict[str, Any]) -> bool:
    is_free = _lock(SyncRun.objects.filter(lease=run.lease), skip_locked=True)
    return bool(is_free and _end(dead, **end))


# In a transaction of the caller this is a savepoint: it stays usable after the insert fails.
@transaction.atomic
def _create(catalog: str, values: dict[str, Any]) -> int:
    run = SyncRun.objects.create(
        catalog=catalog, lease=catalog, holder=_this_process(), heartbeat=UtcNow(), **values
    )
    return int(run.pk)


@transaction.atomic
def _close(run_id: int, **values: Any) -> None:
    wait_for_writer()
    _end(SyncRun.objects.filter(pk=run_id, lease__isnull=False), **values)


def _end(runs: QuerySet[SyncRun], **values: Any) -> int:
    stored = {name: storable(value) for name, value in values.items()}
    return runs.update(lease=None, finished=UtcNow(), **stored)


def wait_for_writer() -> None:
    """Wait until no sync run is writing, and let none write until the caller's transaction ends.

    Call it once per transaction: a second call could lock sync runs that began since, and cause a deadlock.
    """
    _lock(running())


def _lock(runs: QuerySet[SyncRun], *, skip_locked: bool = False) -> list[Any]:
    """Lock these sync runs, and return their leases. ``skip_locked``: without those that others have locked."""
    # Each transaction that locks several sync runs, or releases a lease, does this first, and always in the same order,
    # to prevent deadlocks. MySQL and MariaDB also lock the index entries that they read: the order and the column make
    # them read the index of ``lease``, however small the table is.
    if not connection.features.has_select_for_update_skip_locked:
        skip_locked = False  # SQLite and old versions of MariaDB: wait for the locks
    locked = runs.select_for_update(skip_locked=skip_locked).order_by("lease")
    return list(locked.values_list("lease", flat=True))


def _already_running(holder: SyncRun) -> SyncAlreadyRunning:
    catalog = "" if holder.catalog == conf.DEFAULT_CATALOG else f" of the Catalog {holder.catalog}"
    return SyncAlreadyRunning(
        f"Another sync{catalog} is already running ({holder.holder}, started {holder.started:%Y-%m-%d %H:%M:%S} UTC, "
        f"last heartbeat {holder.heartbeat:%Y-%m-%d %H:%M:%S} UTC). Try again when it has finished. If its process was "
        f"killed, wait {LEASE_SECONDS} seconds.",
        holder.scope,
    )


def _this_process() -> str:
    return f"{socket.gethostname()} process {os.getpid()}"
