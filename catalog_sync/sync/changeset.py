"""Compare a page with the stored course runs: what to store, and which records to reject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog_sync import conf
from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.course_keys import is_course_key
from catalog_sync.marketing_urls import marketing_url_fault
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun


class Rejected(NamedTuple):
    """A rejected record: its key, which may be any text or empty, the reason, and its marketing URL if it is known."""

    key: str
    reason: str
    url: str | None = None


@dataclass
class Changeset:
    """The differences between a page and the Catalog's stored course runs.

    Attributes:
        data: what is to be stored after the page, by course key.
        changes: the part of ``data`` that is not stored yet.
        confirmed: the course keys whose stored marketing URL stays, or that have none.
        rejected: the records that cannot be applied, and why.
    """

    data: dict[str, CatalogData] = field(default_factory=dict)
    changes: dict[str, CatalogData] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def unconfirmed(self) -> set[str]:
        """The keys whose stored marketing URL is not on the page any more. Only a look-up by key may remove it."""
        return self.data.keys() - self.confirmed


def compute_changes(page: Page, stored: Mapping[str, StoredCourseRun]) -> Changeset:
    """Compare a page with the Catalog's stored course runs of its keys."""
    changeset = Changeset(rejected=[Rejected(record.key, record.reason) for record in page.rejected])
    statuses, hosts = conf.run_statuses(), conf.marketing_url_hosts()

    def has_invalid_url(row: StoredCourseRun | None) -> bool:
        # CATALOG_SYNC_MARKETING_URL_HOSTS may have changed since the URL was stored.
        return bool(row and row.data.marketing_url and marketing_url_fault(row.data.marketing_url, hosts))

    # A rejected record does not prove that the stored one is wrong.
    changeset.confirmed.update(
        record.key for record in page.rejected if record.key and not has_invalid_url(stored.get(record.key))
    )
    for run in page.course_runs:
        row = stored.get(run.key)
        is_known = row is not None and _is_stored(run, row.data)
        record_fault = None if is_known else _record_fault(run)
        if record_fault:
            changeset.rejected.append(Rejected(run.key, record_fault, run.marketing_url))
            if not has_invalid_url(row):
                changeset.confirmed.add(run.key)
            continue
        has_status = statuses is None or run.status in statuses
        url = run.marketing_url or None if has_status else None
        url_fault = marketing_url_fault(url, hosts) if url else None
        if url_fault:
            changeset.rejected.append(Rejected(run.key, f"marketing URL: {url_fault}", url))
        old = row.data if row else CatalogData()
        is_usable = bool(url and not url_fault)
        if is_usable or not old.marketing_url or (url_fault and not has_invalid_url(row)):
            changeset.confirmed.add(run.key)
        data = old if is_known else _merge(run, None if url_fault else url, old)
        changeset.data[run.key] = data
        if row is None or data != old:
            changeset.changes[run.key] = data
    return changeset


def _merge(run: CourseRun, url: str | None, old: CatalogData) -> CatalogData:
    # A stored URL stays until a look-up by key, and so does the status that belongs to it.
    status = old.status if old.marketing_url and not url else run.status or ""
    aid, language = run.eligible_for_financial_aid, run.content_language
    return CatalogData(
        status,
        url or old.marketing_url,
        old.eligible_for_financial_aid if aid is None else aid,
        old.content_language if language is None else language,
    )


def _is_stored(run: CourseRun, old: CatalogData) -> bool:
    """Return whether the record has the stored values, so that its texts need no second check."""
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
