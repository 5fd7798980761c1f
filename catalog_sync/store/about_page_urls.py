"""The URLs that replace the URLs of about pages: read for the links of the LMS, as fast as possible."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, Q, QuerySet, TextField, Value

from catalog_sync.course_keys import prefixes_of_organization
from catalog_sync.store import course_overviews

# A placeholder for the organization in the parameters of the statement.
_ORG_PLACEHOLDER = "ORG"


class Urls(NamedTuple):
    """The marketing URL of a course, empty if it has none, and its social sharing URL, which has priority."""

    marketing: str = ""
    social_sharing: str | None = None


def of_organization(org: str, limit: int) -> dict[str, Urls]:
    """Return the URLs of at most ``limit`` courses of an organization, by course key; one query.

    Courses without a marketing URL are left out. If the database ignores case, it may add other organizations.
    """
    sql, parameters = _statement(
        course_overviews.model(), course_overviews.url_field(), limit, connection.vendor
    )
    org_in_pattern = connection.ops.prep_for_like_query(org)
    with connection.cursor() as cursor:
        cursor.execute(sql, [parameter.replace(_ORG_PLACEHOLDER, org_in_pattern) for parameter in parameters])
        return _by_key(cursor.fetchall())


# Cached because Django needs longer to compose the statement than the database to execute it. The statement depends on
# all arguments, also on those that the function does not use.
@lru_cache(maxsize=8)
def _statement(model: Any, url_field: str, limit: int, vendor: str) -> tuple[str, tuple[str, ...]]:
    starts = [Q(_key__startswith=prefix) for prefix in prefixes_of_organization(_ORG_PLACEHOLDER)]
    rows = _rows(Q(*starts, _connector=Q.OR))[:limit]
    sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)


def of_course(course_key: str) -> Urls:
    """Return the URLs of a course; one query."""
    # The database may ignore case.
    return _by_key(_rows(Q(_key=course_key))).get(course_key, Urls())


def _rows(wanted: Q) -> QuerySet[Any]:
    fields = course_overviews.model()._meta.concrete_fields
    has_social_sharing = any(field.name == "social_sharing_url" for field in fields)
    social_sharing: Any = F("social_sharing_url") if has_social_sharing else Value(None, TextField())
    rows = course_overviews.with_marketing_url().filter(wanted)
    return rows.values_list("_key", course_overviews.url_field(), social_sharing)


def _by_key(rows: Iterable[tuple[str, str, str | None]]) -> dict[str, Urls]:
    return {key: Urls(marketing.strip(), social_sharing) for key, marketing, social_sharing in rows}
