"""What a sync writes: what differs, as ``save()`` would, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.db.models import F

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.sync import writer
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

CHANGED = "course-v1:ExampleX+Changed+2026"
SAME = "course-v1:ExampleX+Same+2026"
LMS_ONLY = "course-v1:ExampleX+LmsOnly+2026"
CCX = "ccx-v1:ExampleX+Changed+2026+ccx@7"
OLD_URL, NEW_URL = "https://www.example.com/old", "https://www.example.com/new"


@pytest.fixture
def synced(catalog):
    """An LMS in step with its Catalog, whereupon the Catalog gives one of its runs another URL."""
    for key in (CHANGED, SAME, LMS_ONLY, CCX):
        CourseOverviewFactory(id=key, display_name="Größe", self_paced=True)
    catalog.control.set_runs(
        [{"key": CHANGED, "marketing_url": OLD_URL}, {"key": SAME, "marketing_url": OLD_URL}]
    )
    update_catalog_data()
    catalog.control.upsert([{"key": CHANGED, "marketing_url": NEW_URL}])


def row(key):
    return CourseOverview.objects.get(pk=key)


def history(key):
    return CourseOverview.history.filter(id=key).order_by("history_id")


class TestChanged:
    """A course overview whose URL the Catalog changed."""

    @pytest.mark.parametrize("key", [CHANGED, CCX])
    def test_takes_the_new_url(self, key, synced):
        update_catalog_data()
        assert row(key).marketing_url == NEW_URL

    @pytest.mark.parametrize("key", [CHANGED, CCX])
    def test_modified_moves(self, key, synced):
        before = row(key).modified
        update_catalog_data()
        assert row(key).modified > before

    @pytest.mark.parametrize("key", [CHANGED, CCX])
    def test_history_gets_one_row(self, key, synced):
        before = history(key).count()
        update_catalog_data()
        assert history(key).count() == before + 1

    @pytest.mark.parametrize("key", [CHANGED, CCX])
    def test_history_has_the_row_as_it_was_saved(self, key, synced):
        update_catalog_data()
        stored = CourseOverview.objects.filter(pk=key).values().get()
        kept = history(key).values().last()
        assert {name: kept[name] for name in stored} == stored

    def test_history_says_that_it_was_a_change(self, synced):
        update_catalog_data()
        assert history(CHANGED).last().history_type == "~"

    def test_history_says_who(self, synced):
        update_catalog_data()
        assert history(CHANGED).last().history_change_reason == "catalog_sync"

    def test_history_is_dated_as_the_row(self, synced):
        update_catalog_data()
        assert history(CHANGED).last().history_date == row(CHANGED).modified

    def test_history_can_be_compared(self, synced):
        update_catalog_data()
        newest, before = history(CHANGED).order_by("-history_id")[:2]
        assert set(newest.diff_against(before).changed_fields) == {"marketing_url"}

    def test_other_fields_stay(self, synced):
        names = [
            field.name
            for field in CourseOverview._meta.concrete_fields
            if field.name not in ("marketing_url", "modified")
        ]
        before = CourseOverview.objects.filter(pk=CHANGED).values(*names).get()
        update_catalog_data()
        assert CourseOverview.objects.filter(pk=CHANGED).values(*names).get() == before

    def test_counts_as_updated(self, synced):
        assert update_catalog_data().updated == 2


class TestUnchanged:
    """A course overview that is as the Catalog says, or that the Catalog does not know."""

    @pytest.mark.parametrize("key", [SAME, LMS_ONLY])
    def test_stays_as_it_is(self, key, synced):
        before = CourseOverview.objects.filter(pk=key).values().get()
        update_catalog_data()
        assert CourseOverview.objects.filter(pk=key).values().get() == before

    @pytest.mark.parametrize("key", [SAME, LMS_ONLY])
    def test_history_gets_no_row(self, key, synced):
        before = history(key).count()
        update_catalog_data()
        assert history(key).count() == before

    def test_row_of_the_replica_stays_as_it_is(self, synced):
        before = CatalogCourseRun.objects.filter(course_key=SAME).values().get()
        update_catalog_data()
        assert CatalogCourseRun.objects.filter(course_key=SAME).values().get() == before


class TestHistorySwitchedOff:
    """A host with django-simple-history switched off."""

    @pytest.fixture(autouse=True)
    def off(self, settings):
        settings.SIMPLE_HISTORY_ENABLED = False

    def test_history_gets_no_row(self, synced):
        update_catalog_data()
        assert not CourseOverview.history.exists()

    def test_url_is_written(self, synced):
        update_catalog_data()
        assert row(CHANGED).marketing_url == NEW_URL


def seed(catalog, count):
    """A Catalog of made-up runs, each with its course overview."""
    catalog.control.generate(count)
    CourseOverview.objects.bulk_create(
        CourseOverviewFactory.build(id=run["key"]) for run in catalog.control.runs()
    )


def looks_for_unknown_urls(sql):
    return "NOT EXISTS" in sql or "NOT (EXISTS" in sql


class TestSecondRun:
    """A sync of the same data again."""

    @pytest.mark.parametrize("page_size", [20, 500])
    def test_writes_nothing(self, page_size, catalog):
        seed(catalog, 400)
        update_catalog_data(page_size=500)
        with statements() as sent:
            update_catalog_data(page_size=page_size)
        assert sent.writes() == []

    def test_updates_nothing(self, catalog):
        seed(catalog, 400)
        update_catalog_data()
        assert update_catalog_data().updated == 0

    def test_looks_for_no_unknown_url_where_each_is_accounted_for(self, catalog):
        seed(catalog, 60)
        update_catalog_data()
        with statements() as sent:
            update_catalog_data()
        assert not any(looks_for_unknown_urls(sql) for sql in sent.all())

    def test_finds_an_unknown_url(self, catalog):
        seed(catalog, 60)
        CourseOverviewFactory(id=LMS_ONLY)
        update_catalog_data()
        CourseOverview.objects.filter(pk=LMS_ONLY).update(marketing_url=OLD_URL)
        with statements() as sent:
            report = update_catalog_data()
        asked = any(looks_for_unknown_urls(sql) for sql in sent.all())
        assert (report.removed, asked) == (1, True)

    def test_counts_all_as_unchanged(self, catalog):
        seed(catalog, 400)
        first = update_catalog_data()
        assert update_catalog_data().unchanged == first.matched == 400

    def test_is_kept_in_the_history_of_syncs(self, catalog):
        seed(catalog, 10)
        update_catalog_data()
        report = update_catalog_data()
        assert SyncRun.objects.get(pk=report.run_id).status == "succeeded"

    def test_page_size_matters_to_nothing_that_is_stored(self, catalog):
        seed(catalog, 400)
        update_catalog_data(page_size=20)
        before = list(CourseOverview.objects.order_by("id").values())
        update_catalog_data(page_size=10_000)
        assert list(CourseOverview.objects.order_by("id").values()) == before


class TestFewChanges:
    """Changes that are few on their pages."""

    @pytest.fixture
    def updated(self, catalog, monkeypatch):
        """Return a function that tells, page by page, how many course overviews a sync has updated."""

        def sync(longest_wait):
            monkeypatch.setattr(writer, "LONGEST_WAIT_SECONDS", longest_wait)
            counts = []
            update_catalog_data(page_size=20, on_progress=lambda *_: counts.append(updated_now()))
            return counts

        def updated_now():
            return CourseOverview.objects.filter(marketing_url=NEW_URL).count()

        seed(catalog, 100)
        update_catalog_data()
        keys = sorted(run["key"] for run in catalog.control.runs())
        catalog.control.upsert(
            {"key": key, "marketing_url": NEW_URL, "status": "published"} for key in keys[5:60:20]
        )
        return sync

    def test_wait_for_each_other(self, updated):
        assert updated(3600)[:3] == [0, 0, 0]

    def test_are_written_all_the_same(self, updated):
        updated(3600)
        assert CourseOverview.objects.filter(marketing_url=NEW_URL).count() == 3

    def test_do_not_wait_longer_than_they_may(self, updated):
        assert updated(0)[:3] == [1, 2, 3]


@pytest.mark.usefixtures("in_no_time")
class TestStatements:
    """How many statements the database gets for a page, whatever its size."""

    def a_page(self, page_size):
        """Return the statements of each page but the first and the last."""
        marks = []
        with statements() as sent:
            update_catalog_data(page_size=page_size, on_progress=lambda *_: marks.append(len(sent.all())))
        return [after - before for before, after in pairwise(marks[:-1])]

    @pytest.fixture
    def thousands(self, catalog):
        seed(catalog, 2100)

    @pytest.mark.parametrize("page_size", [20, 500])
    def test_unchanged_page_takes_one(self, page_size, thousands):
        update_catalog_data()
        assert set(self.a_page(page_size)) == {1}

    @pytest.mark.parametrize("page_size", [20, 500])
    def test_unchanged_page_of_which_the_lms_lacks_some_takes_two(self, page_size, catalog):
        catalog.control.generate(2100)
        keys = sorted((run["key"] for run in catalog.control.runs()), key=str.lower)
        CourseOverview.objects.bulk_create(CourseOverviewFactory.build(id=key) for key in keys[::2])
        update_catalog_data()
        assert set(self.a_page(page_size)) == {2}

    @pytest.mark.parametrize("page_size", [20, 500])
    def test_changed_page_takes_six(self, page_size, thousands):
        assert max(self.a_page(page_size)) <= 6

    @pytest.mark.parametrize("page_size", [20, 500])
    def test_page_of_course_overviews_that_lost_their_url_takes_five(self, page_size, thousands):
        update_catalog_data()
        CourseOverview.objects.update(marketing_url=None, modified=F("created"))
        assert max(self.a_page(page_size)) <= 5
