"""Which values a course overview gets: from which course run, for which course, in which field."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
OLD_STYLE = "ExampleX/One/2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL, OTHER_URL = "https://www.example.com/course/one", "https://www.example.com/course/other"
PUBLISHED = {"key": KEY, "marketing_url": URL}
OWN_OF_CCX = {"key": CCX, "marketing_url": OTHER_URL}
ALL_FIELDS = {
    "marketing_url": "marketing_url",
    "eligible_for_financial_aid": "eligible_for_financial_aid",
    "content_language": "language",
}


def synced(catalog, *runs, **fields):
    """Sync a Catalog of these course runs, and return the course overview of KEY, made with these fields."""
    if not CourseOverview.objects.filter(pk=KEY).exists():
        CourseOverviewFactory(id=KEY, **fields)
    catalog.control.set_runs(runs)
    update_catalog_data()
    return CourseOverview.objects.get(pk=KEY)


class TestMarketingUrl:
    """The URL of a course run, and course runs without a URL for learners."""

    @pytest.mark.parametrize("key", [KEY, OLD_STYLE])
    def test_reaches_course_overviews_with_every_kind_of_key(self, key, catalog):
        CourseOverviewFactory(id=key)
        synced(catalog, {"key": key, "marketing_url": URL})
        assert CourseOverview.objects.get(pk=key).marketing_url == URL

    @pytest.mark.parametrize(
        "run",
        [
            {"marketing_url": None},
            {"marketing_url": ""},
            {"marketing_url": "course/one"},
            {"marketing_url": "javascript:alert(1)"},
            {"marketing_url": "https://user:pw@www.example.com/"},
            {"status": "unpublished"},
            {"status": "review_by_legal"},
            {"status": "review_by_internal"},
            {"status": "reviewed"},
            # A key that differs in case is the key of another course run.
            {"key": KEY.replace("One", "ONE")},
        ],
    )
    def test_is_not_set_if_the_course_run_has_none_for_learners(self, run, catalog):
        assert synced(catalog, PUBLISHED | run).marketing_url is None

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

    def url(self):
        return CourseOverview.objects.get(pk=CCX).marketing_url

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
        first = self.url()
        synced(catalog, *runs)
        assert (first, self.url()) == (url, url)

    def test_has_the_url_of_a_parent_that_the_lms_does_not_have(self, catalog):
        catalog.control.set_runs([PUBLISHED])
        assert (update_catalog_data().matched, self.url()) == (1, URL)

    def test_is_not_written_again_without_a_change(self, catalog):
        synced(catalog, PUBLISHED)
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []


class TestFields:
    """``CATALOG_SYNC_FIELDS``."""

    RUN = PUBLISHED | {"eligible_for_financial_aid": False, "content_language": "pt-br"}

    @pytest.fixture
    def all_fields(self, settings):
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS

    def test_writes_mapped_fields_once(self, catalog, all_fields):
        row = synced(catalog, self.RUN, language="en", eligible_for_financial_aid=True)
        found = (row.marketing_url, row.eligible_for_financial_aid, row.language)
        assert found == (URL, False, "pt-br")
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []

    def test_writes_no_other_field(self, catalog):
        row = synced(catalog, self.RUN, language="en", eligible_for_financial_aid=True)
        assert (row.eligible_for_financial_aid, row.language) == (True, "en")

    def test_writes_a_change_of_a_field_other_than_the_url(self, catalog, all_fields):
        synced(catalog, self.RUN)
        assert synced(catalog, self.RUN | {"content_language": "fr"}).language == "fr"

    def test_keeps_the_value_if_the_catalog_has_none(self, catalog, all_fields):
        assert synced(catalog, self.RUN | {"content_language": None}, language="en").language == "en"

    def test_writes_the_other_fields_of_an_unpublished_course_run(self, catalog, all_fields):
        assert synced(catalog, self.RUN | {"status": "unpublished"}).language == "pt-br"

    def test_fills_a_field_that_is_mapped_later(self, catalog, settings):
        synced(catalog, self.RUN)
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
        assert synced(catalog, self.RUN).language == "pt-br"

    def test_writes_the_marketing_url_to_another_column(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "social_sharing_url"}
        assert synced(catalog, self.RUN).social_sharing_url == URL


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
