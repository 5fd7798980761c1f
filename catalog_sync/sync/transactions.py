"""The short transactions of a sync run: each renews the lease, stores the progress, and is retried after a conflict."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import stamina
from django.db import transaction
from django.db.models import F

from catalog_sync.event_log import EventLog
from catalog_sync.store.lease import Lease, wait_for_writer
from catalog_sync.store.sql import is_conflict
from catalog_sync.sync.report import SyncReport

T = TypeVar("T")

# How often a page is written again after a deadlock or a lock-wait time-out, before the sync run fails.
TRANSACTION_ATTEMPTS = 4
# The numbers of the report that are stored during the sync run.
PROGRESS = ("pages", "course_runs_retrieved", "updated")


def refuse_outer_transaction() -> None:
    """Raise ``RuntimeError`` in a transaction, which would hide the lease from others and stay open during requests."""
    with transaction.atomic(durable=True):
        pass


@dataclass
class Transactions:
    """Opens the transactions of one sync run.

    Attributes:
        lease: the first statement of every transaction renews it, so a sync run that lost its lease cannot write.
        has_other_catalogs: whether syncs of other Catalogs may write at the same time.
        ended_at: when the last transaction ended.
    """

    lease: Lease
    report: SyncReport
    log: EventLog
    has_other_catalogs: bool
    ended_at: float = field(default_factory=time.monotonic)
    # The part of the progress that is stored already.
    _stored: dict[str, int] = field(default_factory=dict)

    def run(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that holds the lease; retry if the database rolls it back for a conflict."""
        progress = self._progress()
        # Added, not set: several workers of one sync run may share the row.
        added: dict[str, Any] = {
            name: F(name) + value - self._stored.get(name, 0) for name, value in progress.items()
        }
        # If it is not known here yet, another worker may have stored it.
        if self.report.catalog_count:
            added["catalog_count"] = self.report.catalog_count
        retrying = stamina.retry_context(
            on=is_conflict, attempts=TRANSACTION_ATTEMPTS, timeout=None, wait_initial=0.05, wait_jitter=0.1
        )
        for attempt in retrying:
            if attempt.num > 1:
                self.log.warning("transaction_retried", attempt=attempt.num)
            # Durable, because an outer transaction would keep the locks between pages, and could roll everything back.
            with attempt, transaction.atomic(durable=True):
                if self.has_other_catalogs:
                    # Before its own lease, so that all writers lock in the same order. What this transaction publishes
                    # depends on the stored course runs of all Catalogs, so no other sync may change them meanwhile.
                    wait_for_writer()
                self.lease.renew(**added)
                result = work()
                # If the work took longer than the lease lasts, the lease would have expired at the commit.
                self.lease.renew_if_due()
        self._stored = progress
        self.ended_at = time.monotonic()
        return result

    def mark_stored(self) -> None:
        """Treat the numbers of the report as stored, because other workers have added them."""
        self._stored = self._progress()

    def _progress(self) -> dict[str, int]:
        return {name: getattr(self.report, name) for name in PROGRESS}
