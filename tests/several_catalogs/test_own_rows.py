"""Each Catalog's own configuration and history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync import api
from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store.sync_runs import catalog_size
from tests.several_catalogs.lms import KEY, KEYS, PARTNER_URL, URL, marketing_url, sync

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("courses")]


class TestConfiguration:
    """Each Catalog has its own configuration rows."""

    def test_disabling_one_catalog_does_not_disable_the_other(self):
        CatalogSyncConfig.objects.create(catalog="default", enabled=False)
        report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["disabled", "succeeded"]

    def test_numbers_are_those_of_the_catalog(self):
        CatalogSyncConfig.objects.create(catalog="partner", enabled=True, page_size=3)
        assert [each.page_size for each in update_catalog_data().catalogs] == [500, 3]

    def test_row_of_another_catalog_is_not_used(self):
        CatalogSyncConfig.objects.create(catalog="partner", page_size=3)
        CatalogSyncConfig.objects.create(catalog="default", page_size=7)
        assert CatalogSyncConfig.current("partner").page_size == 3

    def test_option_applies_to_both(self):
        assert [each.page_size for each in update_catalog_data(page_size=4).catalogs] == [4, 4]

    def test_measured_page_size_is_saved_for_the_measured_catalog(self):
        found = api.recommend_page_size(max_requests=8, target_seconds=9, catalog="partner")
        api.save_page_size(found.best, "partner")
        assert CatalogSyncConfig.objects.get().catalog == "partner"

    def test_only_the_given_catalog_is_measured(self, catalog, partner):
        api.recommend_page_size(max_requests=8, target_seconds=9, catalog="partner")
        sent = [each.control.requests("/api/v1/course_runs/") for each in (catalog, partner)]
        assert (len(sent[0]), bool(sent[1])) == (0, True)


class TestHistory:
    """The sync runs of one Catalog do not affect those of another."""

    def test_automatic_page_size_fits_the_speed_of_each_catalog(self, catalog, partner):
        for each in (catalog, partner):
            each.control.generate(2_000)
        SyncRun.objects.create(catalog="partner", page_size=200, concurrency=2, seconds_per_page=20)
        assert [each.page_size for each in update_catalog_data(page_size="auto").catalogs] == [200, 100]

    def test_length_of_the_list_is_that_of_each_catalog(self):
        update_catalog_data()
        assert [catalog_size(name) for name in ("default", "partner")] == [3, 5]

    def test_old_sync_runs_of_the_other_catalog_are_kept(self):
        old = SyncRun.objects.create(catalog="partner", status="failed")
        SyncRun.objects.filter(pk=old.pk).update(started=timezone.now() - timedelta(days=400))
        sync("default")
        assert SyncRun.objects.filter(pk=old.pk).exists()

    def test_incremental_sync_starts_at_the_last_sync_of_that_catalog(self, partner):
        """The incremental sync requests changes since the last sync of its own Catalog, not of another one."""
        sync("partner")
        SyncRun.objects.update(started=timezone.now() - timedelta(days=2))
        partner.control.upsert([{"key": KEYS[3], "marketing_url": URL}])
        sync("default")
        a_day_ago = timezone.now() - timedelta(days=1)
        sync("partner", changed=True)
        since = partner.control.requests("/api/v1/courses/")[-1].params["timestamp"]
        assert since < a_day_ago.isoformat()

    def test_incremental_sync_applies_the_changes_of_each_catalog(self, catalog, partner):
        update_catalog_data()
        catalog.control.upsert([{"key": KEY, "marketing_url": f"{URL}/new"}])
        partner.control.upsert([{"key": KEYS[5], "marketing_url": f"{PARTNER_URL}/new"}])
        update_catalog_data(changed=True)
        assert (marketing_url(KEY), marketing_url(KEYS[5])) == (f"{URL}/new", f"{PARTNER_URL}/new")

    def test_incremental_sync_keeps_the_url_of_the_first_catalog(self, catalog, partner):
        update_catalog_data()
        partner.control.upsert([{"key": KEY, "marketing_url": f"{PARTNER_URL}/new"}])
        update_catalog_data(changed=True)
        assert marketing_url(KEY) == URL
