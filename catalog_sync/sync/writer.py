"""Write pages: store their course runs and publish them to the course overviews, in short transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from catalog_sync import conf
from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.conf import Catalog
from catalog_sync.course_keys import is_course_key
from catalog_sync.event_log import EventLog
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun, StoredData
from catalog_sync.store.difference import Difference, difference
from catalog_sync.store.lease import Lease
from catalog_sync.store.sql import in_chunks
from catalog_sync.sync.changeset import Changeset, compute_changes
from catalog_sync.sync.rejections import Rejections, Summary
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.run_changes import RunChanges
from catalog_sync.sync.simulation import Simulation
from catalog_sync.sync.statistics import Statistics, conflicts
from catalog_sync.sync.transactions import Transactions

T = TypeVar("T")

# How long changes may wait, to be written with later ones in one transaction.
MAX_WAIT_SECONDS = 2.0


@dataclass
class Writer:
    """Writes the pages of a sync run. A dry run does the same, but only simulates the writing.

    Attributes:
        catalog: the Catalog that the sync run reads.
        heartbeat: called about twice a second during long reads; it raises an exception to end the sync run.
        rejected: the rejected records so far, summed up by reason.
        other_catalogs: the other Catalogs of the settings.
        changes: what the sync run changes; each transaction stores its own.
        simulation: what a dry run would have written.
    """

    catalog: Catalog
    lease: Lease
    report: SyncReport
    log: EventLog
    dry_run: bool
    heartbeat: Callable[[], None]
    rejected: Summary

    def __post_init__(self) -> None:
        name = self.catalog.name
        self.other_catalogs = [each for each in conf.catalogs() if each.name != name]
        self.transactions = Transactions(self.lease, self.report, self.log, bool(self.other_catalogs))
        self.statistics = Statistics(self.report, self.log, self.dry_run)
        self.changes = RunChanges(self.lease.run_id)
        self.simulation = Simulation(name)
        self._rejections = Rejections(name, self.log, self.changes, self.rejected)
        # The changed course runs that wait for a transaction, by course key.
        self._pending: dict[str, CourseRun] = {}
        # Whether most course runs of the last page changed. A first sync changes all of them.
        self._most_changed = not self.statistics.newest_id

    def write_page(self, page: Page) -> None:
        """Write one page of the list, or let its few changes wait for those of the next pages."""
        self.statistics.count_page(page)
        page = self._within_orgs(page)
        if self.dry_run or self._most_changed:
            self._write_pending_runs()
            changeset, updated = self._write(page)
            changed = max(len(changeset.changes), updated)
        else:
            changed = self._compare(page)
            if 2 * len(self._pending) > len(page.course_runs) or self._is_time():
                self.write_pending()
        # If most course runs of this page changed, write the next page without comparing it first.
        self._most_changed = 2 * changed > len(page.course_runs)

    def _compare(self, page: Page) -> int:
        """Count the course runs that are up to date, let the others wait, and return the number of these.

        This needs no transaction: a course that the LMS saves meanwhile gets its values from the stored course run.
        """
        keys = _course_keys_of(page)
        current, stored = course_overviews.read_joined(keys)
        # The keys that the LMS does not have, or that are not stored: often none.
        rest = course_runs.read([key for key in keys if key not in stored.course_runs])
        stored.course_runs.update(rest.course_runs)
        stored.pins.update(rest.pins)
        own = stored.of_catalog(self.catalog.name)
        changeset = compute_changes(page, own)
        data, _ = self._to_publish(changeset, stored)
        same = {key: each for key, each in data.items() if key not in changeset.changes}
        found = difference(current, same)
        changed = changeset.changes.keys() | set(found.differing)
        # If a course run is also on the previous page, this page has its newer record.
        before = {key: each for key, each in self._pending.items() if key not in changeset.data}
        self._pending = before | {each.key: each for each in page.course_runs if each.key in changed}
        self.statistics.count(same.keys() - changed, own, found)
        self.statistics.confirm(changeset.confirmed - changed, own)
        self._count_faults(changeset, stored, own)
        return len(changed)

    def _to_publish(
        self, changeset: Changeset, stored: StoredData
    ) -> tuple[dict[str, CatalogData], set[str]]:
        """Return the data to publish, and the course keys whose stored marketing URL is unconfirmed.

        An unconfirmed URL stays on course overviews that have it, and is not written to others.
        """
        data = precedence.published_after(changeset.data, stored, self.catalog.name)
        # "is": a pin or the course run of another Catalog, which may be published instead, is confirmed.
        unconfirmed = {key for key in changeset.unconfirmed if data[key] is changeset.data[key]}
        data.update({key: data[key]._replace(marketing_url=None) for key in unconfirmed})
        return data, unconfirmed

    def _is_time(self) -> bool:
        return time.monotonic() - self.transactions.ended_at >= MAX_WAIT_SECONDS

    def write_pending(self) -> None:
        """Write what waits for a transaction, and store the progress."""
        self._write_pending_runs()
        if self.changes.waiting or self._is_time():
            self.transact(lambda: None)

    def _write_pending_runs(self) -> None:
        """Write the changed course runs that wait, of one or several pages."""
        runs, self._pending = tuple(self._pending.values()), {}
        if runs:
            self._write(Page(runs, (), len(runs), self.report.catalog_count))

    def write_look_up(self, page: Page) -> Changeset:
        """Write the course runs that a look-up returned, after those that wait, and count them."""
        self._write_pending_runs()
        return self._write(self._within_orgs(page))[0]

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

    def _write(self, page: Page) -> tuple[Changeset, int]:
        """Write a page in one transaction, and return its changes and how many course overviews were updated."""
        name = self.catalog.name

        def record_and_publish() -> tuple[StoredData, Changeset, Difference, int]:
            # Store first: a course overview that is created meanwhile finds either the lock or the stored course run.
            stored = course_runs.read(_course_keys_of(page))
            changeset = compute_changes(page, stored.of_catalog(name))
            if not self.dry_run:
                course_runs.record(changeset.changes, name)
            data, unconfirmed = self._to_publish(changeset, stored)
            found = self.compare(data)
            self.changes.add_changed(found)
            if self.dry_run:
                return stored, changeset, found, len(found.differing)
            updated = course_overviews.copy_published_values(found.differing, unconfirmed)
            return stored, changeset, found, updated

        stored, changeset, found, updated = self.transact(record_and_publish)
        own = stored.of_catalog(name)
        self.statistics.count(changeset.data, own, found)
        self.statistics.confirm(changeset.confirmed, own)
        if self.dry_run:
            self.simulation.store(changeset.changes)
            self.simulation.publish(found)
        self.report.updated += updated
        self._count_faults(changeset, stored, own)
        return changeset, updated

    def _count_faults(
        self, changeset: Changeset, stored: StoredData, own: Mapping[str, StoredCourseRun]
    ) -> None:
        self.statistics.count_conflicts(conflicts(changeset, stored, self.catalog.name))
        self._rejections.add(self.statistics.count_rejected(changeset.rejected), own)

    def publish_pins(self, course_keys: Collection[str] | None = None) -> None:
        """Publish pinned URLs, also for courses that are not on any page.

        Args:
            course_keys: those whose pins are published; None: all.
        """
        for chunk in in_chunks(course_runs.pinned(course_keys)):

            def publish(chunk: list[str] = chunk) -> tuple[Difference, int]:
                pins = course_runs.pinned(chunk)
                found = self.compare({key: CatalogData(marketing_url=url) for key, url in pins.items()})
                self.changes.add_changed(found)
                if self.dry_run:
                    return found, len(found.differing)
                return found, course_overviews.copy_marketing_urls(
                    {key: pins[key] for key in found.differing}
                )

            found, updated = self.transact(publish)
            if self.dry_run:
                self.simulation.publish(found)
            self.report.updated += updated

    def compare(self, published: Mapping[str, CatalogData]) -> Difference:
        """Compare course overviews with the data to publish; in a dry run, as if its changes had been written."""
        return course_overviews.compare(published, self.simulation.course_overviews)

    def transact(self, work: Callable[[], T]) -> T:
        """Do the work, and store its changes and those that wait, in one transaction that holds the lease."""
        waiting = self.changes.waiting

        def attempt() -> T:
            # An earlier attempt, which was rolled back, may have added its changes.
            self.changes.waiting = list(waiting)
            result = work()
            self.changes.store()
            return result

        try:
            result = self.transactions.run(attempt)
        except BaseException:
            self.changes.waiting = waiting
            raise
        self.changes.mark_stored()
        return result


def _course_keys_of(page: Page) -> list[str]:
    """Return the course keys on the page, including those of rejected records."""
    # A text that is not a course key may contain characters that a database refuses.
    rejected = [record.key for record in page.rejected if is_course_key(record.key)]
    return [run.key for run in page.course_runs] + rejected
