"""Whose a course run is: which rows of the replica a Catalog may write, and which marketing URLs it may take away.

A course run belongs to the first-named Catalog that has a usable marketing URL for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from catalog_sync import conf
from catalog_sync.conf import Catalog
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.store.course_runs import StoredCourseRun


class Conflict(NamedTuple):
    """Two Catalogs have a marketing URL for one course run: the name of the one passed over, and of the one kept."""

    passed_over: str
    kept: str


@dataclass(frozen=True)
class Ownership:
    """What one Catalog may do to course runs, beside the others that are named.

    Attributes:
        catalog: whose claim it is.
        others: the other Catalogs that are named.
        before: the names of those that come before it.
    """

    catalog: Catalog
    others: tuple[Catalog, ...] = ()
    before: frozenset[str] = frozenset()

    @classmethod
    def of(cls, catalog: Catalog) -> Ownership:
        """Return the claim of a Catalog among those that are named now."""
        names = [each.name for each in conf.catalogs()]
        place = names.index(catalog.name) if catalog.name in names else len(names)
        others = tuple(each for each in conf.catalogs() if each.name != catalog.name)
        return cls(catalog, others, frozenset(names[:place]))

    def owns(self, row: StoredCourseRun) -> bool:
        """Tell whether the row is no other Catalog's: what is there for a pin alone is nobody's."""
        return row.catalog == self.catalog.name or not row.is_listed

    def is_named(self, row: StoredCourseRun) -> bool:
        """Tell whether the row is of a Catalog that is still named beside this one."""
        return any(row.catalog == each.name for each in self.others)

    def may_write(self, row: StoredCourseRun | None, *, has_url: bool) -> bool:
        """Tell whether the Catalog may write the row, with a usable marketing URL of its own or without."""
        if row is None or self.owns(row):
            return True
        return has_url and not (row.held.marketing_url and row.catalog in self.before)

    def conflict(self, row: StoredCourseRun) -> Conflict:
        """Return who is passed over for another Catalog's course run if both have a usable marketing URL for it."""
        mine, other = self.catalog.name, row.catalog
        return Conflict(mine, other) if other in self.before else Conflict(other, mine)

    def covers_alone(self, course_key: str) -> bool:
        """Tell whether this Catalog is believed for the course run of this key, and no other is."""
        return self.catalog.covers(course_key) and not any(each.covers(course_key) for each in self.others)

    def clearable(self, course_keys: Collection[str], rows: Mapping[str, StoredCourseRun]) -> set[str]:
        """Return which course overviews may lose a marketing URL that this Catalog does not have any more.

        Those whose URL it provided itself, and those whose URL nobody provided, where nobody else could have.

        Args:
            course_keys: of the course overviews.
            rows: of the replica, for these keys and the parents of the CCX courses among them.
        """
        return {key for key in course_keys if self._may_clear(key, rows)}

    def _may_clear(self, course_key: str, rows: Mapping[str, StoredCourseRun]) -> bool:
        sources = [rows.get(key) for key in (course_key, parent_of_ccx(course_key)) if key]
        providers = {row.catalog for row in sources if row is not None and row.held.marketing_url}
        return providers <= {self.catalog.name} if providers else self.covers_alone(course_key)


def with_parents(course_keys: Collection[str]) -> set[str]:
    """Return the keys, and those of the parent runs of the CCX courses among them."""
    return {*course_keys, *filter(None, map(parent_of_ccx, course_keys))}
