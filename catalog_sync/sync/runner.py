"""One sync run from its lease to its closed ``SyncRun``, whatever work it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from django.db import Error as AnyDatabaseError
from django.utils import timezone

from catalog_sync.catalog_client import CatalogAccess, CatalogClient, access_to
from catalog_sync.event_log import MAX_NOTABLE, EventLog
from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import LEASE_SECONDS, Canceled, Lease, LeaseLost
from catalog_sync.store.sql import idle_transactions_bounded
from catalog_sync.store.sync_runs import cache_generation, must_bypass_cache
from catalog_sync.sync.closing import store_end, tidy_up
from catalog_sync.sync.connection import connected
from catalog_sync.sync.incremental import TooManyChanged
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.outcome import (
    NothingRead,
    database_failure,
    distinct,
    outcome_of,
    request_failure,
)
from catalog_sync.sync.rejections import Summary, log_summary
from catalog_sync.sync.removal_limits import Refused
from catalog_sync.sync.report import SETTINGS, SyncReport
from catalog_sync.sync.writer import Writer

Status = SyncRun.Status
Work = Callable[[CatalogClient, Writer], None]

UNEXPECTED_ERROR = "The sync run failed with an unexpected error. See the traceback in the log."


class Stopped(Exception):
    """The caller requested that the sync run stops."""

    def __init__(self) -> None:
        super().__init__(
            "The sync run was stopped before its end. Its changes are kept; run the command again to apply the rest."
        )


@dataclass
class Run:
    """A sync run that holds the lease. The caller must call ``close``, which stores the report and logs the end.

    Attributes:
        access: where the Catalog is, and how the LMS authenticates to it.
        failures: why something was not applied, one reason each.
        rejected: the rejected records, summed up by reason.
        note: the message of a sync run that succeeded.
    """

    options: SyncOptions
    access: CatalogAccess
    lease: Lease
    log: EventLog
    report: SyncReport
    failures: list[str] = field(default_factory=list)
    rejected: Summary = field(default_factory=dict)
    note: str = ""
    _started: float = field(default_factory=time.monotonic)

    @classmethod
    def open(cls, options: SyncOptions) -> Run:
        """Acquire the lease and log the start.

        Raises:
            SyncAlreadyRunning: another sync is running.
        """
        catalog, access = options.catalog, access_to(options.catalog)  # if this fails, no lease is left open
        settings: dict[str, Any] = {
            "dry_run": options.dry_run,
            "page_size": options.page_size,
            "concurrency": options.concurrency,
            "bypassed_cache": _bypasses_cache(options),
        }
        values = settings | {"scope": options.scope}
        if options.changed:
            lease = Lease.acquire(catalog.name, **values)
        else:
            lease = Lease.acquire_after_incremental_sync(
                catalog.name, options.should_stop or (lambda: False), **values
            )
        log = EventLog(lease.run_id)
        settings["catalog"] = catalog.name
        log.info("started", catalog_api_url=access.shown_url, scope=options.scope.value, **settings)
        report = SyncReport(run_id=lease.run_id, status=Status.RUNNING.value, **settings)
        return cls(options, access, lease, log, report)

    @classmethod
    def rejoin(cls, row: SyncRun, options: SyncOptions) -> Run:
        """Return a sync run that another process has opened, with a new report."""
        settings = {name: getattr(row, name) for name in SETTINGS}
        report = SyncReport(run_id=row.pk, status=row.status, **settings)
        started = time.monotonic() - (timezone.now() - row.started).total_seconds()
        access, lease, log = access_to(options.catalog), Lease(row.pk), EventLog(row.pk)
        return cls(options, access, lease, log, report, _started=started)

    def do_and_close(self, work: Work) -> SyncReport:
        """Do the work and close the sync run, even if the work raises an exception."""
        status, message = Status.FAILED, UNEXPECTED_ERROR
        try:
            status, message = self.do(work)
        except (KeyboardInterrupt, SystemExit):
            status, message = Status.CANCELED, str(Stopped())
            raise
        finally:
            self.close(status, message)
        return self.report

    def do(self, work: Work) -> tuple[SyncRun.Status, str]:
        """Do the work, and return the status and the message of the sync run."""
        try:
            with self._client() as client, idle_transactions_bounded(LEASE_SECONDS):
                try:
                    # The client calls the heartbeat only after it has sent a request.
                    self.heartbeat()
                    work(client, self._writer())
                finally:
                    self.report.requests += client.requests
                    self.report.retries += client.retries
        except Refused as refusal:
            return Status.REFUSED, str(refusal)
        except TooManyChanged as reason:
            return Status.SKIPPED, str(reason)
        except RequestFailed as error:
            return Status.FAILED, request_failure(error, self.report)
        except (Canceled, Stopped) as reason:
            return Status.CANCELED, str(reason)
        except (LeaseLost, NothingRead) as error:
            return Status.FAILED, str(error)
        except AnyDatabaseError as error:
            return Status.FAILED, database_failure(error)
        finally:
            self.report.failures = len(self.failures)
            # The matched course overviews that lost their URL have been subtracted.
            self.report.unchanged = max(0, self.report.unchanged + self.report.matched - self.report.updated)
        status, message = outcome_of(self.failures, self.report, self.rejected)
        return status, " ".join(filter(None, (message, self.note)))

    def _client(self) -> AbstractContextManager[CatalogClient]:
        return connected(
            self.access,
            self.log,
            timeout_seconds=self.options.request_timeout_seconds,
            retry_deadline_seconds=self.options.retry_deadline_seconds,
            heartbeat=self.heartbeat,
            cache_generation=cache_generation(self.report.catalog),
        )

    def _writer(self) -> Writer:
        options = self.options
        return Writer(
            options.catalog,
            self.lease,
            self.report,
            self.log,
            options.dry_run,
            self.heartbeat,
            self.rejected,
        )

    def close(self, status: SyncRun.Status, message: str) -> None:
        """Store the report, release the lease, and log the end."""
        self.report.status, self.report.message = status.value, message
        self.report.duration_seconds = round(time.monotonic() - self._started, 3)
        # Not in do(): the process that closes a distributed sync run logs the failures of all workers.
        log_summary(self.rejected, self.log)
        for failure in distinct(self.failures):
            self.log.error("not_applied", reason=failure)
        values = self.report.stored_values()
        notes: dict[str, Any] = {"log_lines": "\n".join(self.log.notable[:MAX_NOTABLE])}
        store_end(self.lease, self.log, values | notes)
        tidy_up(self.lease.run_id, self.options, status)
        log = self.log.info if self.report.is_fine else self.log.error
        if status is Status.CANCELED:
            log = self.log.warning
        log("finished", scope=self.options.scope.value, **values)
        self.log.monitor(values)

    def heartbeat(self) -> None:
        """Renew the lease if it is due; raise ``Stopped`` if the caller requested that the sync run stops."""
        if self.options.should_stop and self.options.should_stop():
            raise Stopped
        self.lease.renew_if_due()


def _bypasses_cache(options: SyncOptions) -> bool:
    # The others only look up course runs.
    is_full = options.scope == SyncRun.Scope.ALL
    return (
        options.bypass_cache
        or not is_full
        or must_bypass_cache(options.catalog.name, options.bypass_cache_hours)
    )
