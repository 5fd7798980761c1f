"""Writing a page: record it in the replica, publish it to the course overviews, in one short transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import stamina
from django.db import transaction
from django.db.models import F, Max

from catalog_sync import overviews, replica
from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.databases import in_chunks, is_conflict
from catalog_sync.events import EventLog
from catalog_sync.lease import Lease
from catalog_sync.models import CatalogCourseRun
from catalog_sync.overviews import Difference
from catalog_sync.replica import NOTHING, Held, StoredRun
from catalog_sync.sync.judgment import Judgment, judge
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.seen import Seen

T = TypeVar("T")

# A deadlock or a lock-wait time-out is another writer's; the page is tried again this often before it counts.
TRANSACTION_ATTEMPTS = 4

# Changes wait for others to share a transaction with, but no longer than this.
LONGEST_WAIT_SECONDS = 2.0

# The numbers of the report that an operator may watch while the run goes on.
PROGRESS = ("pages", "course_runs_retrieved", "updated")


@dataclass
class Writer:
    """The one that writes, page by page. In a dry run it does all the same and writes nothing.

    Attributes:
        lease: renewed first thing in every transaction, so that a writer that lost it cannot write.
        newest_row: the newest row of the replica before this run; later rows are this run's own.
        met: the older rows that the Catalog has shown.
        settled: those of them for which nothing is to be taken away.
        already_counted: keys that this run or a neighbor of it has counted, and no row tells.
    """

    lease: Lease
    report: SyncReport
    log: EventLog
    dry_run: bool
    met: Seen = field(default_factory=Seen)
    settled: Seen = field(default_factory=Seen)
    newest_row: int = 0
    already_counted: set[str] = field(default_factory=set)
    _rejected: set[str] = field(default_factory=set)
    _stored: dict[str, int] = field(default_factory=dict)
    _ccx_sources: set[str] | None = None
    _pretended: dict[str, Held | None] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _waiting: dict[str, CourseRun] = field(default_factory=dict)
    _transacted_at: float = field(default_factory=time.monotonic)
    _all_changes: bool = False

    def __post_init__(self) -> None:
        self.newest_row = CatalogCourseRun.objects.aggregate(newest=Max("id"))["newest"] or 0
        self._all_changes = not self.newest_row

    def write_page(self, page: Page) -> None:
        """Write one page of the list, or let its few changes wait for those of the next pages."""
        self.report.pages += 1
        self.report.catalog_count = page.count
        self.log.debug(
            "page_retrieved",
            page=self.report.pages,
            course_runs=len(page.course_runs),
            catalog_count=page.count,
        )
        if self.dry_run or self._all_changes:
            updated = self.report.updated
            judgment = self.write(page)
            changed = max(len(judgment.changes), self.report.updated - updated)
        else:
            changed = self._look_at(page)
            if 2 * len(self._waiting) > len(page.course_runs) or self._is_time():
                self.write_waiting()
        # Looking first is for pages that are mostly as they were.
        self._all_changes = 2 * changed > len(page.course_runs)

    def _look_at(self, page: Page) -> int:
        """Count the course runs that are as they should be, and let the others wait; return how many these are.

        No transaction and no lock: whoever publishes meanwhile takes from the replica what is right already.
        """
        stored = replica.read([course_run.key for course_run in page.course_runs])
        judgment = judge(page, stored)
        same = {key: held for key, held in judgment.shown.items() if key not in judgment.changes}
        difference = overviews.compare(replica.with_pins(same, stored))
        changed = judgment.changes.keys() | set(difference.differing)
        # What a window shares with the one before was said later here.
        before = {key: each for key, each in self._waiting.items() if key not in judgment.held}
        self._waiting = before | {each.key: each for each in page.course_runs if each.key in changed}
        self._count(same.keys() - changed, stored, difference)
        self._settle(judgment.settled - changed, judgment, stored)
        self._count_rejected(judgment.rejected)
        return len(changed)

    def _is_time(self) -> bool:
        return time.monotonic() - self._transacted_at >= LONGEST_WAIT_SECONDS

    def write_waiting(self) -> None:
        """Write the changes that wait, and show how far the run has come."""
        waiting, self._waiting = tuple(self._waiting.values()), {}
        if waiting:
            self._write(Page(waiting, (), len(waiting), self.report.catalog_count))
        elif self._is_time():
            self.transact(lambda: None)

    def write(self, page: Page) -> Judgment:
        """Write the course runs of one reply, after those that wait, and count what came of it."""
        self.write_waiting()
        return self._write(page)

    def _write(self, page: Page) -> Judgment:
        def record_and_publish() -> tuple[dict[str, StoredRun], Judgment, Difference, int]:
            # The replica first: a course overview that is re-created meanwhile finds either the lock or the row.
            stored = replica.read([course_run.key for course_run in page.course_runs])
            judgment = judge(page, stored)
            if not self.dry_run:
                replica.record(judgment.changes)
            difference = overviews.compare(replica.with_pins(judgment.shown, stored))
            if self.dry_run:
                self._pretend(judgment.changes)
                return stored, judgment, difference, 0
            return stored, judgment, difference, self._publish(difference.differing, judgment.doubtful)

        stored, judgment, difference, updated = self.transact(record_and_publish)
        first = self._count(judgment.held, stored, difference)
        self._settle(judgment.settled, judgment, stored)
        if self.dry_run:
            # What a window shares with the one before would have been written by then.
            told = first.intersection(difference.differing)
            pinned = {key for key in told if key in stored and stored[key].pinned_url}
            self._told |= pinned | (told & (self._ccx_sources or set()))
            updated = len(told)
        self.report.updated += updated
        self._count_rejected(judgment.rejected)
        return judgment

    def _publish(self, differing: list[str], doubtful: set[str]) -> int:
        return overviews.copy_from_replica([key for key in differing if key not in doubtful]) + (
            overviews.copy_from_replica(doubtful.intersection(differing), catalog_url=False)
        )

    def _count(
        self, keys: Iterable[str], stored: Mapping[str, StoredRun], difference: Difference
    ) -> set[str]:
        """Count the course runs that this run meets for the first time, and return them."""
        first = {key for key in keys if self._is_first(key, stored.get(key))}
        matched = len(first.intersection(difference.met))
        self.report.course_runs_retrieved += len(first)
        self.report.matched += matched
        self.report.not_in_lms += len(first) - matched
        return first

    def publish_ccx(self, parents: Collection[str] = ()) -> None:
        """Give the LMS's CCX courses the marketing URL of their parent run, where they have none of their own.

        Pinned course overviews come first: no page may have shown their run.
        """
        self.write_waiting()
        self._publish_pins(parents)
        for chunk in overviews.ccx_chunks(parents):

            def publish(chunk: list[tuple[str, str | None]] = chunk) -> tuple[int, int]:
                inheriting, held = replica.inheriting_and_held_for([key for key, _ in chunk], self._pretended)
                differing = {
                    key: url
                    for key, shown in chunk
                    if key in held and (url := held[key].marketing_url) and url != shown
                }
                # One that the Catalog lists itself was met on a page.
                if self.dry_run:
                    return len(inheriting), len(differing.keys() - self._told)
                return len(inheriting), overviews.copy_marketing_urls(differing)

            matched, updated = self.transact(publish)
            self.report.matched += matched
            self.report.updated += updated

    def _publish_pins(self, course_keys: Collection[str]) -> None:
        for chunk in in_chunks(replica.pinned(course_keys)):

            def publish(chunk: list[str] = chunk) -> int:
                pins = {key: Held(marketing_url=row.pinned_url) for key, row in replica.read(chunk).items()}
                differing = overviews.compare(pins).differing
                if self.dry_run:
                    told = set(differing) - self._told
                    self._told |= told
                    return len(told)
                return overviews.copy_from_replica(differing)

            self.report.updated += self.transact(publish)

    def remove(self, gone: Collection[str], listed: dict[str, Held], clearing: Collection[str]) -> None:
        """Take marketing URLs away.

        Args:
            gone: the course keys for which the Catalog has no marketing URL.
            listed: what the replica is to hold of those that the Catalog still lists.
            clearing: the course overviews that lose theirs.
        """

        def take_away() -> int:
            if self.dry_run:
                self._pretend({key: listed.get(key) for key in gone})
                return overviews.count_showing(clearing)
            replica.forget([key for key in gone if key not in listed])
            replica.record(listed)
            return overviews.clear(clearing)

        self.report.removed += self.transact(take_away)

    def transact(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that holds the lease; again if the database broke it off for another."""
        progress = self._progress()
        # Added, not set: several writers of one run may share the row.
        added = {name: F(name) + value - self._stored.get(name, 0) for name, value in progress.items()}
        retrying = stamina.retry_context(
            on=is_conflict, attempts=TRANSACTION_ATTEMPTS, timeout=None, wait_initial=0.05, wait_jitter=0.1
        )
        for attempt in retrying:
            if attempt.num > 1:
                self.log.warning("transaction_retried", attempt=attempt.num)
            # Durable: what is written must not hang on a transaction around it, nor hold its locks between pages.
            with attempt, transaction.atomic(durable=True):
                self.lease.renew(catalog_count=self.report.catalog_count, **added)
                result = work()
        self._stored = progress
        self._transacted_at = time.monotonic()
        return result

    def _pretend(self, changes: Mapping[str, Held | None]) -> None:
        """Remember, in a dry run, what CCX courses would be given. No other page depends on one before it."""
        if self._ccx_sources is None:
            keys = {key for chunk in overviews.ccx_chunks() for key, _ in chunk}
            self._ccx_sources = keys | {parent for key in keys if (parent := replica.parent_of_ccx(key))}
        self._pretended |= {key: held for key, held in changes.items() if key in self._ccx_sources}

    def mark_stored(self) -> None:
        """Take the numbers of the report as stored: others have added them."""
        self._stored = self._progress()

    def _progress(self) -> dict[str, int]:
        return {name: getattr(self.report, name) for name in PROGRESS}

    def _is_first(self, key: str, row: StoredRun | None) -> bool:
        """Tell whether this run meets the course run for the first time; windows overlap."""
        if row is not None and row.id > self.newest_row and not row.is_listed:
            row = None  # an operator has pinned it meanwhile
        if row is not None and row.id > self.newest_row:
            return False  # counted by whoever inserted it
        if row is not None:
            return self.met.add(row.id) and key not in self.already_counted
        if not self.dry_run:
            return True
        is_new = key not in self.already_counted
        self.already_counted.add(key)
        return is_new

    def _settle(self, keys: Collection[str], judgment: Judgment, stored: dict[str, StoredRun]) -> None:
        for key in keys:
            if (row := stored.get(key)) is None:
                continue
            # Settled rows are counted against listed ones, so what is there for a pin alone must not be among them.
            is_listed = row.is_listed or (not self.dry_run and judgment.held.get(key, NOTHING) != NOTHING)
            if is_listed and row.id <= self.newest_row:
                self.settled.add(row.id)

    def _count_rejected(self, rejected: Iterable[RejectedRecord]) -> None:
        for record in rejected:
            identity = record.key or f"{record.reason} {len(self._rejected)}"
            if identity in self._rejected:
                continue
            self._rejected.add(identity)
            self.report.course_runs_rejected += 1
            self.log.warning("course_run_rejected", course_key=record.key, reason=record.reason)
