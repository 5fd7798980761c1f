"""The Catalog's cache may keep an old marketing URL; look-ups, and syncs that bypass the cache, get the new one."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig
from sandbox.catalog.testing import CatalogControl
from tests.factories import CourseOverviewFactory
from tests.integration.lms import marketing_url

pytestmark = pytest.mark.django_db

KEY = "course-v1:OrgX+C1+2026"
OLD, NEW = "https://www.example.org/old", "https://www.example.org/new"
CHANGE = [{"key": KEY, "marketing_url": NEW}]


def change_without_a_signal(control: CatalogControl) -> None:
    control.queryset_update(CHANGE)


def change_in_a_transaction(control: CatalogControl) -> None:
    with control.transaction(CHANGE):
        update_catalog_data()


@pytest.fixture(params=[change_without_a_signal, change_in_a_transaction])
def stale_catalog(request, catalog) -> None:
    """Let the Catalog cache the old marketing URL, and change the URL so that the cache does not notice."""
    CatalogSyncConfig.objects.create(enabled=True, bypass_cache_hours=0)
    CourseOverviewFactory(id=KEY)
    catalog.control.set_runs([{"key": KEY, "marketing_url": OLD}])
    update_catalog_data()
    update_catalog_data(course_keys=[KEY])
    request.param(catalog.control)


@pytest.mark.usefixtures("stale_catalog")
def test_sync_succeeds_with_the_old_url():
    assert (update_catalog_data().status, marketing_url(KEY)) == ("succeeded", OLD)


@pytest.mark.usefixtures("stale_catalog")
def test_sync_that_bypasses_the_cache_gets_the_new_url():
    assert (update_catalog_data(bypass_cache=True).status, marketing_url(KEY)) == ("succeeded", NEW)


@pytest.mark.usefixtures("stale_catalog")
def test_sync_of_the_course_gets_the_new_url():
    assert (update_catalog_data(course_keys=[KEY]).status, marketing_url(KEY)) == ("succeeded", NEW)


@pytest.fixture
def cached_catalog(catalog) -> CatalogControl:
    """A Catalog whose cache has the old marketing URL for the requests of full syncs."""
    CourseOverviewFactory(id=KEY)
    catalog.control.set_runs([{"key": KEY, "marketing_url": OLD}])
    assert [update_catalog_data().bypassed_cache for _ in range(2)] == [True, False]
    return catalog.control


@pytest.mark.parametrize("options", [{"bypass_cache": True}, {"course_keys": [KEY]}])
def test_later_full_syncs_do_not_undo_a_sync_that_got_the_new_url(options, cached_catalog):
    change_without_a_signal(cached_catalog)
    update_catalog_data(**options)
    reports = [update_catalog_data() for _ in range(2)]
    assert ([each.updated for each in reports], marketing_url(KEY)) == ([0, 0], NEW)


def test_full_sync_after_one_that_bypassed_the_cache_is_served_from_it(cached_catalog):
    cached_catalog.clear_requests()
    update_catalog_data(bypass_cache=True)
    update_catalog_data()
    first, second = (each.query for each in cached_catalog.requests() if "/course_runs/" in each.path)
    assert first == second
