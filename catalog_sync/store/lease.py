"""One sync of a Catalog at a time: a lease that the database itself grants, and that a dead holder cannot keep."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import SyncRun
from catalog_sync.store.sql import UtcNow, is_conflict

# A killed holder's lease is free again after this; the heartbeat is far more frequent.
LEASE_SECONDS = 45
_SILENCE = timedelta(seconds=LEASE_SECONDS)
# No run is in nobody's hands for so long: a sign of life further ahead is of a clock that was wrong.
_FARTHEST_AHEAD = timedelta(days=1)
# So soon a run also hears, while it waits for the Catalog, that somebody canceled it.
HEARTBEAT_SECONDS = 2
ACQUIRE_ATTEMPTS = 3
# A look at what changed lately begins every minute, like many a full sync, and takes a second or two.
LONGEST_INCREMENTAL_SECONDS = 60
ACQUIRE_PAUSE_SECONDS = 0.5

# The numbers of the report that an operator may watch while the run goes on.
PROGRESS = ("pages", "course_runs_retrieved", "updated")
# What is in a row for the lease, for admin and for the next run; all else is told at the end of the run.
_NOT_REPORTED = (
    *("id", "lease", "holder", "started", "heartbeat", "finished", "cancel_requested"),
    *("log_lines", "next_page_size", "message"),
)
REPORTED = [field.name for field in SyncRun._meta.concrete_fields if field.name not in _NOT_REPORTED]


class LeaseLost(Exception):
    """This run was taken for dead, and another may be writing."""

    def __init__(self) -> None:
        super().__init__(
            f"This run lost its lease: it gave no sign of life for {LEASE_SECONDS} s and was taken for dead. "
            "Nothing was written since; run the command again."
        )


class Canceled(Exception):
    """Somebody asked this run to end."""

    def __init__(self) -> None:
        super().__init__(
            "The run was canceled in Django admin. What it had written stays; a new run brings the rest."
        )


class Lease:
    """The right to write, held by one ``SyncRun``. All times are the database's own."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self._renewed_at = time.monotonic()

    @classmethod
    def acquire(cls, catalog: str = conf.DEFAULT_CATALOG, **values: Any) -> Lease:
        """Create the ``SyncRun`` that holds the Catalog's lease, with these values of it.

        Raises:
            SyncAlreadyRunning: another run holds it and is alive.
        """
        for attempt in range(ACQUIRE_ATTEMPTS):
            expire_stale_runs()
            try:
                # A savepoint, so that a refused insert does not spoil a transaction around it.
                with transaction.atomic():
                    run = SyncRun.objects.create(
                        catalog=catalog, lease=catalog, holder=_this_process(), heartbeat=UtcNow(), **values
                    )
                return cls(run.pk)
            except IntegrityError:
                holder = SyncRun.objects.filter(lease=catalog).first()
                if holder is not None:
                    raise _already_running(holder) from None
                if attempt == ACQUIRE_ATTEMPTS - 1:
                    raise
                # It ended this very moment: try again.
        raise AssertionError("the loop ends with a result or an error")

    @classmethod
    def acquire_after_incremental_sync(
        cls, catalog: str, should_stop: Callable[[], bool], **values: Any
    ) -> Lease:
        """Acquire the lease, and wait for it where a look at what changed lately holds it: that does not do our work.

        Raises:
            SyncAlreadyRunning: another run holds it, or a look did for very long, or until ``should_stop``.
        """
        give_up_at = time.monotonic() + LONGEST_INCREMENTAL_SECONDS
        while True:
            try:
                return cls.acquire(catalog, **values)
            except SyncAlreadyRunning as held:
                is_over = time.monotonic() > give_up_at or should_stop()
                if held.scope != SyncRun.Scope.CHANGED or is_over:
                    raise
            time.sleep(ACQUIRE_PAUSE_SECONDS)

    def renew(self, seconds_ahead: float = 0, **progress: Any) -> None:
        """Renew the lease and store the progress.

        Args:
            seconds_ahead: for how much longer than usual nobody may be there to renew it.
            progress: of the report, by name.

        As the first statement of a transaction it locks the row: until that transaction ends nobody can take the
        lease, and whoever waits for this row sees what the transaction wrote.

        Raises:
            LeaseLost: the lease is no longer held.
            Canceled: it is held, but somebody asked the run to end.
        """
        held = SyncRun.objects.filter(pk=self.run_id, lease__isnull=False)
        # One statement renews and asks: a run that is not canceled pays nothing for the question.
        # Never so far ahead that the clock would be called wrong, however patient a run is configured.
        heartbeat = UtcNow() + min(timedelta(seconds=seconds_ahead), _FARTHEST_AHEAD / 2)
        if not held.filter(cancel_requested=False).update(heartbeat=heartbeat, **progress):
            raise Canceled if held.exists() else LeaseLost
        self._renewed_at = time.monotonic()

    def renew_if_due(self) -> None:
        """Renew the lease while waiting, no more often than needed, and later if another holds its row just now."""
        if time.monotonic() - self._renewed_at < HEARTBEAT_SECONDS:
            return
        try:
            self.renew()
        except OperationalError as error:
            # The next tick is soon enough. If it stays so, the transaction of the next page tells.
            if not is_conflict(error):
                raise

    def close(self, **values: Any) -> None:
        """Store how the run ended, and give the lease back. A run that was taken for dead stays marked so."""
        _end(SyncRun.objects.filter(pk=self.run_id, lease__isnull=False), heartbeat=UtcNow(), **values)


def running() -> QuerySet[SyncRun]:
    """Return the sync runs that hold a lease, oldest first: at most one a Catalog."""
    # As a range, for which every database has the index; not each has it for what is not null.
    return SyncRun.objects.filter(lease__gt="").order_by("pk")


def alive() -> QuerySet[SyncRun]:
    """Return those of ``running`` whose holder gives a sign of life; a killed one's lease stays until it is wanted."""
    return running().filter(heartbeat__range=(UtcNow() - _SILENCE, UtcNow() + _FARTHEST_AHEAD))


def expire_stale_runs() -> None:
    """Close the runs of holders that give no sign of life."""
    too_old, too_new = UtcNow() - _SILENCE, UtcNow() + _FARTHEST_AHEAD
    silent = running().filter(Q(heartbeat__lt=too_old) | Q(heartbeat__gt=too_new))
    for run in silent:
        # To its last sign of life; one that is ahead of the time is of a clock that was wrong.
        lived = min(run.heartbeat, timezone.now()) - run.started
        end: dict[str, Any] = {
            "status": SyncRun.Status.FAILED,
            "duration_seconds": round(max(0.0, lived.total_seconds()), 3),
            "message": f"The process died without a word ({run.holder}). The next run puts right what it left.",
        }
        if _end(silent.filter(pk=run.pk), **end):
            stored = {name: getattr(run, name) for name in REPORTED}
            EventLog(run.pk).error("finished", **stored | end)


def _end(runs: QuerySet[SyncRun], **values: Any) -> int:
    with transaction.atomic():
        # The index of the leases first, as whoever waits for the writer does: in another order the two could wait for
        # each other, and MariaDB would break off the publishing of a course.
        wait_for_writer()
        return runs.update(lease=None, finished=UtcNow(), **values)


def wait_for_writer() -> None:
    """Wait, inside a transaction, until no page is being written; without a running sync this waits for nothing.

    No page of any Catalog is written until the transaction ends.
    """
    list(running().select_for_update().values_list("pk"))


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
