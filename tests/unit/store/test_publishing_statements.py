"""How many statements the saving of a course overview sends to the database."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.sql import plan

pytestmark = pytest.mark.django_db(transaction=True)

KEY, CCX = "course-v1:ExampleX+One+2026", "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"
ALL_FIELDS = {
    "marketing_url": "marketing_url",
    "eligible_for_financial_aid": "eligible_for_financial_aid",
    "content_language": "language",
}
# The update, the row of history, the stored course run before the update, and the comparison after the commit.
MOST = 4


def saving(course_overview):
    """Save, and return every statement that the database received, BEGIN and SAVEPOINT included."""
    with CaptureQueriesContext(connection) as captured:
        course_overview.save()
    return [query["sql"] for query in captured.captured_queries]


@pytest.fixture
def stored():
    return CatalogCourseRun.objects.create(
        course_key=KEY, marketing_url=URL, status="published", content_language="en"
    )


@pytest.mark.parametrize("fields", [None, ALL_FIELDS], ids=["default fields", "all fields"])
@pytest.mark.parametrize("key", [KEY, CCX])
def test_saving_an_unchanged_course_takes_four(key, fields, stored, settings):
    settings.CATALOG_SYNC_FIELDS = fields
    course_overview = CourseOverviewFactory(id=key)
    assert len(saving(course_overview)) == MOST


@pytest.mark.parametrize("key", [KEY, CCX])
def test_saving_a_course_without_a_stored_course_run_takes_four(key):
    course_overview = CourseOverviewFactory(id=key)
    assert len(saving(course_overview)) == MOST


def test_saving_a_course_with_a_pinned_url_takes_four(stored):
    pin_marketing_url(KEY, OTHER_URL)
    course_overview = CourseOverviewFactory(id=KEY)
    assert len(saving(course_overview)) == MOST


def test_saving_in_a_transaction_takes_four_and_those_of_the_transaction(stored):
    course_overview = CourseOverviewFactory(id=KEY)
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        course_overview.save()
    begin, *between, commit, comparison = (query["sql"] for query in captured)
    assert (begin.split()[0], commit, len([*between, comparison])) == ("BEGIN", "COMMIT", MOST)


def test_saving_after_a_sync_that_was_killed_is_compared_under_a_lock(stored):
    SyncRun.objects.create(lease="default", holder="worker-7")
    course_overview = CourseOverviewFactory(id=KEY)
    assert len(saving(course_overview)) > MOST


@pytest.mark.services
def test_comparison_reads_no_table_to_its_end(stored):
    """It finds each row by an index, also if the key columns differ in collation, as on MySQL and MariaDB."""
    CourseOverview.objects.bulk_create(
        CourseOverviewFactory.build(id=f"course-v1:ExampleX+C{number}+2026") for number in range(2_000)
    )
    CatalogCourseRun.objects.bulk_create(
        CatalogCourseRun(course_key=f"course-v1:ExampleX+C{number}+2026") for number in range(2_000)
    )
    PinnedMarketingUrl.objects.bulk_create(
        PinnedMarketingUrl(course_key=f"course-v1:ExampleX+C{number}+2026", url=URL, pinned_at=timezone.now())
        for number in range(2_000)
    )
    SyncRun.objects.bulk_create(SyncRun(holder="worker-7", status="succeeded") for _ in range(500))
    CatalogCourseRun.objects.create(course_key=CCX)
    # MariaDB shows no access type for a look-up by a unique index that finds nothing.
    for key in (KEY, CCX):
        PinnedMarketingUrl.objects.create(course_key=key, url=URL, pinned_at=timezone.now())
    course_overview = CourseOverviewFactory(id=CCX)
    [comparison] = [sql for sql in saving(course_overview) if "catalog_sync_syncrun" in sql]
    with connection.cursor() as cursor:
        models = (CatalogCourseRun, PinnedMarketingUrl, SyncRun, CourseOverview)
        tables = ", ".join(model._meta.db_table for model in models)
        cursor.execute(f"{'ANALYZE TABLE' if connection.vendor == 'mysql' else 'ANALYZE'} {tables}")
        cursor.fetchall() if connection.vendor == "mysql" else None
    steps = plan(comparison.replace("%", "%%"))
    if connection.vendor == "mysql":
        assert {step["type"] for step in steps} <= {"const", "ref", "eq_ref", "range"}
    else:
        assert "Seq Scan" not in str(steps)
