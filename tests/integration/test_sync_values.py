"""Which values course overviews get: of which runs, for which courses, into which fields."""

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
ALL_FIELDS = {
    "marketing_url": "marketing_url",
    "eligible_for_financial_aid": "eligible_for_financial_aid",
    "content_language": "language",
}


def synced(catalog, *runs, **fields):
    """Sync a Catalog of these runs, and return the course overview of KEY, made with these fields."""
    if not CourseOverview.objects.filter(pk=KEY).exists():
        CourseOverviewFactory(id=KEY, **fields)
    catalog.control.set_runs(runs)
    update_catalog_data()
    return CourseOverview.objects.get(pk=KEY)


class TestMarketingUrl:
    """The URL of a run, and runs that have none for learners."""

    @pytest.mark.parametrize("key", [KEY, OLD_STYLE])
    def test_reaches_the_course_overview_of_every_kind_of_key(self, key, catalog):
        CourseOverviewFactory(id=key)
        synced(catalog, {"key": key, "marketing_url": URL})
        assert CourseOverview.objects.get(pk=key).marketing_url == URL

    @pytest.mark.parametrize("url", [None, ""])
    def test_run_without_url_gives_none(self, url, catalog):
        assert synced(catalog, {"key": KEY, "marketing_url": url}).marketing_url is None

    @pytest.mark.parametrize("status", ["unpublished", "review_by_legal", "review_by_internal", "reviewed"])
    def test_run_that_is_not_published_gives_none(self, status, catalog):
        run = {"key": KEY, "marketing_url": URL, "status": status}
        assert synced(catalog, run).marketing_url is None

    @pytest.mark.parametrize("url", ["course/one", "javascript:alert(1)", "https://user:pw@www.example.com/"])
    def test_url_that_is_not_fit_gives_none(self, url, catalog):
        assert synced(catalog, {"key": KEY, "marketing_url": url}).marketing_url is None

    def test_url_that_is_not_fit_leaves_the_one_that_was(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL})
        assert synced(catalog, {"key": KEY, "marketing_url": "course/one"}).marketing_url == URL

    def test_url_that_is_not_fit_makes_the_sync_incomplete(self, catalog):
        catalog.control.set_runs([{"key": KEY, "marketing_url": "course/one"}])
        assert update_catalog_data().status == "incomplete"

    def test_url_that_is_not_fit_is_counted(self, catalog):
        catalog.control.set_runs([{"key": KEY, "marketing_url": "course/one"}])
        assert update_catalog_data().course_runs_rejected == 1

    @pytest.mark.parametrize(
        ("hosts", "url"), [([".example.com"], URL), ([".example.org"], None), ([], None), (None, URL)]
    )
    def test_only_allowed_hosts_count(self, hosts, url, catalog, settings):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = hosts
        assert synced(catalog, {"key": KEY, "marketing_url": URL}).marketing_url == url

    def test_run_whose_key_differs_in_case_is_another(self, catalog):
        assert synced(catalog, {"key": KEY.replace("One", "ONE"), "marketing_url": URL}).marketing_url is None

    def test_unpublishing_takes_it_away(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL})
        run = {"key": KEY, "marketing_url": URL, "status": "unpublished"}
        assert synced(catalog, run).marketing_url is None

    def test_leaving_the_catalog_takes_it_away(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL})
        assert synced(catalog).marketing_url is None

    def test_social_sharing_url_is_left_alone(self, catalog):
        social = "https://go.example.com/join"
        row = synced(catalog, {"key": KEY, "marketing_url": URL}, social_sharing_url=social)
        assert row.social_sharing_url == social


class TestStatuses:
    """``CATALOG_SYNC_RUN_STATUSES``."""

    @pytest.mark.parametrize("status", ["published", "unpublished", "reviewed", "never heard of"])
    def test_none_admits_every_status(self, status, catalog, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = None
        assert synced(catalog, {"key": KEY, "marketing_url": URL, "status": status}).marketing_url == URL

    @pytest.mark.parametrize(("status", "url"), [("reviewed", URL), ("published", None)])
    def test_others_admit_what_they_name(self, status, url, catalog, settings):
        settings.CATALOG_SYNC_RUN_STATUSES = ["reviewed", "review_by_internal"]
        assert synced(catalog, {"key": KEY, "marketing_url": URL, "status": status}).marketing_url == url

    def test_narrowing_takes_away(self, catalog, settings):
        run = {"key": KEY, "marketing_url": URL, "status": "reviewed"}
        settings.CATALOG_SYNC_RUN_STATUSES = None
        synced(catalog, run)
        settings.CATALOG_SYNC_RUN_STATUSES = ["published"]
        assert synced(catalog, run).marketing_url is None


class TestCcx:
    """A custom course, which the Catalog rarely lists."""

    @pytest.fixture(autouse=True)
    def ccx(self):
        CourseOverviewFactory(id=CCX)

    def url(self):
        return CourseOverview.objects.get(pk=CCX).marketing_url

    def test_takes_the_url_of_its_parent(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL})
        assert self.url() == URL

    def test_takes_it_where_the_lms_lacks_the_parent(self, catalog):
        catalog.control.set_runs([{"key": KEY, "marketing_url": URL}])
        update_catalog_data()
        assert self.url() == URL

    def test_takes_its_own_where_the_catalog_lists_one(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL}, {"key": CCX, "marketing_url": OTHER_URL})
        assert self.url() == OTHER_URL

    @pytest.mark.parametrize("own", [{"marketing_url": None}, {"status": "unpublished"}])
    def test_takes_that_of_its_parent_where_its_own_run_has_none(self, own, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL}, {"key": CCX, **own})
        assert self.url() == URL

    def test_own_comes_before_that_of_its_parent_from_sync_to_sync(self, catalog):
        runs = [{"key": KEY, "marketing_url": URL}, {"key": CCX, "marketing_url": OTHER_URL}]
        synced(catalog, *runs)
        synced(catalog, *runs)
        assert self.url() == OTHER_URL

    def test_falls_back_to_its_parent_when_its_own_run_leaves(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL}, {"key": CCX, "marketing_url": OTHER_URL})
        synced(catalog, {"key": KEY, "marketing_url": URL})
        assert self.url() == URL

    def test_loses_it_with_its_parent(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL})
        synced(catalog)
        assert self.url() is None

    def test_has_none_where_its_parent_has_none(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": None})
        assert self.url() is None

    def test_of_another_run_takes_nothing(self, catalog):
        synced(catalog, {"key": KEY.replace("2026", "2027"), "marketing_url": URL})
        assert self.url() is None

    def test_counts_as_matched(self, catalog):
        catalog.control.set_runs([{"key": KEY, "marketing_url": URL}])
        assert update_catalog_data().matched == 1

    def test_is_written_once_only(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL})
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []


class TestFields:
    """``CATALOG_SYNC_FIELDS``."""

    RUN = {
        "key": KEY,
        "marketing_url": URL,
        "eligible_for_financial_aid": False,
        "content_language": "pt-br",
    }

    def test_all_reach_the_fields_they_are_mapped_to(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
        row = synced(catalog, self.RUN, language="en", eligible_for_financial_aid=True)
        found = (row.marketing_url, row.eligible_for_financial_aid, row.language)
        assert found == (URL, False, "pt-br")

    def test_only_mapped_ones_are_written(self, catalog):
        row = synced(catalog, self.RUN, language="en", eligible_for_financial_aid=True)
        assert (row.eligible_for_financial_aid, row.language) == (True, "en")

    def test_change_of_another_field_than_the_url_is_written(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
        synced(catalog, self.RUN)
        assert synced(catalog, self.RUN | {"content_language": "fr"}).language == "fr"

    def test_what_the_catalog_leaves_out_stays(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
        assert synced(catalog, self.RUN | {"content_language": None}, language="en").language == "en"

    def test_unpublished_run_gives_its_other_fields(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
        assert synced(catalog, self.RUN | {"status": "unpublished"}).language == "pt-br"

    def test_second_sync_writes_nothing(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
        synced(catalog, self.RUN)
        with statements() as sent:
            update_catalog_data()
        assert sent.writes() == []

    def test_field_mapped_later_is_filled_by_the_next_sync(self, catalog, settings):
        synced(catalog, self.RUN)
        settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
        assert synced(catalog, self.RUN).language == "pt-br"

    def test_marketing_url_may_have_another_column(self, catalog, settings):
        settings.CATALOG_SYNC_FIELDS = {"marketing_url": "social_sharing_url"}
        assert synced(catalog, self.RUN).social_sharing_url == URL


class TestReplica:
    """What is kept of a run, for course overviews that are yet to come."""

    def test_run_that_the_lms_does_not_have_is_kept(self, catalog):
        catalog.control.set_runs([{"key": KEY, "marketing_url": URL}])
        update_catalog_data()
        assert CatalogCourseRun.objects.get(course_key=KEY).marketing_url == URL

    def test_run_that_the_lms_does_not_have_is_counted(self, catalog):
        catalog.control.set_runs([{"key": KEY, "marketing_url": URL}])
        assert update_catalog_data().not_in_lms == 1

    def test_unpublished_run_is_kept_without_url(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL, "status": "unpublished"})
        row = CatalogCourseRun.objects.get(course_key=KEY)
        assert (row.status, row.marketing_url) == ("unpublished", None)

    def test_run_that_left_is_forgotten(self, catalog):
        synced(catalog, {"key": KEY, "marketing_url": URL})
        synced(catalog)
        assert not CatalogCourseRun.objects.exists()
