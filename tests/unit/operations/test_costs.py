"""What a page size costs."""

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
def test_least_page_size_fits_the_quota(count):
    assert quota.requests_for(count, quota.least_page_size(count)) <= quota.REQUESTS_PER_HOUR


class TestCatalogSize:
    """How many course runs there are, without asking the Catalog."""

    def test_is_what_the_last_full_sync_was_told(self):
        for count in (100, 200):
            SyncRun.objects.create(catalog_count=count)
        assert catalog_size("default") == 200

    def test_is_not_what_a_look_at_some_counted(self):
        SyncRun.objects.create(catalog_count=200)
        SyncRun.objects.create(catalog_count=3, scope="changed")
        assert catalog_size("default") == 200

    def test_is_what_is_stored_where_nothing_was_synced(self):
        CatalogCourseRun.objects.create(course_key="course-v1:a+b+c")
        assert catalog_size("default") == 1


class TestCosts:
    """What the configuration page shows."""

    def cost(self, page_size, in_force=500):
        return next(each for each in costs(3300, in_force, "default") if each.page_size == page_size)

    def test_has_the_page_size_in_force(self):
        assert self.cost(333, in_force=333).in_force

    def test_has_no_line_for_the_automatic_page_size(self):
        assert all(each.page_size for each in costs(3300, 0, "default"))

    @pytest.mark.parametrize(("page_size", "syncs"), [(20, 1), (500, 28)])
    def test_says_how_many_syncs_the_quota_allows(self, page_size, syncs):
        assert self.cost(page_size).syncs_an_hour == syncs

    def test_says_what_a_sync_took(self):
        for seconds in (3, 5, 40):
            SyncRun.objects.create(page_size=500, duration_seconds=seconds, status="succeeded")
        assert self.cost(500).seconds == 5

    def test_failed_syncs_tell_nothing(self):
        SyncRun.objects.create(page_size=500, duration_seconds=3, status="failed")
        assert self.cost(500).seconds is None

    def test_asks_once(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            costs(3300, 500, "default")
