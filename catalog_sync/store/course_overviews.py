"""The host's course overviews: compare them with stored data, write what differs, keep history.

No other module reads or writes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog_sync import conf, signals
from catalog_sync.course_keys import CCX_PREFIX, ccx_prefix_of
from catalog_sync.fields import CaseSensitiveCharField
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.store import course_runs, overview_history, precedence
from catalog_sync.store.course_runs import CatalogData, StoredData
from catalog_sync.store.difference import Difference, difference
from catalog_sync.store.sql import ROWS, chunks_in_order, in_chunks


class JoinedRows(NamedTuple):
    """The values of the mapped fields of course overviews, by course key, and what is stored for these keys."""

    current: dict[str, Sequence[Any]]
    stored: StoredData


def model() -> Any:
    """Return the host's course overview model."""
    return apps.get_model(conf.course_overview_model())


def _keyed() -> QuerySet[Any]:
    """Return the unordered course overviews, annotated with ``_key``: their course key as text."""
    # Course keys stay strings: parsing each of them into a key object costs more than reading it.
    key = ExpressionWrapper(F(model()._meta.pk.name), output_field=CaseSensitiveCharField())
    rows: QuerySet[Any] = model()._default_manager.order_by().annotate(_key=key)
    return rows


def keys() -> QuerySet[Any]:
    """Return the keys of all course overviews, for a subquery."""
    return _keyed().values("_key")


def url_field() -> str:
    """Return the name of the course overview's field that holds the marketing URL."""
    return conf.fields()["marketing_url"]


def of_key(course_key: str) -> QuerySet[Any]:
    """Return a query of the course overview of this key, annotated with ``_key``."""
    return _keyed().filter(_key=course_key)


def get(course_key: str) -> Any:
    """Return the course overview of this key as a model instance; None if the LMS has none."""
    row = of_key(course_key).first()
    # The database may ignore case.
    return row if row is not None and str(row.pk) == course_key else None


def count(course_keys: Collection[str] | None = None) -> int:
    """Return how many course overviews the LMS has for these keys; None: in all; one query."""
    return int((_keyed() if course_keys is None else _keyed().filter(_key__in=list(course_keys))).count())


def count_with_url(limit: int | None = None) -> tuple[int, int]:
    """Return how many course overviews the LMS has, and how many of them have a marketing URL; one query.

    Args:
        limit: stop counting at this number of course overviews; None: count all.
    """
    rows = model()._default_manager.order_by()[:limit]
    counts = rows.aggregate(all=Count("*"), with_url=Count("pk", filter=_has_url()))
    return counts["all"], counts["with_url"]


def _has_url() -> Q:
    field = url_field()
    return Q(**{f"{field}__isnull": False}) & ~Q(**{field: ""})


def marketing_urls(course_keys: Collection[str]) -> dict[str, str | None]:
    """Return the marketing URLs on the course overviews of these keys, by key; one query."""
    return dict(_keyed().filter(_key__among=frozenset(course_keys)).values_list("_key", url_field()))


def compare(
    published: Mapping[str, CatalogData], simulated: Mapping[str, Sequence[Any]] | None = None
) -> Difference:
    """Compare the course overviews of these keys with the data to publish; one query.

    A value that is None does not count as a difference: only ``clear`` removes a marketing URL.

    Args:
        published: by course key, the data to publish.
        simulated: by course key, the values that course overviews would have if a dry run had written.
    """
    found = _keyed().filter(_key__among=published.keys()).values_list("_key", *conf.fields().values())
    simulated = simulated or {}
    return difference({key: simulated.get(key, values) for key, *values in found}, published)


def read_joined(course_keys: Collection[str]) -> JoinedRows:
    """Return the course overviews of these keys that have a stored course run, and what is stored for them; one query.

    The SQL is written by hand since no foreign key joins the tables.
    """
    if not course_keys:  # not every database accepts an empty list
        return JoinedRows({}, StoredData({}, {}))
    meta = model()._meta
    quoted = connection.ops.quote_name
    key = f"overview.{quoted(meta.pk.column)}"
    fields = [f"overview.{quoted(meta.get_field(name).column)}" for name in conf.fields().values()]
    columns = [*fields, key, "pin.url", *(f"run.{quoted(name)}" for name in course_runs.COLUMNS)]
    # The join starts at the course overviews: if the collations of the columns differ, as on MySQL, only the indexes of
    # this app's tables can be used.
    sql = (  # Made of the names of tables and columns only.
        f"SELECT {', '.join(columns)} FROM {quoted(meta.db_table)} overview "  # noqa: S608
        f"JOIN {quoted(CatalogCourseRun._meta.db_table)} run ON run.course_key = {key} "
        f"LEFT JOIN {quoted(PinnedMarketingUrl._meta.db_table)} pin ON pin.course_key = {key} "
        f"WHERE {key} IN ({', '.join(['%s'] * len(course_keys))})"
    )
    end = len(fields)
    with connection.cursor() as cursor:
        cursor.execute(sql, list(course_keys))
        rows = cursor.fetchall()
    return JoinedRows({row[end]: row[:end] for row in rows}, course_runs.collect(row[end:] for row in rows))


def copy_published_values(course_keys: Collection[str], unconfirmed: Collection[str] = frozenset()) -> int:
    """Copy the published values of these course keys to their course overviews, and return how many were written.

    This takes at most four statements, whatever the number of keys. The values do not pass through Python. A CCX course
    does not get the marketing URL of its parent course run.

    Args:
        course_keys: of the course overviews.
        unconfirmed: those of them that get only a pinned marketing URL, not one from a Catalog.
    """
    confirmed = [key for key in course_keys if key not in unconfirmed]
    return _copy(confirmed, precedence.published_value("marketing_url", OuterRef("pk"))) + _copy(
        [key for key in course_keys if key in unconfirmed], precedence.pinned_url(OuterRef("pk"))
    )


def _copy(course_keys: Collection[str], url: Any) -> int:
    if not course_keys:
        return 0
    published = {
        name: url if name == "marketing_url" else precedence.published_value(name, OuterRef("pk"))
        for name in conf.fields()
    }
    values = {field: Coalesce(published[name], F(field)) for name, field in conf.fields().items()}
    return _update(course_keys, values)


def copy_marketing_urls(urls: Mapping[str, str]) -> int:
    """Set these marketing URLs, by course key, and return how many course overviews were written."""
    keys_of: dict[str, list[str]] = {}
    for key, url in urls.items():
        keys_of.setdefault(url, []).append(key)
    whens = [When(_key__in=keys, then=Value(url)) for url, keys in keys_of.items()]
    return _update(list(urls), {url_field(): Case(*whens)})


def clear(course_keys: Collection[str]) -> dict[str, str]:
    """Remove the marketing URLs from the course overviews, and return them by course key. Pinned URLs stay."""
    removed = removable_urls(course_keys)
    _update(removed, {url_field(): Value(None, output_field=TextField())})
    return removed


def lock_with_url(course_keys: Collection[str], url: str) -> list[str]:
    """Lock these course overviews, in a transaction, and return the keys of those with this marketing URL."""
    locked = _keyed().select_for_update().filter(_key__in=list(course_keys)).values_list("_key", url_field())
    return [key for key, current in locked if current == url and key in course_keys]


def removable_urls(course_keys: Collection[str]) -> dict[str, str]:
    """Return the marketing URLs of these course overviews, by key, without those that are pinned."""
    urls: dict[str, str] = {}
    for some in map(set, in_chunks(course_keys)):
        # The database may ignore case.
        found = {key: url for key, url in marketing_urls(some).items() if url and key in some}
        pinned = precedence.with_pinned_source(found)
        urls |= {key: url for key, url in found.items() if key not in pinned}
    return urls


def with_marketing_url() -> QuerySet[Any]:
    """Return a query of the course overviews that have a marketing URL, annotated with ``_key``."""
    return _keyed().filter(_has_url())


def count_with_own_url() -> int:
    """Return how many course overviews, except CCX courses, have a marketing URL; one query."""
    return int(with_marketing_url().exclude(_key__startswith=CCX_PREFIX).count())


def with_unknown_url() -> Iterator[list[str]]:
    """Yield the keys of course overviews, except CCX courses, whose marketing URL is neither stored nor pinned."""
    course_run = CatalogCourseRun.objects.filter(marketing_url__isnull=False, course_key=OuterRef("pk"))
    pin = PinnedMarketingUrl.objects.filter(course_key=OuterRef("pk"))
    rows = with_marketing_url().exclude(_key__startswith=CCX_PREFIX)
    return key_chunks(rows.filter(~Exists(course_run), ~Exists(pin)))


def key_chunks(rows: QuerySet[Any]) -> Iterator[list[str]]:
    """Yield the keys of a query such as ``with_marketing_url``, in lists."""
    for chunk in chunks_in_order(rows.values_list("_key"), "_key", ROWS):
        yield [key for (key,) in chunk]


def out_of_date() -> Iterator[str]:
    """Yield the keys of stored course runs whose course overview does not have the marketing URL that is published.

    CCX courses without a stored URL of their own are left out, since they have the URL of the parent course run. This
    reads all course overviews and stored course runs, because a join in the database takes several times as long.
    """
    overviews = _keyed().values_list("_key", url_field())
    current = {key: url or "" for chunk in chunks_in_order(overviews, "_key", ROWS) for key, url in chunk}
    pins = course_runs.pinned()
    rows = CatalogCourseRun.objects.values_list("pk", "course_key", "marketing_url")
    for chunk in chunks_in_order(rows, "pk", ROWS):
        # Usually few. Only for these, compute which values have priority.
        differing = {
            key for _, key, url in chunk if key in current and (key in pins or (url or "") != current[key])
        }
        for key, data in precedence.published(course_runs.read_all(differing)).items():
            url = data.marketing_url or (current[key] if key.startswith(CCX_PREFIX) else "")
            if url != current[key]:
                yield key


def ccx_chunks(parents: Collection[str] | None = None) -> Iterator[list[tuple[str, str | None]]]:
    """Yield lists of (course key, marketing URL) of the CCX courses of these parent course runs; None: of all."""
    if parents is None:
        yield from _chunks_of(Q(_key__startswith=CCX_PREFIX))
        return
    # SQLite limits the number of alternatives in one expression.
    for some in in_chunks(parents):
        starts = [Q(_key__startswith=ccx_prefix_of(parent)) for parent in some]
        yield from _chunks_of(Q(*starts, _connector=Q.OR))


def with_ccx(course_key: str) -> Iterator[list[tuple[str, str | None]]]:
    """Yield lists of (course key, marketing URL) of the course of this key and of its CCX courses."""
    ccx_prefix = ccx_prefix_of(course_key)
    for chunk in _chunks_of(Q(_key=course_key) | Q(_key__startswith=ccx_prefix)):
        # The database may ignore case.
        yield [(key, url) for key, url in chunk if key == course_key or key.startswith(ccx_prefix)]


def _chunks_of(wanted: Q) -> Iterator[list[tuple[str, str | None]]]:
    return chunks_in_order(_keyed().filter(wanted).values_list("_key", url_field()), "_key")


def _update(course_keys: Collection[str], values: dict[str, Any]) -> int:
    """Update course overviews and add history rows, as ``save()`` would; return how many still exist."""
    if not course_keys:
        return 0
    now = timezone.now()
    if any(field.name == "modified" for field in model()._meta.concrete_fields):
        values = values | {"modified": now}
    rows = _keyed().filter(_key__among=frozenset(course_keys))
    written: int = rows.update(**values)
    overview_history.record(rows, now)
    if written:
        signals.announce(model(), course_keys)
    return written
