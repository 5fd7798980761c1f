"""Several Catalogs, one after the other."""

from __future__ import annotations

import pytest

from catalog_sync.conf import Catalog
from catalog_sync.sync import SyncOptions, SyncReport, each_catalog

pytestmark = pytest.mark.django_db


def test_reports_each_catalog_that_was_not_synced_as_canceled(monkeypatch):
    synced = []

    def sync(options):
        synced.append(options.catalog.name)
        return SyncReport(run_id=1, status="succeeded", dry_run=False, page_size=20, concurrency=1)

    monkeypatch.setattr(each_catalog, "run_sync", sync)
    options = [SyncOptions.of(Catalog(name), should_stop=lambda: bool(synced)) for name in ("a", "b", "c")]
    statuses = [each.status for each in each_catalog.sync_each(options, distribute=False, wait=True).catalogs]
    assert (synced, statuses) == (["a"], ["succeeded", "canceled", "canceled"])
