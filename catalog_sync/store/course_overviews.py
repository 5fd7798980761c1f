"""The only door to the host's course overviews: compare with the replica, write what differs, keep history."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog_sync import conf, signals
from catalog_sync.course_keys import CCX_PREFIX, ccx_prefix_of, prefixes_of_organization
from catalog_sync.fields import CaseSensitiveCharField
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs, overview_history
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.store.sql import ROWS, chunks_in_order, in_chunks


class Difference(NamedTuple):
    """What comparing some course overviews with the replica found.

    Attributes:
        met: the keys of those that the LMS has.
        differing: of these, those that do not show what they are to show.
        with_url: of these, CCX courses aside, those that are to show a marketing URL.
    """

    seen: list[str]
    differing: list[str]
    with_url: list[str]


class JoinedRows(NamedTuple):
    """By course key, what course overviews show in the mapped fields, and the rows of the replica."""

    shown: dict[str, Sequence[Any]]
    stored: dict[str, StoredCourseRun]


def model() -> Any:
    """Return the host's course overview model."""
    return apps.get_model(conf.course_overview_model())


def _keyed() -> QuerySet[Any]:
    """Return the course overviews in no order, annotated with ``_key``, their course key as text."""
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
    """Return the course overview of this key, as none or one row annotated with ``_key``."""
    return _keyed().filter(_key=course_key)


def get(course_key: str) -> Any:
    """Return the course overview of this key, whole; None if the LMS has none."""
    row = of_key(course_key).first()
    # The database may compare without case.
    return row if row is not None and str(row.pk) == course_key else None


def count(course_keys: Collection[str] | None = None) -> int:
    """Return how many course overviews the LMS has, of these keys if any are given; one query."""
    return int((_keyed() if course_keys is None else _keyed().filter(_key__in=list(course_keys))).count())


def count_with_url() -> tuple[int, int]:
    """Return how many course overviews the LMS has, and how many of them show a marketing URL; one query."""
    counts = model()._default_manager.aggregate(all=Count("*"), showing=Count("pk", filter=_has_url()))
    return counts["all"], counts["showing"]


def _has_url() -> Q:
    field = url_field()
    return Q(**{f"{field}__isnull": False}) & ~Q(**{field: ""})


def marketing_urls(course_keys: Collection[str]) -> dict[str, str | None]:
    """Return the marketing URLs on the course overviews of these keys, by key; one query."""
    return dict(_keyed().filter(_key__among=frozenset(course_keys)).values_list("_key", url_field()))


def urls_of_organization(org: str, limit: int) -> list[tuple[str, str, str | None]]:
    """Return course key, marketing URL and social sharing URL of an organization's courses; one query.

    Courses without a marketing URL are left out. A database that compares without case adds other organizations.
    """
    starts = [Q(_key__startswith=prefix) for prefix in prefixes_of_organization(org)]
    return list(_urls(Q(*starts, _connector=Q.OR))[:limit])


def urls_of_course(course_key: str) -> list[tuple[str, str, str | None]]:
    """Return the same of one course; one query."""
    return list(_urls(Q(_key=course_key)))


def _urls(wanted: Q) -> QuerySet[Any]:
    has_social_sharing = any(field.name == "social_sharing_url" for field in model()._meta.concrete_fields)
    social_sharing: Any = F("social_sharing_url") if has_social_sharing else Value(None, TextField())
    return _keyed().filter(_has_url(), wanted).values_list("_key", url_field(), social_sharing)


def compare(held: Mapping[str, CatalogData]) -> Difference:
    """Compare the course overviews of these keys with what they are to show; one query.

    A value that the replica does not hold changes nothing: taking a marketing URL away is ``clear``'s.
    """
    found = _keyed().filter(_key__among=held.keys()).values_list("_key", *conf.fields().values())
    return difference({key: values for key, *values in found}, held)


def difference(shown: Mapping[str, Sequence[Any]], held: Mapping[str, CatalogData]) -> Difference:
    """Compare values of the mapped fields, by course key, with what is to be shown."""
    # The database may compare without case; a course key is another course's if its case differs.
    seen = [key for key in shown if key in held]
    differing = {
        key: None
        for position, name in enumerate(conf.fields())
        for key in seen
        if (value := getattr(held[key], name)) is not None and value != shown[key][position]
    }
    with_url = [key for key in seen if held[key].marketing_url and not key.startswith(CCX_PREFIX)]
    return Difference(seen, list(differing), with_url)


def read_joined(course_keys: Collection[str]) -> JoinedRows:
    """Return the course overviews of these keys that have a row in the replica, with that row; one query.

    By hand, since no foreign key joins the two tables: a course overview may be gone, a row may be yet to come.
    """
    if not course_keys:  # an empty list of them is no SQL everywhere
        return JoinedRows({}, {})
    meta = model()._meta
    quoted = connection.ops.quote_name
    key = f"overview.{quoted(meta.pk.column)}"
    fields = [f"overview.{quoted(meta.get_field(name).column)}" for name in conf.fields().values()]
    columns = [key, *fields, *(f"run.{quoted(name)}" for name in course_runs.COLUMNS)]
    # From the course overview to the replica, not the other way round: where the two columns differ in collation, as
    # on MySQL, the replica's index is the one that serves.
    sql = (  # Made of the names of tables and columns only.
        f"SELECT {', '.join(columns)} FROM {quoted(meta.db_table)} overview "  # noqa: S608
        f"JOIN {quoted(CatalogCourseRun._meta.db_table)} run ON run.course_key = {key} "
        f"WHERE {key} IN ({', '.join(['%s'] * len(course_keys))})"
    )
    end = 1 + len(fields)
    with connection.cursor() as cursor:
        cursor.execute(sql, list(course_keys))
        rows = cursor.fetchall()
    return JoinedRows(
        {row[0]: row[1:end] for row in rows},
        {row[0]: course_runs.stored_course_run(*row[end:]) for row in rows},
    )


def copy_stored_values(course_keys: Collection[str], unconfirmed: Collection[str] = frozenset()) -> int:
    """Set the mapped fields of the course overviews from their own rows of the replica, and return how many.

    Two statements at most, whatever the number, and two for doubtful ones: the values do not pass through Python.

    Args:
        course_keys: whose.
        unconfirmed: those that are not to be given the Catalog's marketing URL, only a pinned one.
    """
    certain = [key for key in course_keys if key not in unconfirmed]
    return _copy(certain, course_runs.PUBLISHED_URL) + _copy(
        [key for key in course_keys if key in unconfirmed], F("pinned_url")
    )


def _copy(course_keys: Collection[str], url: Any) -> int:
    if not course_keys:  # as usual for doubtful ones; building the statement takes longer than looking
        return 0
    own_row = CatalogCourseRun.objects.filter(course_key=OuterRef("pk"))
    held = {name: F(name) for name in conf.fields()} | {"marketing_url": url}
    values = {
        field: Coalesce(Subquery(own_row.values_list(held[name])[:1]), F(field))
        for name, field in conf.fields().items()
    }
    return _update(course_keys, values)


def copy_marketing_urls(urls: Mapping[str, str]) -> int:
    """Set these marketing URLs, by course key, and return how many course overviews were written."""
    keys_of: dict[str, list[str]] = {}
    for key, url in urls.items():
        keys_of.setdefault(url, []).append(key)
    whens = [When(_key__in=keys, then=Value(url)) for url, keys in keys_of.items()]
    return _update(list(urls), {url_field(): Case(*whens)})


def clear(course_keys: Collection[str]) -> int:
    """Take the marketing URL away from the course overviews, and return how many had one. Pins stay."""
    showing = _showing(course_keys)
    return _update(showing, {url_field(): Value(None, output_field=TextField())})


def count_with_removable_url(course_keys: Collection[str]) -> int:
    """Return how many of these course overviews show a marketing URL that is not pinned."""
    return sum(len(_showing(chunk)) for chunk in in_chunks(course_keys))


def _showing(course_keys: Collection[str]) -> list[str]:
    wanted = set(course_keys)
    showing = set(with_marketing_url().filter(_key__in=list(wanted))) & wanted
    return list(showing - course_runs.with_pinned_source(showing)) if showing else []


def with_marketing_url() -> QuerySet[Any]:
    """Return the keys of the course overviews that show a marketing URL."""
    return _keyed().filter(_has_url()).values_list("_key", flat=True)


def count_with_own_url() -> int:
    """Return how many course overviews, CCX courses aside, show a marketing URL; one query."""
    return int(with_marketing_url().exclude(_key__startswith=CCX_PREFIX).count())


def with_unknown_url() -> Iterator[list[str]]:
    """Yield the keys of course overviews, CCX courses aside, that show a URL which no row of the replica holds."""
    own_row = CatalogCourseRun.objects.filter(course_runs.HAS_URL, course_key=OuterRef("pk"))
    return key_chunks(with_marketing_url().exclude(_key__startswith=CCX_PREFIX).filter(~Exists(own_row)))


def key_chunks(some_keys: QuerySet[Any]) -> Iterator[list[str]]:
    """Yield keys, such as those of ``showing_url``, in lists."""
    for chunk in chunks_in_order(some_keys.values_list("_key"), "_key", ROWS):
        yield [key for (key,) in chunk]


def out_of_date() -> QuerySet[Any]:
    """Return the keys of course overviews that do not show what the replica holds of their own run, for a subquery.

    A CCX course without a URL of its own is in step with its parent run or not, which no one row tells. It reads every
    course overview: some seconds for a million of them.
    """
    own_row = CatalogCourseRun.objects.filter(course_key=OuterRef("pk"))
    # One comparison, without nulls: the database looks for the row as often as the condition names it.
    text, nothing = TextField(), Value("")
    shown = Coalesce(url_field(), nothing, output_field=text)
    without_row = Case(When(_key__startswith=CCX_PREFIX, then=shown), default=nothing, output_field=text)
    wanted = Coalesce(
        Subquery(own_row.values_list(course_runs.PUBLISHED_URL)[:1]), without_row, output_field=text
    )
    rows: QuerySet[Any] = _keyed().annotate(_wanted=wanted).exclude(_wanted=shown)
    return rows.values("_key")


def ccx_chunks(parents: Collection[str] = ()) -> Iterator[list[tuple[str, str | None]]]:
    """Yield the LMS's CCX courses in lists of (course key, marketing URL), only of these parents if any are given."""
    if not parents:
        yield from _chunks_of(Q(_key__startswith=CCX_PREFIX))
    # Fewer at once than the alternatives that SQLite takes in one expression.
    for some in in_chunks(parents):
        starts = [Q(_key__startswith=ccx_prefix_of(parent)) for parent in some]
        yield from _chunks_of(Q(*starts, _connector=Q.OR))


def with_ccx(course_key: str) -> Iterator[list[tuple[str, str | None]]]:
    """Yield the course overview of this key and those of its CCX courses, in lists as ``ccx_chunks`` does."""
    ccx_prefix = ccx_prefix_of(course_key)
    for chunk in _chunks_of(Q(_key=course_key) | Q(_key__startswith=ccx_prefix)):
        # The database may compare without case.
        yield [(key, url) for key, url in chunk if key == course_key or key.startswith(ccx_prefix)]


def _chunks_of(wanted: Q) -> Iterator[list[tuple[str, str | None]]]:
    return chunks_in_order(_keyed().filter(wanted).values_list("_key", url_field()), "_key")


def _update(course_keys: Collection[str], values: dict[str, Any]) -> int:
    """Update and keep history as ``save()`` would; a row that was deleted meanwhile is left out."""
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
