"""How course overviews differ from the data to publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from catalog_sync import conf
from catalog_sync.course_keys import CCX_PREFIX
from catalog_sync.store.course_runs import CatalogData


class Difference(NamedTuple):
    """The result of comparing course overviews with the data to publish.

    Attributes:
        seen: the keys of the course overviews that the LMS has.
        differing: the keys of those whose values differ from the data to publish.
        with_url: the keys of those, except CCX courses, for which there is a marketing URL to publish.
        current: by course key, the values of the mapped fields, in the order of ``CATALOG_SYNC_FIELDS``.
        published: by course key, the data to publish.
    """

    seen: list[str]
    differing: list[str]
    with_url: list[str]
    current: Mapping[str, Sequence[Any]]
    published: Mapping[str, CatalogData]

    def written(self, course_key: str) -> list[Any]:
        """Return the values of the mapped fields of a course overview after its update."""
        data = self.published[course_key]
        new = [getattr(data, name) for name in conf.fields()]
        return [
            old if value is None else value for old, value in zip(self.current[course_key], new, strict=True)
        ]


def marketing_url_in(values: Sequence[Any]) -> str | None:
    """Return the marketing URL among the values of the mapped fields."""
    url: str | None = values[list(conf.fields()).index("marketing_url")]
    return url or None


def difference(current: Mapping[str, Sequence[Any]], published: Mapping[str, CatalogData]) -> Difference:
    """Compare values of the mapped fields, by course key, with the data to publish."""
    # The database may ignore case, but a key in another case belongs to another course.
    seen = [key for key in current if key in published]
    differing = {
        key: None
        for position, name in enumerate(conf.fields())
        for key in seen
        if (value := getattr(published[key], name)) is not None and value != current[key][position]
    }
    with_url = [key for key in seen if published[key].marketing_url and not key.startswith(CCX_PREFIX)]
    return Difference(seen, list(differing), with_url, current, published)
