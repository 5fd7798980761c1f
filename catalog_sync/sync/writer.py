"""Writing a page: store it, then publish it to the course overviews, in one short transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from catalog_sync import conf
from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.conf import Catalog
from catalog_sync.course_keys import is_course_key, parent_of_ccx
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.course_overviews import Difference
from catalog_sync.store.course_runs import CatalogData, StoredData
from catalog_sync.store.sql import in_chunks
from catalog_sync.sync.changeset import Changeset, compute_changes
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.statistics import Statistics, conflicts
from catalog_sync.sync.transactions import Transactions

T = TypeVar("T")

# Changes wait for others to share a transaction with, but no longer than this.
LONGEST_WAIT_SECONDS = 2.0


class Written(NamedTuple):
    """The changes of one page, and how many course overviews were updated."""

    changeset: Changeset
    updated: int


class Publication(NamedTuple):
    """The data to publish for the course runs of a page.

    Attributes:
        data: by course key.
        unconfirmed: the course keys whose marketing URL the Catalog does not list any more. It stays on the course
            overview until a look-up confirms that it is gone, and it is not written to any other course overview.
    """

    data: dict[str, CatalogData]
    unconfirmed: set[str]


@dataclass
class Writer:
    """Writes the pages of a sync run. A dry run does the same and writes nothing.

    Attributes:
        catalog: the Catalog that the sync run reads.
        heartbeat: to call about twice a second while reading for a long time; it may raise to end the sync run.
        listed_in_dry_run: in a dry run, the course keys for which the Catalog lists a usable marketing URL.
    """

    transactions: Transactions
    catalog: Catalog
    statistics: Statistics
    report: SyncReport
    dry_run: bool
    heartbeat: Callable[[], None]
    listed_in_dry_run: set[str] = field(default_factory=set)
    _ccx_sources: set[str] | None = None
    _simulated: dict[str, CatalogData | None] = field(default_factory=dict)
    _without_unnamed: set[str] = field(default_factory=set)
    _reported: set[str] = field(default_factory=set)
    _pending: dict[str, CourseRun] = field(default_factory=dict)
    _all_changes: bool = False

    def __post_init__(self) -> None:
        self._all_changes = not self.statistics.newest_id

    @property
    def other_catalogs(self) -> list[Catalog]:
        """The other Catalogs that are named."""
        return [each for each in conf.catalogs() if each.name != self.catalog.name]

    def write_page(self, page: Page) -> None:
        """Write one page of the list, or let its few changes wait for those of the next pages."""
        self.statistics.count_page(page)
        page = self._within_orgs(page)
        if self.dry_run or self._all_changes:
            self.write_pending()
            written = self._write(page)
            changed = max(len(written.changeset.changes), written.updated)
        else:
            changed = self._compare(page)
            if 2 * len(self._pending) > len(page.course_runs) or self._is_time():
                self.write_pending()
        # If most course runs of this page changed, write the next page without comparing it first.
        self._all_changes = 2 * changed > len(page.course_runs)

    def _compare(self, page: Page) -> int:
        """Count the course runs that are up to date, and let the others wait; return how many wait.

        Without a transaction: a course that is published meanwhile takes its values from the stored course run.
        """
        keys = _course_keys_of(page)
        shown, stored = course_overviews.read_joined(keys)
        # Those that the LMS does not have, or that are not stored: often none.
        rest = course_runs.read([key for key in keys if key not in stored.course_runs])
        stored.course_runs.update(rest.course_runs)
        stored.pins.update(rest.pins)
        own = stored.of_catalog(self.catalog.name)
        changeset = compute_changes(page, own)
        data = self._publication(changeset, stored).data
        same = {key: each for key, each in data.items() if key not in changeset.changes}
        difference = course_overviews.difference(shown, same)
        changed = changeset.changes.keys() | set(difference.differing)
        # A course run that is on the previous page, too, is newer on this one.
        before = {key: each for key, each in self._pending.items() if key not in changeset.data}
        self._pending = before | {each.key: each for each in page.course_runs if each.key in changed}
        self.statistics.count(same.keys() - changed, own, difference)
        self.statistics.confirm(changeset.confirmed - changed, own)
        self.statistics.count_faults(changeset, conflicts(changeset, stored, self.catalog.name))
        return len(changed)

    def _publication(self, changeset: Changeset, stored: StoredData) -> Publication:
        data = precedence.published_after(changeset.data, stored, self.catalog.name)
        # Identity: the pin, or the course run of another Catalog, may be published instead.
        unconfirmed = {key for key in changeset.unconfirmed if data[key] is changeset.data[key]}
        data.update({key: data[key]._replace(marketing_url=None) for key in unconfirmed})
        return Publication(data, unconfirmed)

    def _is_time(self) -> bool:
        return time.monotonic() - self.transactions.ended_at >= LONGEST_WAIT_SECONDS

    def write_pending(self) -> None:
        """Write the changes that wait, and store the progress."""
        waiting, self._pending = tuple(self._pending.values()), {}
        if waiting:
            self._write(Page(waiting, (), len(waiting), self.report.catalog_count))
        elif self._is_time():
            self.transact(lambda: None)

    def write(self, page: Page) -> Changeset:
        """Write the course runs of one reply, after those that wait, and count them."""
        self.write_pending()
        return self._write(self._within_orgs(page)).changeset

    def _within_orgs(self, page: Page) -> Page:
        """Return the page without the course runs that are ignored because of their organization."""
        if self.catalog.orgs is None:
            return page
        covers = self.catalog.covers
        runs = tuple(run for run in page.course_runs if covers(run.key))
        # A record without a readable key may be of any organization.
        rejected = tuple(record for record in page.rejected if not record.key or covers(record.key))
        ignored = page.keys().difference(run.key for run in runs).difference(r.key for r in rejected)
        self.statistics.count_of_other_orgs(ignored)
        return msgspec.structs.replace(page, course_runs=runs, rejected=rejected)

    def _write(self, page: Page) -> Written:
        name = self.catalog.name

        def record_and_publish() -> tuple[StoredData, Changeset, Difference, int]:
            # Store first: a course overview that is created meanwhile finds either the lock or the stored course run.
            stored = course_runs.read(_course_keys_of(page))
            changeset = compute_changes(page, stored.of_catalog(name))
            if not self.dry_run:
                course_runs.record(changeset.changes, name)
            data, unconfirmed = self._publication(changeset, stored)
            difference = course_overviews.compare(data)
            if self.dry_run:
                self.simulate(changeset.changes)
                self.listed_in_dry_run |= {key for key, each in changeset.data.items() if each.marketing_url}
                return stored, changeset, difference, 0
            updated = course_overviews.copy_published_values(difference.differing, unconfirmed)
            return stored, changeset, difference, updated

        stored, changeset, difference, updated = self.transact(record_and_publish)
        own = stored.of_catalog(name)
        first = self.statistics.count(changeset.data, own, difference)
        self.statistics.confirm(changeset.confirmed, own)
        if self.dry_run:
            # Course runs that the previous page had, too, would have been written by then.
            reported = first.intersection(difference.differing)
            self._reported |= reported.intersection(stored.pins) | (reported & (self._ccx_sources or set()))
            updated = len(reported)
        self.report.updated += updated
        self.statistics.count_faults(changeset, conflicts(changeset, stored, name))
        return Written(changeset, updated)

    def publish_ccx(self, parents: Collection[str] = ()) -> None:
        """Publish pinned URLs, then to CCX courses without a URL of their own that of their parent run.

        Pins are published here for courses that are on no page.
        """
        self.write_pending()
        self._publish_pins(parents)
        for chunk in course_overviews.ccx_chunks(parents):

            def publish(chunk: list[tuple[str, str | None]] = chunk) -> tuple[int, int]:
                keys = [key for key, _ in chunk]
                stored = course_runs.read(precedence.with_parents(keys))
                own = stored.of_catalog(self.catalog.name)
                after = self.simulated(stored, keys)
                published = precedence.published_with_parents(keys, after)
                differing = {
                    key: url
                    for key, shown in chunk
                    if key in published and (url := published[key].marketing_url) and url != shown
                }
                # A CCX course that the Catalog lists itself was counted on its page.
                listed = after.of_catalog(self.catalog.name)
                inherited = [parent_of_ccx(key) or "" for key in keys if key not in listed]
                matched = sum(self.statistics.has_seen(own.get(key)) for key in inherited if key in listed)
                if self.dry_run:
                    return matched, len(differing.keys() - self._reported)
                return matched, course_overviews.copy_marketing_urls(differing)

            matched, updated = self.transact(publish)
            self.report.matched += matched
            self.report.updated += updated

    def _publish_pins(self, course_keys: Collection[str]) -> None:
        for chunk in in_chunks(course_runs.pinned(course_keys)):

            def publish(chunk: list[str] = chunk) -> tuple[list[str], int]:
                pins = course_runs.pinned(chunk)
                data = {key: CatalogData(marketing_url=url) for key, url in pins.items()}
                differing = course_overviews.compare(data).differing
                if self.dry_run:
                    return differing, 0
                return differing, course_overviews.copy_marketing_urls({key: pins[key] for key in differing})

            differing, updated = self.transact(publish)
            self.report.updated += self.count_reported(differing) if self.dry_run else updated

    def transact(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that holds the lease."""
        return self.transactions.run(work)

    def count_reported(self, course_keys: Collection[str]) -> int:
        """Return how many of these course overviews a dry run has not reported as updated yet, and note them."""
        new = set(course_keys) - self._reported
        self._reported |= new
        return len(new)

    def simulated(self, stored: StoredData, course_keys: Collection[str]) -> StoredData:
        """Return what would be stored for these CCX courses and their parents if this dry run had written."""
        keys = precedence.with_parents(course_keys) & self._simulated.keys()
        after = stored.changed(self.catalog.name, {key: self._simulated[key] for key in keys})
        return after.without_unnamed(self._without_unnamed)

    def simulate(
        self, changes: Mapping[str, CatalogData | None], without_unnamed: Collection[str] = ()
    ) -> None:
        """Remember, in a dry run, what would be stored for CCX courses and their parents.

        Args:
            changes: what this Catalog would have; None: nothing.
            without_unnamed: the course keys for which the rows of Catalogs that are not named any more would be gone.
        """
        if self._ccx_sources is None:
            keys = {key for chunk in course_overviews.ccx_chunks() for key, _ in chunk}
            self._ccx_sources = precedence.with_parents(keys)
        self._simulated |= {key: data for key, data in changes.items() if key in self._ccx_sources}
        self._without_unnamed |= self._ccx_sources.intersection(without_unnamed)


def _course_keys_of(page: Page) -> list[str]:
    """Return the course keys on the page, also of rejected records: these confirm what is stored."""
    # A text that is not a course key may contain characters that a database refuses.
    return [run.key for run in page.course_runs] + [
        each.key for each in page.rejected if is_course_key(each.key)
    ]
