"""A sync publishes pinned marketing URLs, removes none of them, and takes no more statements for them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from catalog_sync.api import pin_marketing_url, unpin_marketing_url, update_catalog_data
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import add_course_overviews
from tests.integration.lms import look_ups, marketing_url
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
CATALOG_URL, PIN = "https://www.example.com/course/one", "https://www.example.com/pinned"


@pytest.fixture
def lms(catalog):
    """Two courses that the Catalog lists, and a CCX course of the first."""
    add_course_overviews(KEY, OTHER, CCX)
    catalog.control.set_runs([{"key": key, "marketing_url": CATALOG_URL} for key in (KEY, OTHER)])


@pytest.mark.usefixtures("lms")
class TestSync:
    """A sync of a Catalog that lists the pinned course, or does not list it any more."""

    def test_keeps_the_pin(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        assert (marketing_url(KEY), marketing_url(CCX)) == (PIN, PIN)

    def test_stores_the_data_of_the_catalog(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        stored = course_runs.read([KEY])
        assert stored.of_catalog("default")[KEY].data == CatalogData("published", CATALOG_URL)
        assert stored.pins == {KEY: PIN}

    def test_restores_a_lost_pin(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data()
        assert (marketing_url(KEY), marketing_url(CCX)) == (PIN, PIN)

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_replaced_pin_of_a_ccx_course_is_updated_once(self, dry_run):
        pin_marketing_url(CCX, PIN)
        update_catalog_data()
        CourseOverview.objects.filter(pk=CCX).update(marketing_url=CATALOG_URL)
        assert update_catalog_data(dry_run=dry_run).updated == 1

    @pytest.mark.parametrize("options", [{}, {"course_keys": [KEY]}], ids=["full sync", "sync of the course"])
    def test_restores_a_lost_pin_of_a_course_that_the_catalog_does_not_list(self, options, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data(**options)
        assert (marketing_url(KEY), marketing_url(CCX)) == (PIN, PIN)

    def test_second_sync_writes_nothing(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []

    def test_newly_listed_course_run_is_not_looked_up(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        catalog.control.upsert([{"key": KEY, "marketing_url": CATALOG_URL}])
        catalog.control.clear_requests()
        update_catalog_data()
        assert not look_ups(catalog)

    def test_pinned_course_run_without_data_does_not_prevent_removals(self, catalog):
        pin_marketing_url(KEY, PIN)
        catalog.control.upsert([{"key": KEY, "marketing_url": None, "status": ""}])
        update_catalog_data()
        catalog.control.delete([OTHER])
        update_catalog_data()
        assert marketing_url(OTHER) is None

    def test_keeps_the_pin_of_an_unpublished_course_run(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.upsert([{"key": KEY, "marketing_url": CATALOG_URL, "status": "unpublished"}])
        update_catalog_data()
        assert (marketing_url(KEY), CatalogCourseRun.objects.get(course_key=KEY).marketing_url) == (PIN, None)

    def test_pinned_course_is_matched(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        assert update_catalog_data().matched == 3

    def test_course_run_pinned_during_the_sync_is_counted(self, catalog):
        """Its row is newer than the start of the sync run, which did not insert it."""
        catalog.control.upsert([{"key": f"course-v1:ExampleX+A{n}+2026"} for n in range(4)])
        report = update_catalog_data(
            page_size=2, concurrency=1, on_progress=lambda *_: pin_marketing_url(OTHER, PIN)
        )
        assert report.course_runs_retrieved == 6

    def test_pinned_course_run_on_two_pages_is_counted_once(self, catalog):
        pin_marketing_url(KEY, PIN)
        pin_marketing_url(OTHER, PIN)
        nothing = {"key": KEY, "marketing_url": None, "status": ""}
        catalog.control.upsert([{"key": "course-v1:ExampleX+A+2026"}, nothing])
        assert update_catalog_data(page_size=2).course_runs_retrieved == 3

    def test_counts_a_course_that_the_catalog_never_listed_as_not_in_the_catalog(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        assert update_catalog_data().not_in_catalog == 2

    def test_dry_run_does_not_restore_a_lost_pin(self):
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data(dry_run=True)
        assert marketing_url(KEY) is None

    def test_dry_run_counts_pins_to_restore(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.exclude(pk=OTHER).update(marketing_url=None)
        dry = update_catalog_data(dry_run=True).updated
        assert dry == update_catalog_data().updated == 3


class TestDeletedCourseRun:
    """The Catalog deletes the course run of a pinned course."""

    @pytest.fixture(autouse=True)
    def report(self, lms, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        return update_catalog_data()

    def test_keeps_the_pin_and_removes_no_url(self, report):
        assert (report.removed, marketing_url(KEY), marketing_url(CCX)) == (0, PIN, PIN)

    def test_is_not_stored_any_more(self):
        assert not CatalogCourseRun.objects.filter(course_key=KEY).exists()

    def test_is_looked_up_in_one_sync_only(self, catalog):
        catalog.control.clear_requests()
        update_catalog_data()
        assert not look_ups(catalog)

    def test_leaves_no_url_after_unpinning(self):
        unpin_marketing_url(KEY)
        assert marketing_url(KEY) is None


@pytest.mark.usefixtures("without_timed_actions")
class TestStatements:
    """A page with pins takes as many statements as one without."""

    def test_unchanged_page_takes_one_statement(self, catalog):
        catalog.control.generate(60)
        keys = [run["key"] for run in catalog.control.runs()]
        add_course_overviews(*keys)
        for key in keys[::3]:
            pin_marketing_url(key, PIN)
        update_catalog_data(page_size=20)
        marks = []
        with statements() as sent:
            update_catalog_data(page_size=20, on_progress=lambda *_: marks.append(len(sent.all())))
        assert {after - before for before, after in pairwise(marks[:-1])} == {1}

    def test_pinning_takes_no_more_statements_for_many_ccx_courses(self, django_assert_max_num_queries):
        add_course_overviews(*(f"ccx-v1:ExampleX+One+2026+ccx@{number}" for number in range(50)))
        with django_assert_max_num_queries(20):
            pin_marketing_url(KEY, PIN)
