"""The database finds course keys with a prefix in the index, however many other keys there are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import about_page_urls, course_overviews
from tests.factories import add_course_overviews
from tests.integration.sql import plan, statements

# SQLite has no index for it.
pytestmark = [pytest.mark.services, pytest.mark.django_db]

KEYS = [f"course-v1:ExampleX+Run{number:03}+2026" for number in range(300)]
CCX_KEY = "ccx-v1:ExampleX+Run007+2026+ccx@1"


def read_whole_tables(search: Callable[[], object]) -> list[str]:
    """Return the statements of a search for which the database would not use an index."""
    with statements() as sent:
        search()
    mysql = connection.vendor == "mysql"
    if not mysql:  # otherwise PostgreSQL reads a table as small as this one to its end
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    found = []
    for sql in sent.all():
        steps = plan(sql)
        # MySQL and MariaDB show how many rows they expect to read; PostgreSQL shows the operator that searches the
        # index for the first key with a prefix.
        indexed = int(steps[0]["rows"]) < len(KEYS) / 4 if mysql else "~>=~" in str(steps)
        found += [] if indexed else [sql]
    assert sent.all()
    return found


@pytest.fixture
def some_courses():
    add_course_overviews(*KEYS, CCX_KEY)


SEARCHES = {
    "all CCX courses": lambda: list(course_overviews.ccx_chunks()),
    "CCX courses of some course runs": lambda: list(course_overviews.ccx_chunks(KEYS[5:9])),
    "a course with its CCX courses": lambda: list(course_overviews.with_ccx(KEYS[7])),
    "courses of an organization": lambda: about_page_urls.of_organization("OtherX", 5_000),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_course_overviews_with_a_prefix(search, some_courses):
    assert read_whole_tables(search) == []


def test_course_runs_with_a_prefix():
    CatalogCourseRun.objects.bulk_create(CatalogCourseRun(course_key=key) for key in KEYS)
    found = CatalogCourseRun.objects.filter(course_key__startswith=KEYS[7])
    assert read_whole_tables(lambda: list(found)) == []
