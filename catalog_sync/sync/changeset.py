"""What a course run from the Catalog is worth: a value to hold, or a reason to reject it."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog_sync import conf
from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.course_keys import is_course_key
from catalog_sync.marketing_urls import marketing_url_fault
from catalog_sync.store.course_runs import NOTHING, CatalogData, StoredCourseRun
from catalog_sync.sync.ownership import Conflict, Ownership


@dataclass
class Changeset:
    """What one page means for the replica.

    Attributes:
        held: what the replica is to hold afterwards, by course key.
        changes: the part of ``held`` that the replica does not hold yet.
        settled: the keys for which nothing is to be taken away.
        rejected: the records that cannot be applied, and why.
        contests: the course runs for which another Catalog has a marketing URL, too.
    """

    held: dict[str, CatalogData] = field(default_factory=dict)
    changes: dict[str, CatalogData] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    rejected: list[RejectedRecord] = field(default_factory=list)
    conflicts: dict[str, Conflict] = field(default_factory=dict)

    def leave(self, key: str, row: StoredCourseRun) -> None:
        """Hold a course run that is another Catalog's as it is."""
        self.held[key] = row.held
        self.confirmed.add(key)

    @property
    def unconfirmed(self) -> set[str]:
        """The keys whose marketing URL is held for want of proof only: the Catalog does not show it any more."""
        return self.held.keys() - self.confirmed

    @property
    def shown(self) -> dict[str, CatalogData]:
        """What course overviews are to show of it: a doubtful URL stays where it is, and goes nowhere else."""
        return self.held | {key: self.held[key]._replace(marketing_url=None) for key in self.unconfirmed}


def compute_changes(page: Page, stored: dict[str, StoredCourseRun], ownership: Ownership) -> Changeset:
    """Compare a page with the rows that the replica has for its keys.

    A course run that is another Catalog's is held as it is.
    """
    changeset = Changeset(rejected=list(page.rejected))
    statuses, hosts = conf.run_statuses(), conf.marketing_url_hosts()
    # A record that is malformed today says nothing against what it said yesterday.
    changeset.confirmed.update(record.key for record in page.rejected if record.key)
    for run in page.course_runs:
        row = stored.get(run.key)
        is_known = row is not None and _says_what_is_held(run, row.held)
        record_fault = None if is_known else _record_fault(run)
        if record_fault:
            changeset.rejected.append(RejectedRecord(run.key, record_fault))
            changeset.confirmed.add(run.key)
            continue
        counts = statuses is None or run.status in statuses
        url = run.marketing_url or None if counts else None
        url_fault = marketing_url_fault(url, hosts) if url else None
        if url_fault:
            changeset.rejected.append(RejectedRecord(run.key, f"marketing URL: {url_fault}"))
        usable = bool(url and not url_fault)
        old = row.held if row else NOTHING
        if row and not ownership.owns(row):
            if usable and row.held.marketing_url and ownership.is_named(row):
                changeset.conflicts[run.key] = ownership.conflict(row)
            if not ownership.may_write(row, has_url=usable):
                changeset.leave(run.key, row)
                continue
            # What another Catalog said is worth nothing from now on.
            old, is_known = NOTHING, False
        if usable or not old.marketing_url or (url_fault and url != old.marketing_url):
            changeset.confirmed.add(run.key)
        held = old if is_known else _merge(run, None if url_fault else url, old)
        changeset.held[run.key] = held
        if row is None or held != old:
            changeset.changes[run.key] = held
    return changeset


def _merge(run: CourseRun, url: str | None, old: CatalogData) -> CatalogData:
    # Without proof of absence a URL stays, and the status that it came with.
    status = old.status if old.marketing_url and not url else run.status or ""
    aid, language = run.eligible_for_financial_aid, run.content_language
    return CatalogData(
        status,
        url or old.marketing_url,
        old.eligible_for_financial_aid if aid is None else aid,
        old.content_language if language is None else language,
    )


def _says_what_is_held(run: CourseRun, old: CatalogData) -> bool:
    """Tell whether the record says what an earlier one said, which had no fault; which URLs are fit may change."""
    return (
        run.marketing_url == old.marketing_url
        and run.status == old.status
        and run.eligible_for_financial_aid in (None, old.eligible_for_financial_aid)
        and run.content_language in (None, old.content_language)
    )


def _record_fault(run: CourseRun) -> str | None:
    for text in (run.key, run.status, run.content_language):
        if text and not text.isprintable():
            return "unprintable character"
    return None if is_course_key(run.key) else "not a course key"
