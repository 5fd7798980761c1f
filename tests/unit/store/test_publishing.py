"""What happens to a marketing URL while its course is published."""

from __future__ import annotations

import pytest

from catalog_sync.store import course_runs, publishing
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@1"
URL = "https://www.example.com/course/one"


@pytest.fixture(params=[KEY, CCX])
def course_key(request):
    """A course overview that lacks the URL which the replica holds for it, or for its parent run."""
    CourseOverviewFactory(id=request.param)
    course_runs.record({KEY: CatalogData("published", URL)}, "default")
    return request.param


def test_url_that_came_meanwhile_is_shown(course_key):
    publishing.republish(course_key, None)
    assert CourseOverview.objects.get(pk=course_key).marketing_url == URL


def test_url_that_came_meanwhile_is_one_row_of_history(course_key):
    before = CourseOverview.history.count()
    publishing.republish(course_key, None)
    assert CourseOverview.history.count() == before + 1


def test_url_that_is_shown_already_is_not_written_again(course_key):
    publishing.republish(course_key, None)
    before = CourseOverview.history.count()
    publishing.republish(course_key, None)
    assert CourseOverview.history.count() == before
