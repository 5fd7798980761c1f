"""What a dry run would have written so far. The later steps of the dry run depend on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog_sync.store.course_runs import CatalogData, StoredData
from catalog_sync.store.difference import Difference, marketing_url_in
from catalog_sync.store.precedence import with_parents


@dataclass
class Simulation:
    """What a dry run would have stored and published so far. In another sync run, it is empty.

    Attributes:
        catalog: the name of the Catalog that is read.
        course_runs: by course key, the data that this Catalog's stored course runs would have; None: no row.
        course_overviews: by course key, the values of the mapped fields of course overviews that would differ.
        new_urls: the keys of course overviews that have no marketing URL and would get one.
    """

    catalog: str
    course_runs: dict[str, CatalogData | None] = field(default_factory=dict)
    course_overviews: dict[str, Sequence[Any]] = field(default_factory=dict)
    new_urls: set[str] = field(default_factory=set)
    # The course keys for which the rows of former Catalogs would be deleted.
    _without_former_catalogs: set[str] = field(default_factory=set)

    def stored(self, stored: StoredData, course_keys: Collection[str]) -> StoredData:
        """Return what would be stored for these course keys and their parent course runs, instead of ``stored``."""
        keys = with_parents(course_keys) & self.course_runs.keys()
        after = stored.with_changes(self.catalog, {key: self.course_runs[key] for key in keys})
        return after.without_former_catalogs(self._without_former_catalogs)

    def store(
        self, changes: Mapping[str, CatalogData | None], without_former_catalogs: Collection[str] = ()
    ) -> None:
        """Add changes of stored course runs."""
        self.course_runs.update(changes)
        self._without_former_catalogs.update(without_former_catalogs)

    def publish(self, difference: Difference) -> None:
        """Add updates of course overviews."""
        for key in difference.differing:
            values = self.course_overviews[key] = difference.written(key)
            if marketing_url_in(values) and not marketing_url_in(difference.current[key]):
                self.new_urls.add(key)

    def has_url(self, course_key: str) -> bool:
        """Return whether a marketing URL would be stored for this course key."""
        data = self.course_runs.get(course_key)
        return data is not None and bool(data.marketing_url)

    def statuses(self) -> set[str]:
        """Return the statuses of the course runs that would be stored."""
        return {data.status for data in self.course_runs.values() if data is not None}

    def marketing_url(self, course_key: str, current: str | None) -> str | None:
        """Return the marketing URL that a course overview would have; ``current`` is the one that it has."""
        values = self.course_overviews.get(course_key)
        return current if values is None else marketing_url_in(values)
