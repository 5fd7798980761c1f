"""Which stored values are published for a course.

The marketing URL is the first of these: the pinned URL; the URL of the first-named Catalog that has one; for a CCX
course, the same of its parent course run. The other values come from the course run that the marketing URL comes from,
or from that of the first-named Catalog if none has a URL.

The rule is implemented twice: in Python for rows that are read anyway (``published_with_parents``, in the order of
``course_runs.in_order``), and in SQL for values that do not pass through Python (``published_rows`` and what follows).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Case, IntegerField, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce

from catalog_sync import conf
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun, StoredData
from catalog_sync.store.sql import in_chunks


class Source(NamedTuple):
    """The course key for which the published marketing URL is stored, whether it is pinned, and the URL."""

    course_key: str
    is_pinned: bool
    url: str


def published_course_run(candidates: Sequence[StoredCourseRun]) -> StoredCourseRun:
    """Return the course run whose values are published, from those of a course key in order of precedence."""
    return next((each for each in candidates if each.data.marketing_url), candidates[0])


def published_after(
    changes: Mapping[str, CatalogData], stored: StoredData, catalog: str
) -> dict[str, CatalogData]:
    """Return the data to publish for these course keys once the Catalog's course runs have this data."""
    data = dict(changes)
    for key, candidates in stored.course_runs.items():
        # Usually no other Catalog lists it.
        if key in data and (len(candidates) > 1 or candidates[0].catalog != catalog):
            after = StoredData({key: candidates}, {}).with_changes(catalog, {key: data[key]})
            data[key] = published_course_run(after.course_runs[key]).data
    for key, url in stored.pins.items():
        if key in data:
            data[key] = data[key]._replace(marketing_url=url)
    return data


def published(stored: StoredData) -> dict[str, CatalogData]:
    """Return the data to publish for each stored course key, without what CCX courses inherit."""
    data = {key: published_course_run(some).data for key, some in stored.course_runs.items()}
    for key, url in stored.pins.items():
        data[key] = data.get(key, CatalogData())._replace(marketing_url=url)
    return data


def published_with_parents(course_keys: Collection[str], stored: StoredData) -> dict[str, CatalogData]:
    """Return the data to publish for these course keys. Keys for which nothing is stored are left out.

    Args:
        course_keys: of the courses.
        stored: for these keys and the parent course runs of the CCX courses among them.
    """
    all_data = published(stored)
    data = {key: all_data[key] for key in course_keys if key in all_data}
    for key in course_keys:
        parent = parent_of_ccx(key)
        own = data.get(key, CatalogData())
        if parent in all_data and not own.marketing_url:
            data[key] = own._replace(marketing_url=all_data[parent].marketing_url)
    return data


def with_parents(course_keys: Collection[str]) -> set[str]:
    """Return the keys, and those of the parent course runs of the CCX courses among them."""
    return {*course_keys, *filter(None, map(parent_of_ccx, course_keys))}


def published_for(course_keys: Collection[str]) -> dict[str, CatalogData]:
    """Return the data to publish for these course keys; one query. Keys for which nothing is stored are left out."""
    return published_with_parents(course_keys, course_runs.read(with_parents(course_keys)))


def source_in(course_key: str, stored: StoredData) -> Source | None:
    """Return for which course key the marketing URL of this course is stored; None if it is not stored.

    Args:
        course_key: of the course.
        stored: for this key and, if it is a CCX course, that of its parent course run.
    """
    data = published(stored)
    for key in (course_key, parent_of_ccx(course_key)):
        if key and key in data and (url := data[key].marketing_url):
            return Source(key, key in stored.pins, url)
    return None


def with_pinned_source(course_keys: Collection[str]) -> set[str]:
    """Return those of the keys that are pinned, or are CCX courses of a pinned course run."""
    pins = {key for some in in_chunks(with_parents(course_keys)) for key in course_runs.pinned(some)}
    return {key for key in course_keys if key in pins or parent_of_ccx(key) in pins}


def published_rows(course_key: Any) -> QuerySet[CatalogCourseRun]:
    """Return the stored course runs of a course key, the one whose values are published first, for a subquery."""
    names = conf.catalog_names()
    rank = [When(catalog=name, then=Value(place)) for place, name in enumerate(names)]
    return CatalogCourseRun.objects.filter(course_key=course_key).order_by(
        Case(When(marketing_url__isnull=True, then=Value(1)), default=Value(0), output_field=IntegerField()),
        Case(*rank, default=Value(len(names)), output_field=IntegerField()),
        "pk",
    )


def pinned_url(course_key: Any) -> Subquery:
    """Return the pinned URL of a course key, as an expression for a query of another table."""
    return Subquery(PinnedMarketingUrl.objects.filter(course_key=course_key).values("url")[:1])


def published_value(name: str, course_key: Any) -> Any:
    """Return a value to publish for a course key, as an expression for a query of another table.

    It does not include the marketing URL that a CCX course inherits from its parent course run.
    """
    value = Subquery(published_rows(course_key).values(name)[:1])
    return Coalesce(pinned_url(course_key), value) if name == "marketing_url" else value


def published_values(course_key: str) -> dict[str, Any]:
    """Return what ``published_for`` returns for a course key, except the status, as expressions by field."""
    keys = filter(None, (course_key, parent_of_ccx(course_key)))
    urls = [published_value("marketing_url", key) for key in keys]
    nothing = Value(None, output_field=TextField())  # Coalesce takes two values or more
    return {
        "marketing_url": Coalesce(*urls, nothing),
        "eligible_for_financial_aid": published_value("eligible_for_financial_aid", course_key),
        "content_language": published_value("content_language", course_key),
    }


def is_pinned() -> Q:
    """Return the condition that the course of a stored course run has a pin."""
    return Q(course_key__in=PinnedMarketingUrl.objects.values("course_key"))
