"""Courses whose key begins so are asked of the index, however many others there are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_overviews
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

# SQLite has no index for it.
pytestmark = [pytest.mark.services, pytest.mark.django_db]

KEYS = [f"course-v1:ExampleX+Run{number:03}+2026" for number in range(300)]
CCX_KEY = "ccx-v1:ExampleX+Run007+2026+ccx@1"


def read_whole_tables(search: Callable[[], object]) -> list[str]:
    """Return the statements of a search that the database would not answer from an index."""
    with statements() as sent:
        search()
    mysql = connection.vendor == "mysql"
    with connection.cursor() as cursor:
        if not mysql:  # a table as small as this one is read as a whole otherwise, if need be in order
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        found = []
        for sql in sent.all():
            cursor.execute(f"EXPLAIN {sql}")
            plan = cursor.fetchall()
            # How many rows MariaDB expects to read; the operator by which PostgreSQL looks for where a prefix begins.
            indexed = int(plan[0][8]) < len(KEYS) / 4 if mysql else "~>=~" in str(plan)
            found += [] if indexed else [sql]
    assert sent.all()
    return found


@pytest.fixture
def some_courses():
    for key in (*KEYS, CCX_KEY):
        CourseOverviewFactory(id=key)


SEARCHES = {
    "all CCX courses": lambda: list(course_overviews.ccx_chunks()),
    "CCX courses of some course runs": lambda: list(course_overviews.ccx_chunks(KEYS[5:9])),
    "a course with its CCX courses": lambda: list(course_overviews.with_ccx(KEYS[7])),
    "courses of an organization": lambda: course_overviews.urls_of_organization("OtherX", 5_000),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_course_overviews_that_begin_so(search, some_courses):
    assert read_whole_tables(search) == []


def test_course_runs_that_begin_so():
    CatalogCourseRun.objects.bulk_create(CatalogCourseRun(course_key=key) for key in KEYS)
    found = CatalogCourseRun.objects.filter(course_key__startswith=KEYS[7])
    assert read_whole_tables(lambda: list(found)) == []
