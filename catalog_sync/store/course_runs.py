"""The replica: what the Catalog last said about each course run, in rows of this app's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store.sql import in_chunks, upsert


class CatalogData(NamedTuple):
    """What the replica holds of a course run. The names are the Catalog's."""

    status: str = ""
    marketing_url: str | None = None
    eligible_for_financial_aid: bool | None = None
    content_language: str | None = None


NOTHING = CatalogData()

# The statuses that a course run of the Catalog can have. A later version of the Catalog may have more.
CATALOG_STATUSES = ("published", "unpublished", "review_by_legal", "review_by_internal", "reviewed")

# Of a row: the URL that its course overview is to show, and whether there is one.
PUBLISHED_URL = Coalesce("pinned_url", "marketing_url")
HAS_URL = Q(marketing_url__isnull=False) | Q(pinned_url__isnull=False)

# What a ``StoredRun`` is made of.
COLUMNS = ("id", "pinned_url", "catalog", *CatalogData._fields)


class StoredCourseRun(NamedTuple):
    """A row of the replica: its id, what it holds of which Catalog, and the URL that an operator has pinned."""

    id: int
    held: CatalogData
    pinned_url: str | None = None
    catalog: str = conf.DEFAULT_CATALOG

    @property
    def is_listed(self) -> bool:
        """Whether the Catalog has ever said anything of it: a row may be there for a pin alone."""
        return not self.pinned_url or self.held != NOTHING


class PublishedData(NamedTuple):
    """What course overviews are to show, by course key, and those that do by their parent run only, with its row.

    A parent run that is only taken to be there has none.
    """

    held: dict[str, CatalogData]
    inheriting: dict[str, StoredCourseRun | None]


class Source(NamedTuple):
    """Whose row says what a course overview is to show, and whether by a pin."""

    course_key: str
    is_pinned: bool


def read(course_keys: Collection[str]) -> dict[str, StoredCourseRun]:
    """Return the stored rows of the course keys, by key; one query."""
    rows = CatalogCourseRun.objects.filter(course_key__among=frozenset(course_keys))
    return {key: stored_course_run(*columns) for key, *columns in rows.values_list("course_key", *COLUMNS)}


def stored_course_run(row_id: int, pinned_url: str | None, catalog: str, *held: Any) -> StoredCourseRun:
    """Return a row whose ``COLUMNS`` were read."""
    return StoredCourseRun(row_id, CatalogData(*held), pinned_url, catalog)


def read_all(course_keys: Collection[str]) -> dict[str, StoredCourseRun]:
    """Return the stored rows of any number of course keys, by key; a query for every few hundred."""
    return {key: row for some in in_chunks(course_keys) for key, row in read(some).items()}


def apply_pins(
    held: Mapping[str, CatalogData], stored: Mapping[str, StoredCourseRun]
) -> Mapping[str, CatalogData]:
    """Return what the course overviews of these keys are to show: what is pinned, else what is held."""
    pins = {key: row.pinned_url for key, row in stored.items() if row.pinned_url and key in held}
    return (
        {**held, **{key: held[key]._replace(marketing_url=url) for key, url in pins.items()}}
        if pins
        else held
    )


def record(changes: Mapping[str, CatalogData], catalog: str) -> None:
    """Insert or update the rows of the changed course keys, as the Catalog's; one statement. Pins are left alone."""
    if not changes:
        return
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    upsert(
        CatalogCourseRun,
        ["course_key", *CatalogData._fields],
        ((key, *held) for key, held in changes.items()),
        constants={"catalog": catalog, "created": now, "modified": now},
        unique_column="course_key",
        update_columns=["catalog", *CatalogData._fields, "modified"],
    )


def delete_course_runs(course_keys: Collection[str], catalog: str) -> None:
    """Delete the Catalog's rows of course runs that it is known not to have; of a pinned one only the pin stays."""
    rows = CatalogCourseRun.objects.filter(course_key__in=course_keys, catalog=catalog)
    rows.filter(pinned_url__isnull=True).delete()
    rows.filter(pinned_url__isnull=False).exclude(**NOTHING._asdict()).update(
        **NOTHING._asdict(), modified=timezone.now()
    )


def listed(catalog: str) -> QuerySet[CatalogCourseRun]:
    """Return the Catalog's rows, those aside that are there for a pin alone."""
    rows = CatalogCourseRun.objects.filter(catalog=catalog)
    return rows.exclude(pinned_url__isnull=False, **NOTHING._asdict())


def unknown_statuses(catalog: str) -> list[str]:
    """Return the statuses in CATALOG_SYNC_RUN_STATUSES that the Catalog does not have.

    A status is known if it is one of ``CATALOG_STATUSES``, or if a stored course run of this Catalog has it.
    """
    unknown = set(conf.run_statuses() or ()).difference(CATALOG_STATUSES)
    if not unknown:
        return []
    rows = CatalogCourseRun.objects.filter(catalog=catalog, status__in=unknown)
    return sorted(unknown.difference(rows.values_list("status", flat=True).distinct()))


def pinned(course_keys: Collection[str] = ()) -> list[str]:
    """Return the course keys that are pinned, only among these if any are given."""
    rows = CatalogCourseRun.objects.filter(pinned_at__isnull=False)
    if course_keys:
        rows = rows.filter(course_key__among=frozenset(course_keys))
    return list(rows.values_list("course_key", flat=True))


def count(catalog: str) -> int:
    """Return how many course runs of the Catalog are stored; one query. What is there for a pin alone is none."""
    return listed(catalog).count()


def data_for(course_keys: Collection[str]) -> dict[str, CatalogData]:
    """Return what course overviews with these keys are to show; one query. Keys without anything are left out.

    A pinned URL comes before the Catalog's. The Catalog rarely knows a CCX course; one that has neither of its own
    takes its parent run's, the pinned one first there, too.
    """
    return published_data_for(course_keys).held


def held_values(course_key: str) -> dict[str, Any]:
    """Return what ``held_for`` returns for one course key, by field, as expressions for a query of another table.

    The status is left out.
    """

    def value(key: str, column: Any) -> Subquery:
        return Subquery(CatalogCourseRun.objects.filter(course_key=key).values_list(column)[:1])

    sources = filter(None, (course_key, parent_of_ccx(course_key)))
    urls = [value(key, PUBLISHED_URL) for key in sources]
    nothing = Value(None, output_field=TextField())  # Coalesce takes two values or more
    return {
        "marketing_url": Coalesce(*urls, nothing),
        "eligible_for_financial_aid": value(course_key, "eligible_for_financial_aid"),
        "content_language": value(course_key, "content_language"),
    }


def published_data_for(
    course_keys: Collection[str], instead: Mapping[str, CatalogData | None] | None = None
) -> PublishedData:
    """Return what ``held_for`` returns, and which of the keys inherit it.

    Args:
        course_keys: whose.
        instead: what to take the Catalog to have said of some keys; None: nothing.
    """
    parents = {key: parent for key in course_keys if (parent := parent_of_ccx(key))}
    rows = read({*course_keys, *parents.values()})
    believed = {key: row.held for key, row in rows.items() if row.is_listed} | dict(instead or {})
    said = {key: held for key, held in believed.items() if held is not None}
    pins = {key: said.get(key, NOTHING) for key, row in rows.items() if row.pinned_url}
    stored = apply_pins(said | pins, rows)
    held = {key: stored[key] for key in course_keys if key in stored}
    for key, parent in parents.items():
        mine = held.get(key, NOTHING)
        if parent in stored and not mine.marketing_url:
            held[key] = mine._replace(marketing_url=stored[parent].marketing_url)
    inheriting = {
        key: rows.get(parent) for key, parent in parents.items() if parent in said and key not in said
    }
    return PublishedData(held, inheriting)


def source_of(course_key: str) -> Source | None:
    """Return whose row says what the course overview of this key is to show; None: nobody's."""
    parent = parent_of_ccx(course_key)
    rows = read({course_key, parent} if parent else {course_key})
    for key in filter(None, (course_key, parent)):
        if (row := rows.get(key)) and (row.pinned_url or row.held.marketing_url):
            return Source(key, bool(row.pinned_url))
    return None


def with_pinned_source(course_keys: Collection[str]) -> set[str]:
    """Return which of the keys are pinned, or are CCX courses of a pinned run: no Catalog takes their URL away."""
    parents = {key: parent_of_ccx(key) for key in course_keys}
    sources = {*parents, *filter(None, parents.values())}
    pins = {key for some in in_chunks(sources) for key in pinned(some)}
    return {key for key, parent in parents.items() if key in pins or parent in pins}
