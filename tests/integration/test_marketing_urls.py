"""A course overview gets the marketing URL of its course run, and only one that learners may follow."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews
from tests.integration.lms import marketing_url, marketing_urls
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
OLD_STYLE = "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"
PUBLISHED = {"key": KEY, "marketing_url": URL}
OWN_OF_CCX = {"key": CCX, "marketing_url": OTHER_URL}


def synced(catalog, *runs, **fields):
    """Sync a Catalog of these course runs, and return the course overview of KEY, made with these fields."""
    if not CourseOverview.objects.filter(pk=KEY).exists():
        CourseOverviewFactory(id=KEY, **fields)
    catalog.control.set_runs(runs)
    update_catalog_data()
    return CourseOverview.objects.get(pk=KEY)


class TestMarketingUrl:
    """The URL of a course run, and course runs without a URL for learners."""

    def test_reaches_course_overviews_with_every_kind_of_key(self, catalog):
        CourseOverviewFactory(id=OLD_STYLE)
        synced(catalog, PUBLISHED, {"key": OLD_STYLE, "marketing_url": OTHER_URL})
        assert marketing_urls() == {KEY: URL, OLD_STYLE: OTHER_URL}

    def test_is_not_set_if_the_course_run_has_none_for_learners(self, catalog):
        faults = [
            {"marketing_url": None},
            {"marketing_url": ""},
            {"marketing_url": "course/one"},
            {"status": "unpublished"},
            {"status": "review_by_legal"},
            {"status": "review_by_internal"},
            {"status": "reviewed"},
        ]
        keys = [f"course-v1:ExampleX+Fault{number}+2026" for number, _ in enumerate(faults)]
        add_course_overviews(*keys)
        rows = [PUBLISHED | {"key": key} | fault for key, fault in zip(keys, faults, strict=True)]
        synced(catalog, PUBLISHED, *rows)
        assert marketing_urls() == {KEY: URL} | dict.fromkeys(keys)

    def test_is_not_that_of_a_course_run_whose_key_differs_in_case(self, catalog):
        assert synced(catalog, PUBLISHED | {"key": KEY.replace("One", "ONE")}).marketing_url is None

    @pytest.mark.parametrize(
        ("hosts", "url"), [([".example.com"], URL), ([".example.org"], None), ([], None), (None, URL)]
    )
    def test_is_set_only_if_its_host_is_allowed(self, hosts, url, catalog, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = hosts
        assert synced(catalog, PUBLISHED).marketing_url == url

    def test_social_sharing_url_is_unchanged(self, catalog):
        social = "https://go.example.com/join"
        assert synced(catalog, PUBLISHED, social_sharing_url=social).social_sharing_url == social


class TestStatuses:
    """``CATALOG_SYNC_RUN_STATUSES``."""

    @pytest.mark.parametrize(
        ("statuses", "status", "url"),
        [
            (None, "published", URL),
            (None, "unpublished", URL),
            (None, "never heard of", URL),
            (["reviewed", "review_by_internal"], "reviewed", URL),
            (["reviewed", "review_by_internal"], "published", None),
        ],
    )
    def test_only_course_runs_with_these_statuses_have_a_url(self, statuses, status, url, catalog, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = statuses
        assert synced(catalog, PUBLISHED | {"status": status}).marketing_url == url


class TestCcx:
    """A CCX course, which the Catalog rarely lists."""

    @pytest.fixture(autouse=True)
    def ccx(self):
        CourseOverviewFactory(id=CCX)

    @pytest.mark.parametrize(
        ("runs", "url"),
        [
            ([PUBLISHED], URL),
            ([PUBLISHED, OWN_OF_CCX], OTHER_URL),
            ([PUBLISHED, OWN_OF_CCX | {"marketing_url": None}], URL),
            ([PUBLISHED, OWN_OF_CCX | {"status": "unpublished"}], URL),
            ([PUBLISHED | {"marketing_url": None}], None),
            ([PUBLISHED | {"key": KEY.replace("2026", "2027")}], None),
        ],
    )
    def test_has_its_own_url_else_that_of_its_parent_after_each_sync(self, runs, url, catalog):
        synced(catalog, *runs)
        first = marketing_url(CCX)
        synced(catalog, *runs)
        assert (first, marketing_url(CCX)) == (url, url)

    def test_has_the_url_of_a_parent_that_the_lms_does_not_have(self, catalog):
        catalog.control.set_runs([PUBLISHED])
        assert (update_catalog_data().matched, marketing_url(CCX)) == (1, URL)

    def test_is_not_written_again_without_a_change(self, catalog):
        synced(catalog, PUBLISHED)
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []


class TestStoredCourseRuns:
    """Course runs are stored for course overviews that will be created later."""

    def test_stores_and_counts_a_course_run_that_the_lms_does_not_have(self, catalog):
        catalog.control.set_runs([PUBLISHED])
        assert update_catalog_data().not_in_lms == 1
        assert CatalogCourseRun.objects.get(course_key=KEY).marketing_url == URL

    def test_stores_an_unpublished_course_run_without_a_url(self, catalog):
        synced(catalog, PUBLISHED | {"status": "unpublished"})
        row = CatalogCourseRun.objects.get(course_key=KEY)
        assert (row.status, row.marketing_url) == ("unpublished", None)

    def test_deletes_a_course_run_that_the_catalog_deleted(self, catalog):
        synced(catalog, PUBLISHED)
        synced(catalog)
        assert not CatalogCourseRun.objects.exists()
