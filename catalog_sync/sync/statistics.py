"""What a sync run has read: it counts each course run once, and keeps the ids of those that are seen and confirmed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Max

from catalog_sync import conf
from catalog_sync.catalog_client import Page
from catalog_sync.event_log import EventLog
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_overviews
from catalog_sync.store.course_runs import StoredCourseRun, StoredData
from catalog_sync.store.difference import Difference
from catalog_sync.store.sql import in_chunks
from catalog_sync.sync.changeset import Changeset, Rejected
from catalog_sync.sync.id_set import IdSet
from catalog_sync.sync.report import SyncReport

# A Catalog could list all courses of the others. The report has the number of all.
MAX_LOGGED_CONFLICTS = 100


class Conflict(NamedTuple):
    """Two Catalogs have a marketing URL for a course run.

    Attributes:
        unused: the name of the Catalog whose URL is not used.
        used: the name of the Catalog whose URL is used.
    """

    unused: str
    used: str


def newest_stored_id() -> int:
    """Return the id of the newest stored course run, 0 if there is none."""
    return CatalogCourseRun.objects.aggregate(newest=Max("id"))["newest"] or 0


def conflicts(changeset: Changeset, stored: StoredData, catalog: str) -> dict[str, Conflict]:
    """Return the course runs of a page for which another Catalog of the settings has a marketing URL, too."""
    found = {}
    for key, course_runs in stored.course_runs.items():
        # Usually no other Catalog lists it.
        if len(course_runs) == 1 and course_runs[0].catalog == catalog:
            continue
        data = changeset.data.get(key)
        if data is None or not data.marketing_url or key not in changeset.confirmed:
            continue
        with_url = {each.catalog for each in course_runs if each.data.marketing_url} | {catalog}
        names = [name for name in conf.catalog_names() if name in with_url]
        if len(names) > 1 and catalog in names:
            used = names[0]
            found[key] = Conflict(names[1] if used == catalog else catalog, used)
    return found


@dataclass
class Statistics:
    """What a sync run, or one partition of it, has read. Pages overlap, and some are read twice.

    Attributes:
        newest_id: the id of the newest course run that was stored before the sync run.
        seen: the ids, up to ``newest_id``, of the stored course runs that have been counted.
        confirmed: the ids, up to ``newest_id``, of the confirmed ones.
        rejected_keys: the course keys of the rejected records.
        with_url: how many course overviews, except CCX courses, are to have a marketing URL.
    """

    report: SyncReport
    log: EventLog
    dry_run: bool
    newest_id: int = field(default_factory=newest_stored_id)
    seen: IdSet = field(default_factory=IdSet)
    confirmed: IdSet = field(default_factory=IdSet)
    rejected_keys: set[str] = field(default_factory=set)
    with_url: int = 0
    # Course keys that are not to be counted again, although ``seen`` does not have them.
    _counted: set[str] = field(default_factory=set)
    _rejected: set[str] = field(default_factory=set)
    _conflicting: set[str] = field(default_factory=set)
    _of_other_orgs: frozenset[str] = frozenset()

    def leave_to_previous(self, course_key: str) -> None:
        """Do not count this course run: the previous partition counts it."""
        for counted in (self._counted, self._conflicting, self._rejected):
            counted.add(course_key)

    def count_page(self, page: Page) -> None:
        """Count a page of the list, and store the total that the Catalog reports."""
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
    ) -> None:
        """Count the course runs that this sync run sees for the first time."""
        first = {key for key in keys if self._mark_seen(key, stored.get(key))}
        matched = len(first.intersection(difference.seen))
        self.report.course_runs_retrieved += len(first)
        self.report.matched += matched
        self.report.not_in_lms += len(first) - matched
        self.with_url += len(first.intersection(difference.with_url))

    def uncount_duplicates(self, row_ids: Collection[int]) -> None:
        """Subtract the stored course runs that two partitions counted, because the list changed meanwhile."""
        for some in in_chunks(row_ids):
            keys = CatalogCourseRun.objects.filter(id__in=some).values_list("course_key", flat=True)
            in_lms = course_overviews.count(keys)
            self.report.course_runs_retrieved -= len(keys)
            self.report.matched -= in_lms
            self.report.not_in_lms -= len(keys) - in_lms

    def has_seen(self, row: StoredCourseRun | None) -> bool:
        """Return whether this sync run has seen a stored course run; None: a dry run did not store it."""
        return row is None or row.id > self.newest_id or row.id in self.seen

    def count_of_other_orgs(self, keys: frozenset[str]) -> None:
        """Count the course runs of a page that are ignored because of their organization."""
        # A page shares course runs with the previous page only.
        self.report.of_other_orgs += len(keys - self._of_other_orgs - self._counted)
        self._of_other_orgs = keys

    def confirm(self, keys: Collection[str], stored: Mapping[str, StoredCourseRun]) -> None:
        """Add these course runs to the confirmed ones."""
        for key in keys:
            if (row := stored.get(key)) and row.id <= self.newest_id:
                self.confirmed.add(row.id)

    def _mark_seen(self, key: str, row: StoredCourseRun | None) -> bool:
        """Mark the course run as seen, and return whether it is the first time."""
        if row is not None and row.id <= self.newest_id:
            return key not in self._counted and self.seen.add(row.id)
        if self.dry_run:
            is_new = key not in self._counted
            self._counted.add(key)
            return is_new
        # A newer row was inserted, and counted, by this sync run.
        return row is None

    def count_rejected(self, rejected: Collection[Rejected]) -> list[Rejected]:
        """Count the records that this sync run rejects for the first time, and return them."""
        first = []
        for record in rejected:
            # Records without a key cannot be compared, so each of them counts.
            identity = record.key or f"{record.reason} {len(self._rejected)}"
            if identity not in self._rejected:
                self._rejected.add(identity)
                first.append(record)
        self.rejected_keys.update(record.key for record in rejected if record.key)
        self.report.course_runs_rejected += len(first)
        return first

    def count_conflicts(self, found: Mapping[str, Conflict]) -> None:
        """Count and log the course runs that another Catalog has, too."""
        new = sorted(found.keys() - self._conflicting)
        self._conflicting.update(new)
        self.report.in_other_catalogs += len(new)
        logged = len(self._conflicting) - len(new)
        for key in new[: max(0, MAX_LOGGED_CONFLICTS - logged)]:
            unused, used = found[key]
            # Not a warning: there is nothing to repair, and each sync run finds the same.
            self.log.info("course_run_in_two_catalogs", course_key=key, catalog=unused, kept=used)
