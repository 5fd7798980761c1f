"""Find the marketing URLs that may have to be removed after a complete crawl, before look-ups confirm it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet

from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.course_runs import CatalogData, StoredData
from catalog_sync.store.sql import ROWS, chunks_in_order, in_chunks
from catalog_sync.sync import ccx
from catalog_sync.sync.ccx import CcxCourses
from catalog_sync.sync.id_set import IdSet
from catalog_sync.sync.removal_limits import covers_alone, taken_over
from catalog_sync.sync.writer import Writer


@dataclass
class Candidates:
    """Course runs whose marketing URL may have to be removed.

    Attributes:
        keys: the course keys to look up.
        removals: by course key, the marketing URLs to remove if the Catalog has none of these course runs.
        ccx: what is to be published to the CCX courses: the search reads all of them anyway.
    """

    keys: set[str]
    removals: dict[str, str]
    ccx: CcxCourses = field(default_factory=CcxCourses)


def find_candidates(writer: Writer) -> Candidates:
    """Find the course runs that a complete crawl did not confirm, and the URLs in the LMS that no Catalog provides."""
    unconfirmed = dict.fromkeys(_unconfirmed(writer))
    # A rejected record removes nothing, unless the stored URL is invalid, too.
    rejected = writer.statistics.rejected_keys - unconfirmed.keys()
    # Another Catalog may provide an unknown URL with its next sync.
    unknown = {key for key in _with_unknown_url(writer) if key not in rejected and covers_alone(writer, key)}
    keys = unconfirmed.keys() | unknown
    candidates = Candidates(keys, find_removals(writer, _without_other_source(writer, keys)))
    for chunk in course_overviews.ccx_chunks():
        writer.heartbeat()
        stored = course_runs.read(precedence.with_parents([key for key, _ in chunk]))
        candidates.ccx.add(ccx.compare(writer, dict(chunk), stored))
        with_url = {key: url for key, url in chunk if url}
        stored = writer.simulation.stored(stored, with_url)
        published = precedence.published_with_parents(with_url, after_removal(writer, stored, unconfirmed))
        for key, url in with_url.items():
            parent = parent_of_ccx(key)
            if parent is None or (key in published and published[key].marketing_url):
                continue
            if not rejected.isdisjoint((key, parent)):
                continue
            if not unconfirmed.keys().isdisjoint((key, parent)) or covers_alone(writer, key):
                candidates.removals.setdefault(key, url)
                candidates.keys |= {key, parent}
    return candidates


def _without_other_source(writer: Writer, course_keys: Collection[str]) -> set[str]:
    """Return those of the course keys that get no marketing URL if this Catalog has none of them."""
    found: set[str] = set()
    absent = dict.fromkeys(course_keys)
    for some in in_chunks(course_keys, ROWS):
        writer.heartbeat()
        stored = after_removal(writer, read_stored(writer, some), absent)
        published = precedence.published_with_parents(some, stored)
        found.update(key for key in some if key not in published or not published[key].marketing_url)
    return found


def find_removals(writer: Writer, course_keys: Collection[str]) -> dict[str, str]:
    """Return the marketing URLs of these course overviews, by key, without those that are pinned."""
    urls = {}
    for some in in_chunks(course_keys, ROWS):
        writer.heartbeat()
        urls.update(course_overviews.removable_urls(some))
    return urls


def read_stored(writer: Writer, course_keys: Collection[str]) -> StoredData:
    """Return what is stored for these course keys and the parent course runs of the CCX courses among them."""
    stored = course_runs.read_all(precedence.with_parents(course_keys))
    return writer.simulation.stored(stored, course_keys)


def after_removal(writer: Writer, stored: StoredData, absent: Mapping[str, CatalogData | None]) -> StoredData:
    """Return what would be stored if the absent course keys were removed from this Catalog's rows.

    The rows of former Catalogs are removed with them if no other Catalog may list the course run now.
    """
    changes = {key: absent[key] for key in stored.course_runs if key in absent}
    former = absent.keys() & taken_over(writer, stored)
    return stored.with_changes(writer.catalog.name, changes).without_former_catalogs(former)


def _with_unknown_url(writer: Writer) -> Iterator[str]:
    # Count first: if only as many course overviews have a URL as this sync run has published, none is unknown. If a
    # course overview was deleted meanwhile, one unknown URL may stay until the next full sync.
    if not writer.dry_run and course_overviews.count_with_own_url() == writer.statistics.with_url:
        return
    for chunk in course_overviews.with_unknown_url():
        writer.heartbeat()
        yield from (key for key in chunk if not writer.simulation.has_url(key))


def only_unread(writer: Writer) -> str:
    """Return the only stored course run that the sync run has not read; empty if there are several, or none."""
    if _stored_before(writer).count() != len(writer.statistics.seen) + 1:
        return ""
    unread = [
        key for key in _not_in(writer.statistics.seen, writer) if key not in writer.statistics.rejected_keys
    ]
    return unread[0] if unread else ""


def _unconfirmed(writer: Writer) -> Iterator[str]:
    # Count first: usually all are confirmed.
    if _stored_before(writer).count() != len(writer.statistics.confirmed):
        yield from _not_in(writer.statistics.confirmed, writer)


def _stored_before(writer: Writer) -> QuerySet[CatalogCourseRun]:
    """Return the Catalog's course runs that were stored before the sync run."""
    return CatalogCourseRun.objects.filter(catalog=writer.catalog.name, id__lte=writer.statistics.newest_id)


def _not_in(ids: IdSet, writer: Writer) -> Iterator[str]:
    rows = _stored_before(writer).values_list("id", "course_key")
    for chunk in chunks_in_order(rows, "id", ROWS):
        writer.heartbeat()
        yield from (key for row_id, key in chunk if row_id not in ids)
