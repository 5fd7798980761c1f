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
    """Each Catalog has rows of its own."""

    def test_switched_off_is_only_the_one(self):
        CatalogSyncConfig.objects.create(catalog="default", enabled=False)
        report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["disabled", "succeeded"]

    def test_numbers_are_those_of_the_one(self):
        CatalogSyncConfig.objects.create(catalog="partner", enabled=True, page_size=3)
        assert [each.page_size for each in update_catalog_data().catalogs] == [500, 3]

    def test_row_of_another_catalog_is_not_used(self):
        CatalogSyncConfig.objects.create(catalog="partner", page_size=3)
        CatalogSyncConfig.objects.create(catalog="default", page_size=7)
        assert CatalogSyncConfig.current("partner").page_size == 3

    def test_option_holds_for_both(self):
        assert [each.page_size for each in update_catalog_data(page_size=4).catalogs] == [4, 4]

    def test_measured_page_size_is_saved_for_the_one(self):
        found = api.recommend_page_size(most_requests=8, target_seconds=9, catalog="partner")
        api.save_page_size(found.best, "partner")
        assert CatalogSyncConfig.objects.get().catalog == "partner"

    def test_only_the_one_is_measured(self, catalog, partner):
        api.recommend_page_size(most_requests=8, target_seconds=9, catalog="partner")
        sent = [each.control.requests("/api/v1/course_runs/") for each in (catalog, partner)]
        assert (len(sent[0]), bool(sent[1])) == (0, True)


class TestHistory:
    """What the sync runs of one Catalog found does not affect those of another."""

    def test_automatic_page_size_fits_the_speed_of_the_one(self, catalog, partner):
        for each in (catalog, partner):
            each.control.generate(2_000)
        SyncRun.objects.create(catalog="partner", page_size=200, concurrency=2, seconds_per_page=20)
        assert [each.page_size for each in update_catalog_data(page_size="auto").catalogs] == [200, 100]

    def test_size_of_the_catalog(self):
        update_catalog_data()
        assert [catalog_size(name) for name in ("default", "partner")] == [3, 5]

    def test_pruning_leaves_the_runs_of_the_other(self):
        old = SyncRun.objects.create(catalog="partner", status="failed")
        SyncRun.objects.filter(pk=old.pk).update(started=timezone.now() - timedelta(days=400))
        sync("default")
        assert SyncRun.objects.filter(pk=old.pk).exists()

    def test_incremental_sync_starts_at_the_last_sync_of_that_catalog(self, partner):
        """The incremental sync of the second finds what changed since its own last sync, not since the first one's."""
        sync("partner")
        SyncRun.objects.update(started=timezone.now() - timedelta(days=2))
        partner.control.upsert([{"key": KEYS[3], "marketing_url": URL}])
        sync("default")
        asked = timezone.now() - timedelta(days=1)
        sync("partner", changed=True)
        since = partner.control.requests("/api/v1/courses/")[-1].params["timestamp"]
        assert since < asked.isoformat()

    def test_changes_of_each_are_found(self, catalog, partner):
        update_catalog_data()
        catalog.control.upsert([{"key": KEY, "marketing_url": f"{URL}/new"}])
        partner.control.upsert([{"key": KEYS[5], "marketing_url": f"{PARTNER_URL}/new"}])
        update_catalog_data(changed=True)
        assert (marketing_url(KEY), marketing_url(KEYS[5])) == (f"{URL}/new", f"{PARTNER_URL}/new")

    def test_change_that_both_list_is_that_of_the_first(self, catalog, partner):
        update_catalog_data()
        partner.control.upsert([{"key": KEY, "marketing_url": f"{PARTNER_URL}/new"}])
        update_catalog_data(changed=True)
        assert marketing_url(KEY) == URL
