"""``course_keys``: just these courses, with the CCX of them."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from sandbox.catalog.testing import COURSE_RUNS_PATH
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
OTHER = "course-v1:ExampleX+Other+2026"
OLD_STYLE = "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
UNKNOWN = "course-v1:ExampleX+Unknown+2026"
URL, CCX_URL = "https://www.example.com/course/one", "https://www.example.com/course/ccx"


@pytest.fixture(autouse=True)
def lms_and_catalog(catalog):
    for key in (KEY, OTHER, OLD_STYLE, CCX, UNKNOWN):
        CourseOverviewFactory(id=key)
    catalog.control.set_runs({"key": key, "marketing_url": URL} for key in (KEY, OTHER, OLD_STYLE))


def url(key):
    return CourseOverview.objects.get(pk=key).marketing_url


def urls():
    rows = CourseOverview.objects.exclude(marketing_url=None)
    return {str(row.pk): row.marketing_url for row in rows}


@pytest.mark.parametrize("key", [KEY, OLD_STYLE])
def test_course_takes_its_url(key):
    update_catalog_data(course_keys=[key])
    assert url(key) == URL


def test_ccx_takes_the_url_of_its_parent():
    update_catalog_data(course_keys=[CCX])
    assert url(CCX) == URL


def test_ccx_takes_its_own_url_where_the_catalog_lists_one(catalog):
    catalog.control.upsert([{"key": CCX, "marketing_url": CCX_URL}])
    update_catalog_data(course_keys=[CCX])
    assert url(CCX) == CCX_URL


def test_ccx_of_a_course_follow_it():
    update_catalog_data(course_keys=[KEY])
    assert url(CCX) == URL


def test_several_are_synced_at_once():
    update_catalog_data(course_keys=[KEY, OTHER, OLD_STYLE])
    assert urls().keys() == {KEY, OTHER, OLD_STYLE, CCX}


def test_several_take_one_request(catalog):
    update_catalog_data(course_keys=[KEY, OTHER, OLD_STYLE])
    assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1


def test_other_courses_are_left_alone():
    update_catalog_data(course_keys=[OTHER])
    assert urls() == {OTHER: URL}


def test_other_courses_are_not_asked_for(catalog):
    update_catalog_data(course_keys=[OTHER])
    [request] = catalog.control.requests(COURSE_RUNS_PATH)
    assert request.params["keys"] == OTHER


def test_course_that_the_catalog_does_not_know_is_a_success():
    assert update_catalog_data(course_keys=[UNKNOWN]).status == "succeeded"


def test_course_that_the_catalog_does_not_know_is_counted():
    assert update_catalog_data(course_keys=[UNKNOWN, KEY]).not_in_catalog == 1


def test_course_that_neither_knows_is_a_success():
    assert update_catalog_data(course_keys=["course-v1:NobodyX+Nothing+2026"]).status == "succeeded"


def test_course_that_neither_knows_is_not_counted_among_course_overviews():
    assert update_catalog_data(course_keys=["course-v1:NobodyX+Nothing+2026"]).not_in_catalog == 0


def test_course_that_left_the_catalog_loses_its_url(catalog):
    update_catalog_data()
    catalog.control.delete([KEY])
    update_catalog_data(course_keys=[KEY])
    assert url(KEY) is None


def test_course_that_left_the_catalog_takes_the_url_of_its_ccx_along(catalog):
    update_catalog_data()
    catalog.control.delete([KEY])
    update_catalog_data(course_keys=[KEY])
    assert url(CCX) is None


def test_course_that_was_unpublished_loses_its_url(catalog):
    update_catalog_data()
    catalog.control.upsert([{"key": KEY, "status": "unpublished"}])
    update_catalog_data(course_keys=[KEY])
    assert url(KEY) is None


def test_course_that_left_the_catalog_counts_as_removed(catalog):
    update_catalog_data()
    catalog.control.delete([OTHER])
    assert update_catalog_data(course_keys=[OTHER]).removed == 1


@pytest.mark.parametrize(
    ("keys", "numbers"),
    [
        ([OTHER], {"course_overviews": 1, "matched": 1, "updated": 1, "course_runs_retrieved": 1}),
        ([OTHER], {"pages": 1, "requests": 1}),
        ([KEY], {"course_overviews": 2, "matched": 2, "updated": 2, "course_runs_retrieved": 1}),
        ([CCX], {"course_overviews": 2, "matched": 2, "updated": 2}),
        ([UNKNOWN], {"course_overviews": 1, "matched": 0, "updated": 0, "course_runs_retrieved": 0}),
    ],
)
def test_report_counts_what_was_asked_for(keys, numbers):
    report = update_catalog_data(course_keys=keys).as_dict()
    assert {name: report[name] for name in numbers} == numbers


def test_key_given_twice_is_asked_for_once():
    assert update_catalog_data(course_keys=[KEY, KEY]).course_runs_retrieved == 1


def test_many_keys_take_as_many_requests_as_their_length_needs(catalog):
    keys = [f"course-v1:ExampleX+Course{n:05}+2026" for n in range(300)]
    catalog.control.set_runs({"key": key} for key in keys)
    update_catalog_data(course_keys=keys)
    assert 3 <= len(catalog.control.requests(COURSE_RUNS_PATH)) <= 5


@pytest.mark.parametrize("key", ["nonsense", "", "course-v1:ExampleX+One", "course-v1:ExampleX+One+2026\n"])
def test_what_is_no_course_key_is_refused(key):
    with pytest.raises(ValueError, match="is not a course key"):
        update_catalog_data(course_keys=[KEY, key])


def test_what_is_no_course_key_is_refused_before_anything_is_asked_for(catalog):
    with pytest.raises(ValueError, match="nonsense"):
        update_catalog_data(course_keys=[KEY, "nonsense"])
    assert catalog.control.requests() == []


def test_course_that_neither_knows_is_named():
    message = update_catalog_data(course_keys=["course-v1:NobodyX+Nothing+2026"]).message
    assert message == "Neither the Catalog nor the LMS has course-v1:NobodyX+Nothing+2026."


def test_course_that_the_lms_knows_needs_no_word():
    assert update_catalog_data(course_keys=[UNKNOWN]).message == ""
