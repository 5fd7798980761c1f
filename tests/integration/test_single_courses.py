"""``--course-key`` syncs just these courses, and their CCX courses."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.operations import course_link
from sandbox.catalog.testing import COURSE_RUNS_PATH
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
OTHER = "course-v1:ExampleX+Other+2026"
OLD_STYLE = "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
UNKNOWN = "course-v1:ExampleX+Unknown+2026"
NEITHER = "course-v1:NobodyX+Nothing+2026"
URL, CCX_URL = "https://www.example.com/course/one", "https://www.example.com/course/ccx"


@pytest.fixture(autouse=True)
def lms_and_catalog(catalog):
    add_course_overviews(KEY, OTHER, OLD_STYLE, CCX, UNKNOWN)
    catalog.control.set_runs({"key": key, "marketing_url": URL} for key in (KEY, OTHER, OLD_STYLE))


def urls():
    """Return the marketing URLs that there are, by course key."""
    return {key: url for key, url in marketing_urls().items() if url}


@pytest.mark.parametrize(
    ("keys", "updated", "course_runs", "course_overviews"),
    [
        ([OTHER], {OTHER}, 1, 1),
        ([OLD_STYLE], {OLD_STYLE}, 1, 1),
        # The CCX courses of a course have its URL.
        ([KEY], {KEY, CCX}, 1, 2),
        ([CCX], {KEY, CCX}, 1, 2),
        ([KEY, OTHER, OLD_STYLE], {KEY, OTHER, OLD_STYLE, CCX}, 3, 4),
        ([UNKNOWN], set(), 0, 1),
    ],
)
def test_updates_and_counts_these_courses_only(keys, updated, course_runs, course_overviews):
    report = update_catalog_data(course_keys=keys)
    assert urls() == dict.fromkeys(updated, URL)
    assert (report.updated, report.matched, report.unchanged) == (len(updated), len(updated), 0)
    assert (report.course_runs_retrieved, report.course_overviews) == (course_runs, course_overviews)
    assert (report.requests, report.pages, report.of_other_orgs) == (1, 1, 0)


def test_ccx_course_gets_its_own_url_if_the_catalog_lists_one(catalog):
    catalog.control.upsert([{"key": CCX, "marketing_url": CCX_URL}])
    update_catalog_data(course_keys=[CCX])
    assert urls()[CCX] == CCX_URL


def test_requests_each_of_these_courses_once_and_in_one_request(catalog):
    report = update_catalog_data(course_keys=[OTHER, OTHER, OLD_STYLE])
    (request,) = catalog.control.requests(COURSE_RUNS_PATH)
    assert sorted(request.params["keys"].split(",")) == [OLD_STYLE, OTHER]
    assert report.course_runs_retrieved == 2


def test_requests_many_keys_in_as_few_requests_as_their_length_allows(catalog):
    keys = [f"course-v1:ExampleX+Course{n:05}+2026" for n in range(300)]
    catalog.control.set_runs({"key": key} for key in keys)
    update_catalog_data(course_keys=keys)
    assert 3 <= len(catalog.control.requests(COURSE_RUNS_PATH)) <= 5


def test_course_that_the_catalog_does_not_list_is_a_success_without_a_message():
    report = update_catalog_data(course_keys=[UNKNOWN, KEY])
    assert (report.status, report.not_in_catalog, report.message) == ("succeeded", 1, "")


@pytest.mark.parametrize("others", [[], [KEY]], ids=["alone", "beside another"])
def test_course_that_neither_lists_is_a_success_and_named(others):
    report = update_catalog_data(course_keys=[NEITHER, *others])
    assert (report.status, report.not_in_catalog) == ("succeeded", 0)
    assert report.message == f"Neither the Catalog nor the LMS has {NEITHER}."


def test_message_about_an_unknown_ccx_course_omits_its_parent(catalog):
    ccx = "ccx-v1:NobodyX+Nothing+2026+ccx@7"
    assert update_catalog_data(course_keys=[ccx]).message == f"Neither the Catalog nor the LMS has {ccx}."


def test_leaves_ccx_courses_of_other_course_runs_alone():
    update_catalog_data()
    CourseOverview.objects.filter(id=CCX).update(marketing_url=None)
    update_catalog_data(course_keys=[OTHER])
    assert CCX not in urls()


def test_removes_the_url_of_a_deleted_course_run_and_of_its_ccx_courses(catalog):
    update_catalog_data()
    catalog.control.delete([KEY])
    assert update_catalog_data(course_keys=[KEY]).removed == 2
    assert urls().keys() == {OTHER, OLD_STYLE}


def test_removes_the_url_of_an_unpublished_course_run(catalog):
    update_catalog_data()
    catalog.control.upsert([{"key": OTHER, "status": "unpublished"}])
    update_catalog_data(course_keys=[OTHER])
    assert OTHER not in urls()


@pytest.mark.parametrize("key", ["nonsense", "", "course-v1:ExampleX+One", "course-v1:ExampleX+One+2026\n"])
def test_refuses_what_is_not_a_course_key_before_any_request(key, catalog):
    with pytest.raises(ValueError, match="is not a course key"):
        update_catalog_data(course_keys=[KEY, key])
    assert catalog.control.requests() == []


class TestRejectedEarlier:
    """A full sync has rejected the record of a course, which keeps its URL."""

    REJECTED = "rejected the Catalog's record"

    @pytest.fixture(autouse=True)
    def rejected(self, catalog):
        update_catalog_data()
        catalog.control.upsert([{"key": KEY, "marketing_url": "/one"}])
        update_catalog_data()
        assert self.REJECTED in course_link.explain(KEY).reason

    @pytest.fixture
    def correct(self, catalog):
        catalog.control.upsert([{"key": KEY, "marketing_url": URL}])

    @pytest.mark.parametrize("options", [{"course_keys": [KEY]}, {"course_keys": [CCX]}], ids=["run", "CCX"])
    def test_is_no_reason_of_the_link_after_the_record_was_accepted(self, correct, options):
        report = update_catalog_data(**options)
        reason = course_link.explain(KEY).reason
        assert report.updated == 0
        assert reason.startswith("The Catalog has this marketing URL for the course. A sync stored it (")

    def test_stays_the_reason_after_a_dry_run(self, correct):
        update_catalog_data(course_keys=[KEY], dry_run=True)
        assert self.REJECTED in course_link.explain(KEY).reason

    def test_stays_the_reason_after_a_sync_of_another_course(self, correct):
        update_catalog_data(course_keys=[OTHER])
        assert self.REJECTED in course_link.explain(KEY).reason

    def test_stays_the_reason_while_the_record_is_rejected(self):
        update_catalog_data(course_keys=[KEY])
        assert self.REJECTED in course_link.explain(KEY).reason
