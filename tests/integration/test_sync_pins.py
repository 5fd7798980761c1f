"""What a sync makes of pinned marketing URLs, and what they cost it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from catalog_sync.api import pin_marketing_url, unpin_marketing_url, update_catalog_data
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from sandbox.catalog.testing import COURSE_RUNS_PATH
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
CATALOG_URL, PIN = "https://www.example.com/course/one", "https://www.example.com/pinned"


def shown(key=KEY):
    return CourseOverview.objects.get(pk=key).marketing_url


def row(key=KEY):
    return CatalogCourseRun.objects.get(course_key=key)


class TestSync:
    """A sync of a Catalog that lists the pinned course, or has dropped it."""

    @pytest.fixture(autouse=True)
    def lms(self, catalog):
        for key in (KEY, OTHER, CCX):
            CourseOverviewFactory(id=key)
        catalog.control.set_runs([{"key": key, "marketing_url": CATALOG_URL} for key in (KEY, OTHER)])

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_leaves_the_pin(self, key):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        assert shown(key) == PIN

    def test_takes_down_what_the_catalog_says(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        stored = course_runs.read([KEY])
        assert stored.of_catalog("default")[KEY].data == CatalogData("published", CATALOG_URL)
        assert stored.pins == {KEY: PIN}

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_puts_a_lost_pin_back(self, key):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data()
        assert shown(key) == PIN

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_puts_a_lost_pin_back_of_a_course_that_the_catalog_does_not_list(self, key, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data()
        assert shown(key) == PIN

    def test_of_just_this_course_puts_its_pin_back(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data(course_keys=[KEY])
        assert shown() == PIN

    def test_that_writes_nothing_writes_nothing(self):
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_leaves_the_pin_of_a_run_that_the_catalog_dropped(self, key, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        assert shown(key) == PIN

    def test_does_not_count_that_as_a_removal(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        assert update_catalog_data().removed == 0

    def test_takes_down_that_the_catalog_dropped_it(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        assert not CatalogCourseRun.objects.filter(course_key=KEY).exists()

    def test_asks_once_for_a_run_that_the_catalog_dropped(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        catalog.control.clear_requests()
        update_catalog_data()
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1

    def test_does_not_ask_for_a_run_that_the_catalog_lists_from_now_on(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        update_catalog_data()
        catalog.control.upsert([{"key": KEY, "marketing_url": CATALOG_URL}])
        catalog.control.clear_requests()
        update_catalog_data()
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1

    def test_of_a_run_of_which_the_catalog_says_nothing_hides_no_loss(self, catalog):
        pin_marketing_url(KEY, PIN)
        catalog.control.upsert([{"key": KEY, "marketing_url": None, "status": ""}])
        update_catalog_data()
        catalog.control.delete([OTHER])
        update_catalog_data()
        assert shown(OTHER) is None

    def test_after_unpinning_a_run_that_the_catalog_dropped_shows_nothing(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.delete([KEY])
        update_catalog_data()
        unpin_marketing_url(KEY)
        assert shown() is None

    def test_of_unpublished_runs_leaves_the_pin(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        catalog.control.upsert([{"key": KEY, "marketing_url": CATALOG_URL, "status": "unpublished"}])
        update_catalog_data()
        assert (shown(), row().marketing_url) == (PIN, None)

    def test_counts_a_pinned_course_as_one_that_it_met(self, catalog):
        update_catalog_data()
        pin_marketing_url(KEY, PIN)
        assert update_catalog_data().matched == 3

    def test_counts_a_run_that_is_pinned_before_its_page_comes(self, catalog):
        """Its row is younger than the sync, and yet not of its making."""
        catalog.control.upsert([{"key": f"course-v1:ExampleX+A{n}+2026"} for n in range(4)])
        report = update_catalog_data(
            page_size=2, concurrency=1, on_progress=lambda *_: pin_marketing_url(OTHER, PIN)
        )
        assert report.course_runs_retrieved == 6

    def test_counts_a_run_of_which_the_catalog_says_nothing_once(self, catalog):
        """Though it is on two pages, and its row is there for the pin alone."""
        pin_marketing_url(KEY, PIN)
        pin_marketing_url(OTHER, PIN)
        nothing = {"key": KEY, "marketing_url": None, "status": ""}
        catalog.control.upsert([{"key": "course-v1:ExampleX+A+2026"}, nothing])
        assert update_catalog_data(page_size=2).course_runs_retrieved == 3

    def test_counts_a_course_that_the_catalog_never_listed_as_not_in_the_catalog(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        assert update_catalog_data().not_in_catalog == 2

    def test_that_is_dry_leaves_a_lost_pin_lost(self):
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.update(marketing_url=None)
        update_catalog_data(dry_run=True)
        assert shown() is None

    def test_that_is_dry_tells_what_it_would_put_back(self, catalog):
        catalog.control.delete([KEY])
        pin_marketing_url(KEY, PIN)
        CourseOverview.objects.exclude(pk=OTHER).update(marketing_url=None)
        told = update_catalog_data(dry_run=True).updated
        assert told == update_catalog_data().updated == 3


@pytest.mark.usefixtures("in_no_time")
class TestStatements:
    """A page costs the database no more for pins."""

    def test_unchanged_page_takes_one(self, catalog):
        catalog.control.generate(60)
        keys = [run["key"] for run in catalog.control.runs()]
        CourseOverview.objects.bulk_create(CourseOverviewFactory.build(id=key) for key in keys)
        for key in keys[::3]:
            pin_marketing_url(key, PIN)
        update_catalog_data(page_size=20)
        marks = []
        with statements() as sent:
            update_catalog_data(page_size=20, on_progress=lambda *_: marks.append(len(sent.all())))
        assert {after - before for before, after in pairwise(marks[:-1])} == {1}

    def test_pinning_takes_no_more_for_many_ccx(self, django_assert_max_num_queries):
        for number in range(50):
            CourseOverviewFactory(id=f"ccx-v1:ExampleX+One+2026+ccx@{number}")
        with django_assert_max_num_queries(20):
            pin_marketing_url(KEY, PIN)
