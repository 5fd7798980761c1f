"""The costs of page sizes."""

from __future__ import annotations

import pytest

from catalog_sync import quota
from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.operations.costs import costs
from catalog_sync.store.sync_runs import catalog_size

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page_size", [1, 2, 20, 100, 500])
@pytest.mark.parametrize("count", [1, 20, 101])
def test_requests_are_those_of_a_real_sync(count, page_size, catalog):
    catalog.control.generate(count)
    assert update_catalog_data(page_size=page_size).requests == quota.requests_for(count, page_size)


@pytest.mark.parametrize("count", [1, 3300, 21_151, 150_000])
def test_least_page_size_stays_within_the_quota(count):
    assert quota.requests_for(count, quota.least_page_size(count)) <= quota.REQUESTS_PER_HOUR


class TestCatalogSize:
    """The number of course runs, without a request to the Catalog."""

    def test_is_the_count_of_the_last_full_sync(self):
        for count, scope in ((100, "all"), (200, "all"), (3, "changed")):
            SyncRun.objects.create(catalog_count=count, scope=scope)
        assert catalog_size("default") == 200

    def test_is_the_number_of_stored_course_runs_before_the_first_sync(self):
        CatalogCourseRun.objects.create(course_key="course-v1:a+b+c")
        assert catalog_size("default") == 1


class TestCosts:
    """The table of the configuration page."""

    def cost(self, page_size, configured=500):
        return next(each for each in costs(3300, configured, "default") if each.page_size == page_size)

    def test_has_the_configured_page_size(self):
        assert self.cost(333, configured=333).is_configured

    def test_has_no_line_for_the_automatic_page_size(self):
        assert all(each.page_size for each in costs(3300, 0, "default"))

    @pytest.mark.parametrize(("page_size", "syncs"), [(20, 1), (500, 28)])
    def test_has_the_number_of_syncs_that_the_quota_allows(self, page_size, syncs):
        assert self.cost(page_size).syncs_per_hour == syncs

    def test_has_the_median_duration_from_one_query(self, django_assert_num_queries):
        for seconds in (3, 5, 40):
            timed_run(duration_seconds=seconds)
        with django_assert_num_queries(1):
            cost = self.cost(500)
        assert cost.seconds == 5

    @pytest.mark.parametrize(
        "values",
        [
            {"page_size": 20},
            {"dry_run": True},
            {"bypassed_cache": False},  # The cache may have served it.
            {"status": "failed"},
            {"scope": "changed"},
            {"catalog": "partner"},
        ],
    )
    def test_has_no_duration_of_other_sync_runs(self, values):
        timed_run(**values)
        assert self.cost(500).seconds is None


def timed_run(**values):
    defaults = {"page_size": 500, "duration_seconds": 1, "status": "succeeded", "bypassed_cache": True}
    SyncRun.objects.create(**defaults | values)
