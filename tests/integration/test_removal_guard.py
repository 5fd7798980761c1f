"""A sync refuses to remove many marketing URLs, because the Catalog's list may be incomplete."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, SyncRun, SyncRunChange
from catalog_sync.store.changes import MAX_PER_KIND
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import add_course_overviews

pytestmark = pytest.mark.django_db

KEYS = [f"course-v1:ExampleX+C{number:03}+2026" for number in range(100)]
NEW = "course-v1:ExampleX+New+2026"
URL = "https://www.example.com/course"


def in_catalog(keys, url=URL):
    return [{"key": key, "marketing_url": url} for key in keys]


@pytest.fixture(autouse=True)
def synced(catalog):
    """An LMS with 100 marketing URLs."""
    add_course_overviews(*KEYS, NEW)
    catalog.control.set_runs(in_catalog(KEYS))
    update_catalog_data()


def with_url():
    return CourseOverview.objects.filter(marketing_url__isnull=False)


class TestRefused:
    """Twelve of 101 would be removed."""

    @pytest.fixture
    def report(self, catalog):
        catalog.control.delete(KEYS[:12])
        catalog.control.upsert(in_catalog([NEW]))
        catalog.control.upsert(in_catalog([KEYS[50]], f"{URL}/changed"))
        return update_catalog_data()

    def test_removes_nothing(self, report):
        stored = CatalogCourseRun.objects.filter(marketing_url__isnull=False)
        assert (report.status, report.removed) == ("refused", 0)
        assert (with_url().count(), stored.count()) == (101, 101)

    def test_counts_the_refused_removals(self, report):
        assert (report.removals_refused, SyncRun.objects.get(pk=report.run_id).removals_refused) == (12, 12)

    def test_writes_new_and_changed_urls(self, report):
        urls = {str(key): url for key, url in with_url().values_list("pk", "marketing_url")}
        assert (urls[NEW], urls[KEYS[50]]) == (URL, f"{URL}/changed")

    def test_message_names_the_numbers_and_the_option(self, report):
        assert "12 of 101 marketing URLs (more than 10 %)" in report.message
        assert "--allow-removals" in report.message

    def test_message_names_the_length_of_the_list_now_and_before(self, report):
        update_catalog_data(course_keys=[KEYS[0]])
        text = "The Catalog's list has 89 course runs; the last full sync that succeeded read 100."
        assert text in report.message
        assert text in update_catalog_data().message

    def test_next_sync_is_refused_too(self, report):
        assert update_catalog_data().status == "refused"

    def test_allow_removals_removes_the_refused_urls(self, report):
        again = update_catalog_data(allow_removals=True)
        assert (again.status, again.removed, with_url().count()) == ("succeeded", 12, 89)
        assert again.removals_refused == 0


@pytest.mark.parametrize("more", [[], [NEW]], ids=["as long", "longer"])
def test_length_of_a_list_that_is_not_shorter_is_not_named(more, catalog):
    catalog.control.upsert([*in_catalog(KEYS[:12], None), *in_catalog(more)])
    report = update_catalog_data()
    assert (report.status, "The Catalog's list has" in report.message) == ("refused", False)


def test_length_of_the_list_is_not_named_if_only_course_runs_were_looked_up(catalog):
    catalog.control.delete(KEYS[:12])
    report = update_catalog_data(course_keys=KEYS[:12])
    assert (report.status, "The Catalog's list has" in report.message) == ("refused", False)


def test_more_refused_removals_than_are_stored_are_counted(catalog):
    more = [f"course-v1:ExampleX+M{number:04}+2026" for number in range(MAX_PER_KIND)]
    add_course_overviews(*more, marketing_url=URL)
    CatalogCourseRun.objects.bulk_create(CatalogCourseRun(course_key=key, marketing_url=URL) for key in more)
    catalog.control.set_runs([])
    report = update_catalog_data()
    stored = SyncRunChange.objects.filter(sync_run=report.run_id).count()
    assert (report.removals_refused, stored) == (MAX_PER_KIND + 100, MAX_PER_KIND)


def test_dry_run_counts_what_would_be_refused(catalog):
    catalog.control.delete(KEYS[:12])
    assert update_catalog_data(dry_run=True).removals_refused == 12


@pytest.mark.parametrize(("deleted", "status"), [(10, "succeeded"), (11, "refused")])
def test_ten_removals_are_always_allowed(deleted, status, catalog):
    CatalogSyncConfig.objects.create(max_removal_percent=0)
    catalog.control.delete(KEYS[:deleted])
    assert update_catalog_data().status == status


@pytest.mark.parametrize(("percent", "status"), [(11, "refused"), (12, "succeeded"), (13, "succeeded")])
def test_limit_is_that_of_the_configuration(percent, status, catalog):
    CatalogSyncConfig.objects.create(max_removal_percent=percent)
    catalog.control.delete(KEYS[:12])
    assert update_catalog_data().status == status


def test_share_is_not_rounded(catalog):
    """Eleven of 99 are 11.1 %."""
    CatalogSyncConfig.objects.create(max_removal_percent=11)
    CourseOverview.objects.filter(pk=KEYS[99]).delete()
    catalog.control.delete(KEYS[:11])
    assert update_catalog_data().status == "refused"


def test_allow_removals_removes_all_urls_of_an_empty_catalog(catalog):
    catalog.control.set_runs([])
    update_catalog_data(allow_removals=True)
    assert (with_url().count(), CatalogCourseRun.objects.count()) == (0, 0)


def test_ccx_courses_count_as_removals(catalog):
    add_course_overviews(*(f"ccx-v1:ExampleX+C000+2026+ccx@{number + 1}" for number in range(12)))
    update_catalog_data()
    catalog.control.delete(KEYS[:1])
    assert "13 of 112" in update_catalog_data().message


def test_ccx_courses_that_get_the_url_of_their_parent_course_run_do_not_count(catalog):
    keys = [f"ccx-v1:ExampleX+C000+2026+ccx@{number}" for number in range(12)]
    add_course_overviews(*keys)
    catalog.control.upsert(in_catalog(keys, f"{URL}/ccx"))
    update_catalog_data()
    catalog.control.delete(keys)
    report = update_catalog_data()
    assert (report.status, report.removed, report.updated) == ("succeeded", 0, 12)
