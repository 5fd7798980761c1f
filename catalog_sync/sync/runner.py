"""One sync run from its first request to its closed ``SyncRun``."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.catalog_client import CatalogClient, OverlappingPages, Requester
from catalog_sync.catalog_client.access import CatalogAccess, access_to
from catalog_sync.catalog_client.errors import address_missing
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.event_log import MOST_NOTABLE, EventLog
from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import SyncRun
from catalog_sync.store import course_overviews
from catalog_sync.store.lease import LEASE_SECONDS, Canceled, Lease, LeaseLost
from catalog_sync.store.sql import idle_transactions_bounded, in_chunks
from catalog_sync.store.sync_runs import delete_idle_incremental_runs, prune
from catalog_sync.sync import page_size as page_sizes
from catalog_sync.sync.incremental import TooManyChanged, changed_course_keys
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.outcome import database_failure, outcome_of, page_size_advice
from catalog_sync.sync.rejections import Summary, log_summary
from catalog_sync.sync.removal_candidates import find_candidates
from catalog_sync.sync.removal_limits import Refused
from catalog_sync.sync.removals import check_candidates, look_up_and_apply
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.statistics import Statistics
from catalog_sync.sync.transactions import Transactions
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


def run_sync(options: SyncOptions) -> SyncReport:
    """Run one sync and return its report, even if the Catalog or the database failed.

    Raises:
        SyncAlreadyRunning: another sync is running.
    """
    run = Run.open(options)
    work = {
        SyncRun.Scope.ALL: run.sync_all,
        SyncRun.Scope.CHANGED: run.sync_changed,
        SyncRun.Scope.COURSE_KEYS: run.sync_course_keys,
    }
    return run.carry_out(work[options.scope])


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
            RuntimeError: the caller is in a transaction.
        """
        # Refuse a transaction of the caller: others could not see the lease, and it would stay open during requests.
        with transaction.atomic(durable=True):
            pass
        shown: dict[str, Any] = {
            "dry_run": options.dry_run,
            "page_size": options.page_size,
            "concurrency": options.concurrency,
        }
        catalog, access = options.catalog, access_to(options.catalog)  # if this fails, no lease is left open
        asked = shown | {"scope": options.scope}
        if options.changed:
            lease = Lease.acquire(catalog.name, **asked)
        else:
            lease = Lease.acquire_after_incremental_sync(
                catalog.name, options.should_stop or (lambda: False), **asked
            )
        log = EventLog(lease.run_id)
        shown["catalog"] = catalog.name
        log.info("started", catalog_api_url=access.shown_url, scope=options.scope.value, **shown)
        report = SyncReport(run_id=lease.run_id, status=Status.RUNNING.value, **shown)
        return cls(options, access, lease, log, report)

    @classmethod
    def rejoin(cls, row: SyncRun, options: SyncOptions) -> Run:
        """Return a sync run that another process has opened, with a new report."""
        report = SyncReport(
            run_id=row.pk,
            catalog=row.catalog,
            status=row.status,
            dry_run=row.dry_run,
            page_size=row.page_size,
            concurrency=row.concurrency,
        )
        started = time.monotonic() - (timezone.now() - row.started).total_seconds()
        access, lease, log = access_to(options.catalog), Lease(row.pk), EventLog(row.pk)
        return cls(options, access, lease, log, report, _started=started)

    def carry_out(self, work: Work) -> SyncReport:
        """Do the work and close the sync run, even if the work raises an exception."""
        status, message = Status.FAILED, UNEXPECTED_ERROR
        try:
            status, message = self.attempt(work)
        finally:
            self.close(status, message)
        return self.report

    def attempt(self, work: Work) -> tuple[SyncRun.Status, str]:
        """Do the work, and return the status and the message of the sync run."""
        if not self.access.api_url:
            return Status.FAILED, str(address_missing(self.access.source))
        requester = Requester(
            self.log,
            timeout_seconds=self.options.request_timeout_seconds,
            retry_deadline_seconds=self.options.retry_deadline_seconds,
            access=self.access,
        )
        client = CatalogClient(self.access.api_url, conf.fields(), requester, self.heartbeat)
        try:
            with idle_transactions_bounded(LEASE_SECONDS):
                work(client, self._writer())
        except Refused as refusal:
            return Status.REFUSED, str(refusal)
        except TooManyChanged as reason:
            return Status.SKIPPED, str(reason)
        except RequestFailed as error:
            return Status.FAILED, str(error) + page_size_advice(error, self.report)
        except (LeaseLost, Canceled, Stopped) as error:
            return Status.FAILED, str(error)
        except AnyDatabaseError as error:
            return Status.FAILED, database_failure(error)
        finally:
            requester.close()
            self.report.requests += client.requests
            self.report.retries += client.retries
            self.report.failures = len(self.failures)
            self.report.unchanged = max(0, self.report.matched - self.report.updated)
        status, message = outcome_of(self.failures, self.report.course_runs_rejected)
        return status, message or self.note

    def _writer(self) -> Writer:
        catalog, dry_run = self.options.catalog, self.options.dry_run
        has_other_catalogs = any(each.name != catalog.name for each in conf.catalogs())
        transactions = Transactions(self.lease, self.report, self.log, has_other_catalogs)
        statistics = Statistics(self.report, self.log, dry_run)
        return Writer(transactions, catalog, statistics, self.report, dry_run, self.heartbeat, self.rejected)

    def close(self, status: SyncRun.Status, message: str) -> None:
        """Store the report, release the lease, and log the end."""
        self.report.status, self.report.message = status.value, message
        self.report.duration_seconds = round(time.monotonic() - self._started, 3)
        # Not in attempt(): the process that concludes a distributed sync run logs the failures of all workers.
        log_summary(self.rejected, self.log)
        for failure in self.failures:
            self.log.error("not_applied", reason=failure)
        values = self.report.stored_values()
        notes: dict[str, Any] = {"log_lines": "\n".join(self.log.notable[:MOST_NOTABLE])}
        try:
            self.lease.close(**values, **notes)
        except AnyDatabaseError:
            # The connection is lost: try once more with a new one. If that fails too, the lease expires, and the next
            # sync run closes this one.
            connection.close()
            with suppress(AnyDatabaseError):
                self.lease.close(**values, **notes)
        if not self.options.dry_run:
            with suppress(AnyDatabaseError):  # the next sync run can delete the old rows
                self._tidy_up(status)
        log = self.log.info if self.report.is_fine else self.log.error
        log("finished", scope=self.options.scope.value, **values)
        self.log.monitor(values)

    def _tidy_up(self, status: SyncRun.Status) -> None:
        if self.options.scope == SyncRun.Scope.ALL:
            prune(self.options.keep_runs_days, self.options.catalog.name)
        elif self.options.changed and status is not Status.FAILED:
            delete_idle_incremental_runs(self.lease.run_id, self.options.catalog.name, status)

    def sync_course_keys(self, client: CatalogClient, writer: Writer) -> None:
        """Look up the requested course keys."""
        requested = set(self.options.course_keys or ())
        asked = {key for key in requested if self.options.catalog.covers(key)}
        self.report.of_other_orgs = len(requested) - len(asked)
        if not asked:
            return
        unlisted = asked & self._look_up(client, writer, asked)
        if unlisted and not self.report.course_overviews:
            self.note = f"Neither the Catalog nor the LMS has {', '.join(sorted(unlisted))}."
        self.report.not_in_catalog = course_overviews.count(
            {key for key in unlisted if not parent_of_ccx(key)}
        )

    def sync_changed(self, client: CatalogClient, writer: Writer) -> None:
        """Look up the course runs of the courses that the Catalog reports as changed."""
        catalog = self.options.catalog
        changed = {key for key in changed_course_keys(client, catalog.name) if catalog.covers(key)}
        if changed:
            self._look_up(client, writer, changed)

    def _look_up(self, client: CatalogClient, writer: Writer, asked: set[str]) -> set[str]:
        """Look up these course runs, the parents of CCX courses, and the CCX courses of parents."""
        parents = {parent for key in asked if (parent := parent_of_ccx(key))}
        ccx_keys: set[str] = set()
        for some in in_chunks(asked | parents):
            self.heartbeat()
            ccx_keys.update(key for chunk in course_overviews.ccx_chunks(some) for key, _ in chunk)
        try:
            return look_up_and_apply(client, writer, asked | parents | ccx_keys, self._most_removals())
        finally:
            writer.publish_ccx(asked | parents)
            self.report.course_overviews = course_overviews.count(asked | parents | ccx_keys)
            self.report.catalog_count = self.report.course_runs_retrieved

    def sync_all(self, client: CatalogClient, writer: Writer) -> None:
        """Read the whole list, then conclude the sync run."""
        self.report.course_overviews = course_overviews.count()
        page_size = self.report.page_size = page_sizes.choose(self.options, client)
        crawl = client.crawl(OverlappingPages(page_size), self.options.concurrency)
        try:
            for page in crawl.pages():
                self.heartbeat()
                writer.write_page(page)
                if self.options.on_progress:
                    self.options.on_progress(self.report.course_runs_retrieved, page.count)
        except RequestFailed:
            # The pages that were written may contain new URLs for CCX courses.
            writer.publish_ccx()
            raise
        except Stopped:
            writer.write_pending()
            raise
        finally:
            self.failures += crawl.failures
            self.report.seconds_per_page = client.seconds_per_page
        self.conclude(client, writer, complete=crawl.complete)

    def conclude(self, client: CatalogClient, writer: Writer, *, complete: bool) -> None:
        """Write pending changes, remove absent marketing URLs if the list is complete, publish to CCX courses."""
        writer.write_pending()
        if not complete and not self.failures:
            self.failures.append(
                "it could not be proven that every course run was read: run the command again"
            )
        try:
            if complete:
                self._remove_absent(client, writer)
        finally:
            writer.publish_ccx()
            self.report.course_overviews = course_overviews.count()
            if complete:
                self.report.not_in_catalog = max(0, self.report.course_overviews - self.report.matched)

    def _remove_absent(self, client: CatalogClient, writer: Writer) -> None:
        candidates, most_removals = find_candidates(writer), self._most_removals()
        check_candidates(candidates, writer, most_removals)
        try:
            look_up_and_apply(client, writer, candidates.keys, most_removals)
        except RequestFailed as error:
            # Without a look-up there is no proof, so these URLs stay. The changes from the pages are already applied.
            self.failures.append(
                f"not all of {len(candidates.keys)} course runs could be looked up by key: {error.clause}"
            )

    def _most_removals(self) -> int | None:
        return None if self.options.allow_removals else self.options.max_removal_percent

    def heartbeat(self) -> None:
        """Renew the lease if it is due; raise ``Stopped`` if the caller requested that the sync run stops."""
        if self.options.should_stop and self.options.should_stop():
            raise Stopped
        self.lease.renew_if_due()
