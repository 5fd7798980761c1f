"""Writing a page: record it in the replica, publish it to the course overviews, in one short transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from django.db.models import Max

from catalog_sync import overviews, replica
from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.databases import in_chunks
from catalog_sync.events import EventLog
from catalog_sync.models import CatalogCourseRun
from catalog_sync.overviews import Difference
from catalog_sync.replica import NOTHING, Held, StoredRun
from catalog_sync.sync.claim import Claim, Contest, with_parents
from catalog_sync.sync.judgment import Judgment, judge
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.seen import Seen
from catalog_sync.sync.transactions import Transactions

T = TypeVar("T")

# Changes wait for others to share a transaction with, but no longer than this.
LONGEST_WAIT_SECONDS = 2.0


@dataclass
class Writer:
    """The one that writes, page by page. In a dry run it does all the same and writes nothing.

    Attributes:
        claim: which course runs are the Catalog's.
        newest_row: the newest row of the replica before this run; later rows are this run's own.
        met: the older rows that the Catalog has shown.
        settled: those of them for which nothing is to be taken away.
        already_counted: keys that this run or a neighbor of it has counted, and no row tells.
        contested: keys that were reported as another Catalog's, too.
    """

    transactions: Transactions
    claim: Claim
    report: SyncReport
    log: EventLog
    dry_run: bool
    met: Seen = field(default_factory=Seen)
    settled: Seen = field(default_factory=Seen)
    newest_row: int = 0
    already_counted: set[str] = field(default_factory=set)
    contested: set[str] = field(default_factory=set)
    _rejected: set[str] = field(default_factory=set)
    _passed_over: frozenset[str] = frozenset()
    _ccx_sources: set[str] | None = None
    _pretended: dict[str, Held | None] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _waiting: dict[str, CourseRun] = field(default_factory=dict)
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
        page = self._believed(page)
        if self.dry_run or self._all_changes:
            updated = self.report.updated
            judgment = self._write_after_waiting(page)
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
        judgment = judge(page, stored, self.claim)
        same = {key: held for key, held in judgment.shown.items() if key not in judgment.changes}
        difference = overviews.compare(replica.with_pins(same, stored))
        changed = judgment.changes.keys() | set(difference.differing)
        # What a window shares with the one before was said later here.
        before = {key: each for key, each in self._waiting.items() if key not in judgment.held}
        self._waiting = before | {each.key: each for each in page.course_runs if each.key in changed}
        self._count(same.keys() - changed, stored, difference)
        self._settle(judgment.settled - changed, judgment, stored)
        self._count_rejected(judgment.rejected)
        self._count_contests(judgment.contests)
        return len(changed)

    def _is_time(self) -> bool:
        return time.monotonic() - self.transactions.ended_at >= LONGEST_WAIT_SECONDS

    def write_waiting(self) -> None:
        """Write the changes that wait, and show how far the run has come."""
        waiting, self._waiting = tuple(self._waiting.values()), {}
        if waiting:
            self._write(Page(waiting, (), len(waiting), self.report.catalog_count))
        elif self._is_time():
            self.transact(lambda: None)

    def write(self, page: Page) -> Judgment:
        """Write the course runs of one reply, after those that wait, and count what came of it."""
        return self._write_after_waiting(self._believed(page))

    def _write_after_waiting(self, page: Page) -> Judgment:
        self.write_waiting()
        return self._write(page)

    def _believed(self, page: Page) -> Page:
        """Return the page without the course runs of organizations for which the Catalog is not believed."""
        covers = self.claim.catalog.covers
        if self.claim.catalog.orgs is None:
            return page
        runs = tuple(run for run in page.course_runs if covers(run.key))
        # A record without a readable key may be anybody's.
        rejected = tuple(record for record in page.rejected if not record.key or covers(record.key))
        passed_over = page.keys().difference(run.key for run in runs).difference(r.key for r in rejected)
        # A window shares course runs with the one before it only.
        self.report.of_other_orgs += len(passed_over - self._passed_over - self.already_counted)
        self._passed_over = passed_over
        return msgspec.structs.replace(page, course_runs=runs, rejected=rejected)

    def _write(self, page: Page) -> Judgment:
        def record_and_publish() -> tuple[dict[str, StoredRun], Judgment, Difference, int]:
            # The replica first: a course overview that is re-created meanwhile finds either the lock or the row.
            stored = replica.read([course_run.key for course_run in page.course_runs])
            judgment = judge(page, stored, self.claim)
            if not self.dry_run:
                replica.record(judgment.changes, self.claim.catalog.name)
            difference = overviews.compare(replica.with_pins(judgment.shown, stored))
            if self.dry_run:
                self._pretend(judgment.changes)
                return stored, judgment, difference, 0
            updated = overviews.copy_from_replica(difference.differing, judgment.doubtful)
            return stored, judgment, difference, updated

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
        self._count_contests(judgment.contests)
        return judgment

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
            # Looked at once more: another Catalog may have come to provide some of them.
            rows = replica.read(with_parents(gone))
            mine = {key for key in gone if self.claim.may_write(rows.get(key), has_url=False)}
            clearable = self.claim.clearable(clearing, rows)
            if self.dry_run:
                self._pretend({key: listed.get(key) for key in mine})
                return overviews.count_showing(clearable)
            name = self.claim.catalog.name
            replica.forget([key for key in gone if key not in listed], name)
            replica.record({key: held for key, held in listed.items() if key in mine}, name)
            return overviews.clear(clearable)

        self.report.removed += self.transact(take_away)

    def transact(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that holds the lease."""
        return self.transactions.run(work)

    def _pretend(self, changes: Mapping[str, Held | None]) -> None:
        """Remember, in a dry run, what CCX courses would be given. No other page depends on one before it."""
        if self._ccx_sources is None:
            keys = {key for chunk in overviews.ccx_chunks() for key, _ in chunk}
            self._ccx_sources = keys | {parent for key in keys if (parent := replica.parent_of_ccx(key))}
        self._pretended |= {key: held for key, held in changes.items() if key in self._ccx_sources}

    def _is_first(self, key: str, row: StoredRun | None) -> bool:
        """Tell whether this run meets the course run for the first time; windows overlap."""
        if row is not None and row.id > self.newest_row and not row.is_listed:
            row = None  # an operator has pinned it meanwhile
        if row is not None and row.id <= self.newest_row:
            return self.met.add(row.id) and key not in self.already_counted
        if self.dry_run or self.claim.others:
            # Its row does not tell: another Catalog may have inserted it, or have taken it over.
            return self._is_new(key)
        # Counted by whoever inserted it; unless that was the sync of another Catalog.
        return row is None or (not self.claim.owns(row) and self._is_new(key))

    def _is_new(self, key: str) -> bool:
        is_new = key not in self.already_counted
        self.already_counted.add(key)
        return is_new

    def _settle(self, keys: Collection[str], judgment: Judgment, stored: dict[str, StoredRun]) -> None:
        for key in keys:
            if (row := stored.get(key)) is None:
                continue
            # Settled rows are counted against listed ones, so what is there for a pin alone must not be among them.
            is_listed = row.is_listed or (not self.dry_run and judgment.held.get(key, NOTHING) != NOTHING)
            if not self.claim.owns(row) and (self.dry_run or key not in judgment.changes):
                continue  # another Catalog's, and not taken over
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

    def _count_contests(self, contests: Mapping[str, Contest]) -> None:
        new = sorted(contests.keys() - self.contested)
        self.contested.update(new)
        self.report.in_other_catalogs += len(new)
        for key in new:
            passed_over, kept = contests[key]
            # Nothing to be put right at once, and the same at each sync: not among a run's warnings.
            self.log.info("course_run_in_two_catalogs", course_key=key, catalog=passed_over, kept=kept)
