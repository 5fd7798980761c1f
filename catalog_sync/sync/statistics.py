"""What a run has met: each course run counted once, and, a bit a row, which rows are proven to lose nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Max

from catalog_sync.catalog_client import Page, RejectedRecord
from catalog_sync.event_log import EventLog
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_overviews
from catalog_sync.store.course_overviews import Difference
from catalog_sync.store.course_runs import NOTHING, StoredCourseRun
from catalog_sync.store.sql import in_chunks
from catalog_sync.sync.changeset import Changeset
from catalog_sync.sync.id_set import IdSet
from catalog_sync.sync.ownership import Conflict, Ownership
from catalog_sync.sync.report import SyncReport


def newest_id() -> int:
    """Return the id of the newest row of the replica, 0 if there is none."""
    return CatalogCourseRun.objects.aggregate(newest=Max("id"))["newest"] or 0


@dataclass
class Statistics:
    """What one run, or one stretch of it, has met. Windows overlap, and some are read again.

    Attributes:
        newest_row: the newest row of the replica before the run; later rows are the run's own.
        met: the older rows whose course run has been counted.
        settled: those for which nothing is to be taken away.
        with_url: how many course overviews, CCX courses aside, show a marketing URL for what the run has met.
    """

    ownership: Ownership
    report: SyncReport
    log: EventLog
    dry_run: bool
    newest_id: int = field(default_factory=newest_id)
    seen: IdSet = field(default_factory=IdSet)
    confirmed: IdSet = field(default_factory=IdSet)
    with_url: int = 0
    # Keys that the run has counted, and no row tells.
    _counted: set[str] = field(default_factory=set)
    _rejected: set[str] = field(default_factory=set)
    _conflicting: set[str] = field(default_factory=set)
    _of_other_orgs: frozenset[str] = frozenset()

    def leave_to_previous(self, course_key: str) -> None:
        """Do not count this course run, sound or not: the stretch before this one does."""
        for counted in (self._counted, self._conflicting, self._rejected):
            counted.add(course_key)

    def count_page(self, page: Page) -> None:
        """Count a page of the list, and note how long the Catalog says that the list is."""
        self.report.pages += 1
        self.report.catalog_count = page.count
        self.log.debug(
            "page_retrieved",
            page=self.report.pages,
            course_runs=len(page.course_runs),
            catalog_count=page.count,
        )

    def count(
        self, keys: Iterable[str], stored: Mapping[str, StoredCourseRun], difference: Difference
    ) -> set[str]:
        """Count the course runs that this run meets for the first time, and return them."""
        first = {key for key in keys if self._is_first_seen(key, stored.get(key))}
        matched = len(first.intersection(difference.seen))
        self.report.course_runs_retrieved += len(first)
        self.report.matched += matched
        self.report.not_in_lms += len(first) - matched
        self.with_url += len(first.intersection(difference.with_url))
        return first

    def uncount_duplicates(self, row_ids: Collection[int]) -> None:
        """Take off again the course runs of these rows: another stretch has counted them, too, while the list moved."""
        for some in in_chunks(row_ids):
            keys = CatalogCourseRun.objects.filter(id__in=some).values_list("course_key", flat=True)
            in_lms = course_overviews.count(keys)
            self.report.course_runs_retrieved -= len(keys)
            self.report.matched -= in_lms
            self.report.not_in_lms -= len(keys) - in_lms

    def has_seen(self, row: StoredCourseRun | None) -> bool:
        """Tell whether the run has met the Catalog's course run of this row; a dry run has met all that has none."""
        if row is None:
            return True
        return self.ownership.owns(row) and (row.id > self.newest_id or row.id in self.seen)

    def count_of_other_orgs(self, keys: frozenset[str]) -> None:
        """Count the course runs of a page for which the Catalog is not believed."""
        # A window shares course runs with the one before it only.
        self.report.of_other_orgs += len(keys - self._of_other_orgs - self._counted)
        self._of_other_orgs = keys

    def count_faults(self, changeset: Changeset) -> None:
        """Count and log what could not be applied, and what another Catalog has, too."""
        self._count_rejected(changeset.rejected)
        self._count_conflicts(changeset.conflicts)

    def settle(
        self, keys: Collection[str], changeset: Changeset, stored: Mapping[str, StoredCourseRun]
    ) -> None:
        """Note of these course runs that nothing is to be taken away from them."""
        for key in keys:
            if (row := stored.get(key)) is None:
                continue
            # Settled rows are counted against listed ones, so what is there for a pin alone must not be among them.
            is_listed = row.is_listed or (not self.dry_run and changeset.held.get(key, NOTHING) != NOTHING)
            if not self.ownership.owns(row) and (self.dry_run or key not in changeset.changes):
                continue  # another Catalog's, and not taken over
            if is_listed and row.id <= self.newest_id:
                self.confirmed.add(row.id)

    def _is_first_seen(self, key: str, row: StoredCourseRun | None) -> bool:
        """Note that this run meets the course run, and tell whether it does for the first time."""
        if row is not None and row.id > self.newest_id and not row.is_listed:
            row = None  # an operator has pinned it meanwhile
        if row is not None and row.id <= self.newest_id:
            return key not in self._counted and self.seen.add(row.id)
        if self.dry_run or self.ownership.others:
            # Its row does not tell: another Catalog may have inserted it, or have taken it over.
            return self._is_new_key(key)
        # Counted by whoever inserted it; unless that was the sync of another Catalog.
        return row is None or (not self.ownership.owns(row) and self._is_new_key(key))

    def _is_new_key(self, key: str) -> bool:
        is_new = key not in self._counted
        self._counted.add(key)
        return is_new

    def _count_rejected(self, rejected: Iterable[RejectedRecord]) -> None:
        for record in rejected:
            identity = record.key or f"{record.reason} {len(self._rejected)}"
            if identity in self._rejected:
                continue
            self._rejected.add(identity)
            self.report.course_runs_rejected += 1
            self.log.warning("course_run_rejected", course_key=record.key, reason=record.reason)

    def _count_conflicts(self, conflicts: Mapping[str, Conflict]) -> None:
        new = sorted(conflicts.keys() - self._conflicting)
        self._conflicting.update(new)
        self.report.in_other_catalogs += len(new)
        for key in new:
            passed_over, kept = conflicts[key]
            # Nothing to be put right at once, and the same at each sync: not among a run's warnings.
            self.log.info("course_run_in_two_catalogs", course_key=key, catalog=passed_over, kept=kept)
