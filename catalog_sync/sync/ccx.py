"""Publish the marketing URLs of parent course runs to CCX courses without one of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.course_runs import StoredData
from catalog_sync.store.sql import in_chunks
from catalog_sync.sync.writer import Writer


class Comparison(NamedTuple):
    """CCX courses, compared with what is stored.

    Attributes:
        before: the marketing URLs that they have, by course key.
        urls: the marketing URLs to publish to those that have another one, by course key.
        matched: how many of them count as matched, by parent course run; only those that this sync run has read.
    """

    before: dict[str, str | None]
    urls: dict[str, str]
    matched: Counter[str]


@dataclass
class CcxCourses:
    """The CCX courses that get another marketing URL. All CCX courses are read at the end of a crawl.

    Attributes:
        current_urls: the marketing URLs that they have now, by course key.
        matched: as in ``Comparison``.
    """

    current_urls: dict[str, str | None] = field(default_factory=dict)
    matched: Counter[str] = field(default_factory=Counter)

    def add(self, comparison: Comparison) -> None:
        """Add some CCX courses."""
        self.current_urls.update((key, comparison.before[key]) for key in comparison.urls)
        self.matched += comparison.matched


def compare(writer: Writer, found: Mapping[str, str | None], stored: StoredData) -> Comparison:
    """Compare CCX courses, given with their marketing URLs, with what is stored for them and for their parents."""
    before = {key: writer.simulation.marketing_url(key, url) for key, url in found.items()}
    own = stored.of_catalog(writer.catalog.name)
    after = writer.simulation.stored(stored, before)
    published = precedence.published_with_parents(before, after)
    urls = {key: url for key, data in published.items() if (url := data.marketing_url) and url != before[key]}
    # A CCX course that the Catalog lists itself was counted on its page.
    listed = after.of_catalog(writer.catalog.name)
    parents = (parent_of_ccx(key) or "" for key in before if key not in listed)
    read = (parent for parent in parents if parent in listed and writer.statistics.has_seen(own.get(parent)))
    return Comparison(before, urls, Counter(read))


def publish(writer: Writer, parents: Collection[str] | None = None) -> None:
    """Publish to the CCX courses of these parent course runs, and count them; None: to all."""
    for some in [None] if parents is None else in_chunks(parents):
        writer.heartbeat()
        for chunk in course_overviews.ccx_chunks(some):
            writer.report.matched += _publish(writer, dict(chunk)).matched.total()


def publish_found(writer: Writer, ccx: CcxCourses, looked_up: Collection[str]) -> None:
    """Publish to the CCX courses that were found, and count all.

    Args:
        writer: the writer of the sync run.
        ccx: what was found.
        looked_up: the course keys that were looked up since; their CCX courses are read again.
    """
    again = {parent_of_ccx(key) or key for key in looked_up}
    rest = ((key, url) for key, url in ccx.current_urls.items() if parent_of_ccx(key) not in again)
    for chunk in in_chunks(rest):
        _publish(writer, dict(chunk))
    writer.report.matched += sum(number for parent, number in ccx.matched.items() if parent not in again)
    publish(writer, again)


def _publish(writer: Writer, found: Mapping[str, str | None]) -> Comparison:
    def work() -> tuple[Comparison, int]:
        comparison = compare(writer, found, course_runs.read(precedence.with_parents(found)))
        urls = comparison.urls
        writer.changes.add_urls(urls, comparison.before)
        return comparison, len(urls) if writer.dry_run else course_overviews.copy_marketing_urls(urls)

    comparison, updated = writer.transact(work)
    writer.report.updated += updated
    return comparison
