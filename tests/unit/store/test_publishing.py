"""What happens to a marketing URL while its course is published."""

from __future__ import annotations

import pytest
from django.db import connection

from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs, publishing
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@1"
URL, FOREIGN_URL = "https://www.example.com/course/one", "https://www.example.com/foreign"


@pytest.fixture(params=[KEY, CCX])
def course_key(request):
    """A course overview without the URL that is stored for it, or for its parent course run."""
    CourseOverviewFactory(id=request.param)
    course_runs.record({KEY: CatalogData("published", URL)}, "default")
    return request.param


def test_url_that_was_stored_meanwhile_is_written(course_key):
    publishing.republish(course_key, None)
    assert CourseOverview.objects.get(pk=course_key).marketing_url == URL


def test_url_that_was_stored_meanwhile_is_one_row_of_history(course_key):
    before = CourseOverview.history.count()
    publishing.republish(course_key, None)
    assert CourseOverview.history.count() == before + 1


def test_url_is_not_written_twice(course_key):
    publishing.republish(course_key, None)
    before = CourseOverview.history.count()
    publishing.republish(course_key, None)
    assert CourseOverview.history.count() == before


class TestRestoredUrlThatIsNotStoredAnyMore:
    """The save restored a marketing URL, and no Catalog and no pin has one after the commit."""

    @pytest.fixture(autouse=True)
    def course_overview(self):
        CourseOverviewFactory(id=KEY)
        CourseOverview.objects.update(marketing_url=URL, language="de")

    def test_is_cleared(self):
        publishing.republish_if_needed(KEY, URL)
        assert CourseOverview.objects.get().marketing_url is None

    def test_is_cleared_when_another_value_is_published(self, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
        CatalogCourseRun.objects.create(course_key=KEY, status="published", content_language="fr")
        publishing.republish_if_needed(KEY, URL)
        course_overview = CourseOverview.objects.get()
        assert (course_overview.marketing_url, course_overview.language) == (None, "fr")

    def test_url_that_another_tool_has_set_since_stays(self):
        CourseOverview.objects.update(marketing_url=FOREIGN_URL)
        publishing.republish_if_needed(KEY, URL)
        assert CourseOverview.objects.get().marketing_url == FOREIGN_URL

    def test_url_that_another_tool_has_set_since_stays_while_a_sync_is_running(self):
        CourseOverview.objects.update(marketing_url=FOREIGN_URL)
        publishing.republish(KEY, URL)
        assert CourseOverview.objects.get().marketing_url == FOREIGN_URL

    def test_url_that_another_tool_has_set_since_needs_no_lock(self, django_assert_num_queries):
        CourseOverview.objects.update(marketing_url=FOREIGN_URL)
        with django_assert_num_queries(1):
            publishing.republish_if_needed(KEY, URL)

    @pytest.mark.parametrize(
        "publish",
        [
            publishing.republish,
            publishing.wait_and_publish_with_ccx,
            lambda *arguments: publishing.wait_and_publish_with_ccx(
                *arguments, "https://www.example.com/previous"
            ),
        ],
        ids=["saved", "unpinned", "unpinned with a previous URL"],
    )
    def test_url_that_another_tool_sets_meanwhile_stays(self, publish):
        """It sets the URL after the stored data and, for a pin, the course overview were read."""
        has_set = []

        def set_next(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            if CatalogCourseRun._meta.db_table in sql and not has_set:
                has_set.append(sql)
                CourseOverview.objects.update(marketing_url=FOREIGN_URL)
            return result

        with connection.execute_wrapper(set_next):
            publish(KEY, URL)
        assert (len(has_set), CourseOverview.objects.get().marketing_url) == (1, FOREIGN_URL)
