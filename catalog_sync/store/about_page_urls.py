"""The URLs that replace the URLs of about pages: read for the links of the LMS, as fast as possible."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, TextField, Value

from catalog_sync.course_keys import prefixes_of_organization
from catalog_sync.store import course_overviews

# A placeholder for the organization in the parameters of the statement.
_ORG_PLACEHOLDER = "ORG"


def of_organization(org: str, limit: int) -> list[tuple[str, str, str | None]]:
    """Return course key, marketing URL and social sharing URL of an organization's courses; one query.

    Courses without a marketing URL are left out. If the database ignores case, it may add other organizations.
    """
    sql, parameters = _statement(
        course_overviews.model(), course_overviews.url_field(), limit, connection.vendor
    )
    org_in_pattern = connection.ops.prep_for_like_query(org)
    with connection.cursor() as cursor:
        cursor.execute(sql, [parameter.replace(_ORG_PLACEHOLDER, org_in_pattern) for parameter in parameters])
        return list(cursor.fetchall())


# Cached because Django needs longer to compose the statement than the database to execute it. The statement depends on
# all arguments, also on those that the function does not use.
@lru_cache(maxsize=8)
def _statement(model: Any, url_field: str, limit: int, vendor: str) -> tuple[str, tuple[str, ...]]:
    starts = [Q(_key__startswith=prefix) for prefix in prefixes_of_organization(_ORG_PLACEHOLDER)]
    rows = _urls(Q(*starts, _connector=Q.OR))[:limit]
    sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)


def of_course(course_key: str) -> list[tuple[str, str, str | None]]:
    """Return what ``of_organization`` returns, for one course; one query."""
    return list(_urls(Q(_key=course_key)))


def _urls(wanted: Q) -> QuerySet[Any]:
    fields = course_overviews.model()._meta.concrete_fields
    has_social_sharing = any(field.name == "social_sharing_url" for field in fields)
    social_sharing: Any = F("social_sharing_url") if has_social_sharing else Value(None, TextField())
    rows = course_overviews.with_marketing_url().filter(wanted)
    return rows.values_list("_key", course_overviews.url_field(), social_sharing)
