"""The short transactions of a run: each holds the lease, tells how far the run is, and is tried again if broken off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import stamina
from django.db import transaction
from django.db.models import F

from catalog_sync.event_log import EventLog
from catalog_sync.store.lease import PROGRESS, Lease, wait_for_writer
from catalog_sync.store.sql import is_conflict
from catalog_sync.sync.report import SyncReport

T = TypeVar("T")

# A deadlock or a lock-wait time-out is another writer's; the page is tried again this often before it counts.
TRANSACTION_ATTEMPTS = 4


@dataclass
class Transactions:
    """Opens the transactions of one run.

    Attributes:
        lease: renewed first thing in every transaction, so that a writer that lost it cannot write.
        has_rivals: whether syncs of other Catalogs may write at the same time.
    """

    lease: Lease
    report: SyncReport
    log: EventLog
    has_rivals: bool
    ended_at: float = field(default_factory=time.monotonic)
    _stored: dict[str, int] = field(default_factory=dict)

    def run(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that holds the lease; again if the database broke it off for another."""
        progress = self._progress()
        # Added, not set: several writers of one run may share the row.
        added: dict[str, Any] = {
            name: F(name) + value - self._stored.get(name, 0) for name, value in progress.items()
        }
        if self.report.catalog_count:  # else nobody has asked yet, or another writer has
            added["catalog_count"] = self.report.catalog_count
        retrying = stamina.retry_context(
            on=is_conflict, attempts=TRANSACTION_ATTEMPTS, timeout=None, wait_initial=0.05, wait_jitter=0.1
        )
        for attempt in retrying:
            if attempt.num > 1:
                self.log.warning("transaction_retried", attempt=attempt.num)
            # Durable: what is written must not hang on a transaction around it, nor hold its locks between pages.
            with attempt, transaction.atomic(durable=True):
                if self.has_rivals:
                    # Before the own lease: all take them in one order. Whose a course run is must not change meanwhile.
                    wait_for_writer()
                self.lease.renew(**added)
                result = work()
        self._stored = progress
        self.ended_at = time.monotonic()
        return result

    def mark_stored(self) -> None:
        """Take the numbers of the report as stored: others have added them."""
        self._stored = self._progress()

    def _progress(self) -> dict[str, int]:
        return {name: getattr(self.report, name) for name in PROGRESS}
