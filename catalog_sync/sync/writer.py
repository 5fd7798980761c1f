"""Writing a page: record it in the replica, publish it to the course overviews, in one short transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.course_keys import is_course_key, parent_of_ccx
from catalog_sync.store import course_overviews, course_runs
from catalog_sync.store.course_overviews import Difference
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.store.sql import in_chunks
from catalog_sync.sync.changeset import Changeset, compute_changes
from catalog_sync.sync.ownership import Ownership, with_parents
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.statistics import Statistics
from catalog_sync.sync.transactions import Transactions

T = TypeVar("T")

# Changes wait for others to share a transaction with, but no longer than this.
LONGEST_WAIT_SECONDS = 2.0


class Written(NamedTuple):
    """What one page meant, and how many course overviews were updated for it."""

    changeset: Changeset
    updated: int


@dataclass
class Writer:
    """The one that writes, page by page. In a dry run it does all the same and writes nothing.

    Attributes:
        claim: which course runs are the Catalog's.
        tally: what the run has met so far.
        tick: to be called about twice a second by whoever reads for long and writes nothing; what it raises ends that.
    """

    transactions: Transactions
    ownership: Ownership
    statistics: Statistics
    report: SyncReport
    dry_run: bool
    heartbeat: Callable[[], None]
    _ccx_sources: set[str] | None = None
    _simulated: dict[str, CatalogData | None] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)
    _pending: dict[str, CourseRun] = field(default_factory=dict)
    _all_changes: bool = False

    def __post_init__(self) -> None:
        self._all_changes = not self.statistics.newest_id

    def write_page(self, page: Page) -> None:
        """Write one page of the list, or let its few changes wait for those of the next pages."""
        self.statistics.count_page(page)
        page = self._within_orgs(page)
        if self.dry_run or self._all_changes:
            self.write_pending()
            written = self._write(page)
            changed = max(len(written.changeset.changes), written.updated)
        else:
            changed = self._look_at(page)
            if 2 * len(self._pending) > len(page.course_runs) or self._is_time():
                self.write_pending()
        # Looking first is for pages that are mostly as they were.
        self._all_changes = 2 * changed > len(page.course_runs)

    def _look_at(self, page: Page) -> int:
        """Count the course runs that are as they should be, and let the others wait; return how many these are.

        No transaction and no lock: whoever publishes meanwhile takes from the replica what is right already.
        """
        keys = _course_keys_of(page)
        shown, stored = course_overviews.read_joined(keys)
        # What the LMS does not have, or the replica does not have yet: often nothing.
        stored |= course_runs.read([key for key in keys if key not in stored])
        changeset = compute_changes(page, stored, self.ownership)
        same = {key: held for key, held in changeset.shown.items() if key not in changeset.changes}
        difference = course_overviews.difference(shown, course_runs.apply_pins(same, stored))
        changed = changeset.changes.keys() | set(difference.differing)
        # What a window shares with the one before was said later here.
        before = {key: each for key, each in self._pending.items() if key not in changeset.held}
        self._pending = before | {each.key: each for each in page.course_runs if each.key in changed}
        self.statistics.count(same.keys() - changed, stored, difference)
        self.statistics.settle(changeset.confirmed - changed, changeset, stored)
        self.statistics.count_faults(changeset)
        return len(changed)

    def _is_time(self) -> bool:
        return time.monotonic() - self.transactions.ended_at >= LONGEST_WAIT_SECONDS

    def write_pending(self) -> None:
        """Write the changes that wait, and show how far the run has come."""
        waiting, self._pending = tuple(self._pending.values()), {}
        if waiting:
            self._write(Page(waiting, (), len(waiting), self.report.catalog_count))
        elif self._is_time():
            self.transact(lambda: None)

    def write(self, page: Page) -> Changeset:
        """Write the course runs of one reply, after those that wait, and count what came of it."""
        self.write_pending()
        return self._write(self._within_orgs(page)).changeset

    def _within_orgs(self, page: Page) -> Page:
        """Return the page without the course runs of organizations for which the Catalog is not believed."""
        if self.ownership.catalog.orgs is None:
            return page
        covers = self.ownership.catalog.covers
        runs = tuple(run for run in page.course_runs if covers(run.key))
        # A record without a readable key may be anybody's.
        rejected = tuple(record for record in page.rejected if not record.key or covers(record.key))
        passed_over = page.keys().difference(run.key for run in runs).difference(r.key for r in rejected)
        self.statistics.count_of_other_orgs(passed_over)
        return msgspec.structs.replace(page, course_runs=runs, rejected=rejected)

    def _write(self, page: Page) -> Written:
        def record_and_publish() -> tuple[dict[str, StoredCourseRun], Changeset, Difference, int]:
            # The replica first: a course overview that is re-created meanwhile finds either the lock or the row.
            stored = course_runs.read(_course_keys_of(page))
            changeset = compute_changes(page, stored, self.ownership)
            if not self.dry_run:
                course_runs.record(changeset.changes, self.ownership.catalog.name)
            difference = course_overviews.compare(course_runs.apply_pins(changeset.shown, stored))
            if self.dry_run:
                self._simulate(changeset.changes)
                return stored, changeset, difference, 0
            updated = course_overviews.copy_stored_values(difference.differing, changeset.unconfirmed)
            return stored, changeset, difference, updated

        stored, changeset, difference, updated = self.transact(record_and_publish)
        first = self.statistics.count(changeset.held, stored, difference)
        self.statistics.settle(changeset.confirmed, changeset, stored)
        if self.dry_run:
            # What a window shares with the one before would have been written by then.
            told = first.intersection(difference.differing)
            pinned = {key for key in told if key in stored and stored[key].pinned_url}
            self._reported |= pinned | (told & (self._ccx_sources or set()))
            updated = len(told)
        self.report.updated += updated
        self.statistics.count_faults(changeset)
        return Written(changeset, updated)

    def publish_ccx(self, parents: Collection[str] = ()) -> None:
        """Give the LMS's CCX courses the marketing URL of their parent run, where they have none of their own.

        Pinned course overviews come first: no page may have shown their run.
        """
        self.write_pending()
        self._publish_pins(parents)
        for chunk in course_overviews.ccx_chunks(parents):

            def publish(chunk: list[tuple[str, str | None]] = chunk) -> tuple[int, int]:
                held, inheriting = course_runs.published_data_for([key for key, _ in chunk], self._simulated)
                differing = {
                    key: url
                    for key, shown in chunk
                    if key in held and (url := held[key].marketing_url) and url != shown
                }
                # One that the Catalog lists itself was met on a page.
                matched = sum(map(self.statistics.has_seen, inheriting.values()))
                if self.dry_run:
                    return matched, len(differing.keys() - self._reported)
                return matched, course_overviews.copy_marketing_urls(differing)

            matched, updated = self.transact(publish)
            self.report.matched += matched
            self.report.updated += updated

    def _publish_pins(self, course_keys: Collection[str]) -> None:
        for chunk in in_chunks(course_runs.pinned(course_keys)):

            def publish(chunk: list[str] = chunk) -> tuple[list[str], int]:
                pins = {
                    key: CatalogData(marketing_url=row.pinned_url)
                    for key, row in course_runs.read(chunk).items()
                }
                differing = course_overviews.compare(pins).differing
                return differing, 0 if self.dry_run else course_overviews.copy_stored_values(differing)

            differing, updated = self.transact(publish)
            if self.dry_run:
                told = set(differing) - self._reported
                self._reported |= told
                updated = len(told)
            self.report.updated += updated

    def remove(
        self, gone: Collection[str], listed: dict[str, CatalogData], to_clear: Collection[str]
    ) -> None:
        """Take marketing URLs away.

        Args:
            gone: the course keys for which the Catalog has no marketing URL.
            listed: what the replica is to hold of those that the Catalog still lists.
            to_clear: the course overviews that lose theirs.
        """

        def take_away() -> int:
            # Looked at once more: another Catalog may have come to provide some of them.
            rows = course_runs.read(with_parents(gone))
            mine = {key for key in gone if self.ownership.may_write(rows.get(key), has_url=False)}
            clearable = self.ownership.clearable(to_clear, rows)
            if self.dry_run:
                self._simulate({key: listed.get(key) for key in mine})
                return course_overviews.count_with_removable_url(clearable)
            name = self.ownership.catalog.name
            course_runs.delete_course_runs([key for key in gone if key not in listed], name)
            course_runs.record({key: held for key, held in listed.items() if key in mine}, name)
            return course_overviews.clear(clearable)

        self.report.removed += self.transact(take_away)

    def transact(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that holds the lease."""
        return self.transactions.run(work)

    def _simulate(self, changes: Mapping[str, CatalogData | None]) -> None:
        """Remember, in a dry run, what CCX courses would be given. No other page depends on one before it."""
        if self._ccx_sources is None:
            keys = {key for chunk in course_overviews.ccx_chunks() for key, _ in chunk}
            self._ccx_sources = keys | {parent for key in keys if (parent := parent_of_ccx(key))}
        self._simulated |= {key: held for key, held in changes.items() if key in self._ccx_sources}


def _course_keys_of(page: Page) -> list[str]:
    """Return the course keys on the page, of malformed records, too: their rows are settled."""
    # What is no course key may hold what a database refuses.
    return [run.key for run in page.course_runs] + [
        each.key for each in page.rejected if is_course_key(each.key)
    ]
