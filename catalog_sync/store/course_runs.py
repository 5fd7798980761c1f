"""Stored course runs: what each Catalog last listed. They are read together with the pinned marketing URLs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, TextField, Value
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.store.sql import in_chunks, upsert


class CatalogData(NamedTuple):
    """The data that a Catalog has for a course run. The names are the Catalog's."""

    status: str = ""
    marketing_url: str | None = None
    eligible_for_financial_aid: bool | None = None
    content_language: str | None = None


# The statuses that a course run of the Catalog can have. A later version of the Catalog may have more.
CATALOG_STATUSES = ("published", "unpublished", "review_by_legal", "review_by_internal", "reviewed")

# The columns of a ``StoredCourseRun``.
COLUMNS = ("id", "catalog", *CatalogData._fields)


class StoredCourseRun(NamedTuple):
    """A stored course run, and the name of the Catalog that lists it."""

    id: int
    catalog: str
    data: CatalogData


class StoredData(NamedTuple):
    """What is stored for some course keys.

    Attributes:
        course_runs: by course key, the course run of each Catalog that lists it, in order of precedence.
        pins: by course key, the pinned marketing URL.
    """

    course_runs: dict[str, list[StoredCourseRun]]
    pins: dict[str, str]

    def of_catalog(self, catalog: str) -> dict[str, StoredCourseRun]:
        """Return the course runs of one Catalog, by course key."""
        return {
            key: course_run
            for key, course_runs in self.course_runs.items()
            for course_run in course_runs
            if course_run.catalog == catalog
        }

    def with_changes(self, catalog: str, changes: Mapping[str, CatalogData | None]) -> StoredData:
        """Return what would be stored if the Catalog's course runs had this data; None: the row is deleted."""
        course_runs = dict(self.course_runs)
        for key, data in changes.items():
            candidates = [each for each in course_runs.pop(key, ()) if each.catalog != catalog]
            if data is not None:
                candidates.append(StoredCourseRun(0, catalog, data))
            if candidates:
                course_runs[key] = in_order(candidates)
        return StoredData(course_runs, self.pins)

    def keys_of_former_catalogs(self) -> set[str]:
        """Return the course keys that a former Catalog lists: one that the settings do not name any more."""
        names = conf.catalog_names()
        return {
            key for key, some in self.course_runs.items() if any(each.catalog not in names for each in some)
        }

    def without_former_catalogs(self, course_keys: Collection[str]) -> StoredData:
        """Return what would be stored if no former Catalog listed these course keys."""
        names = conf.catalog_names()
        course_runs = dict(self.course_runs)
        for key in self.course_runs.keys() & course_keys:
            candidates = [each for each in course_runs.pop(key) if each.catalog in names]
            if candidates:
                course_runs[key] = candidates
        return StoredData(course_runs, self.pins)


def in_order(course_runs: list[StoredCourseRun]) -> list[StoredCourseRun]:
    """Return the stored course runs of a course key in order of precedence.

    The order is that of ``CATALOG_SYNC_CATALOGS``; former Catalogs are last. ``precedence.published_rows`` has the same
    order in SQL.
    """
    if len(course_runs) == 1:
        return course_runs
    rank = {name: place for place, name in enumerate(conf.catalog_names())}
    return sorted(course_runs, key=lambda each: (rank.get(each.catalog, len(rank)), each.id))


def read(course_keys: Collection[str]) -> StoredData:
    """Return what is stored for these course keys; one query."""
    keys = frozenset(course_keys)
    if not keys:
        return StoredData({}, {})
    rows = CatalogCourseRun.objects.filter(course_key__among=keys)
    pins = PinnedMarketingUrl.objects.filter(course_key__among=keys)
    nothing = (Value(""), Value(None, TextField()), Value(None, BooleanField()), Value(None, TextField()))
    return collect(
        rows.values_list("course_key", Value(None, TextField()), *COLUMNS).union(
            pins.values_list("course_key", "url", Value(0), Value(""), *nothing), all=True
        )
    )


def collect(rows: Iterable[tuple[Any, ...]]) -> StoredData:
    """Convert rows of course key, pinned URL or None, and ``COLUMNS``. If the id is 0, the row is only a pin."""
    course_runs: dict[str, list[StoredCourseRun]] = {}
    pins = {}
    listed_twice = set()
    for key, pinned_url, row_id, catalog, *data in rows:
        if pinned_url:
            pins[key] = pinned_url
        if not row_id:
            continue
        course_run = StoredCourseRun(row_id, catalog, CatalogData(*data))
        if key in course_runs:
            course_runs[key].append(course_run)
            listed_twice.add(key)
        else:
            course_runs[key] = [course_run]
    for key in listed_twice:
        course_runs[key] = in_order(course_runs[key])
    return StoredData(course_runs, pins)


def read_all(course_keys: Collection[str]) -> StoredData:
    """Return what is stored for any number of course keys; one query per ``CHUNK`` of them."""
    all_stored = StoredData({}, {})
    for some in in_chunks(course_keys):
        stored = read(some)
        all_stored.course_runs.update(stored.course_runs)
        all_stored.pins.update(stored.pins)
    return all_stored


def record(changes: Mapping[str, CatalogData], catalog: str) -> None:
    """Insert or update the Catalog's course runs of these course keys; one statement."""
    if not changes:
        return
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    upsert(
        CatalogCourseRun,
        ["course_key", *CatalogData._fields],
        ((key, *data) for key, data in changes.items()),
        constants={"catalog": catalog, "created": now, "modified": now},
        unique_columns=["course_key", "catalog"],
        update_columns=[*CatalogData._fields, "modified"],
    )


def delete_course_runs(course_keys: Collection[str], catalog: str) -> None:
    """Delete the Catalog's course runs of these course keys."""
    CatalogCourseRun.objects.filter(course_key__in=course_keys, catalog=catalog).delete()


def delete_of_former_catalogs(course_keys: Collection[str]) -> None:
    """Delete the course runs of these course keys that belong to former Catalogs."""
    rows = CatalogCourseRun.objects.filter(course_key__in=course_keys)
    rows.exclude(catalog__in=conf.catalog_names()).delete()


def count(catalog: str) -> int:
    """Return how many course runs of the Catalog are stored; one query."""
    return CatalogCourseRun.objects.filter(catalog=catalog).count()


def unknown_statuses(catalog: str) -> list[str]:
    """Return the statuses in CATALOG_SYNC_RUN_STATUSES that the Catalog does not have.

    A status is known if it is one of ``CATALOG_STATUSES``, or if a stored course run of this Catalog has it.
    """
    unknown = set(conf.run_statuses() or ()).difference(CATALOG_STATUSES)
    if not unknown:
        return []
    rows = CatalogCourseRun.objects.filter(catalog=catalog, status__in=unknown)
    return sorted(unknown.difference(rows.values_list("status", flat=True).distinct()))


def pinned(course_keys: Collection[str] | None = None) -> dict[str, str]:
    """Return the pinned marketing URLs of these course keys, by course key; None: of all; one query."""
    pins = PinnedMarketingUrl.objects.all()
    if course_keys is not None:
        pins = pins.filter(course_key__among=frozenset(course_keys))
    return dict(pins.values_list("course_key", "url"))
