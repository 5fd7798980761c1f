"""Several Catalogs, one after the other."""

from __future__ import annotations

import pytest

from catalog_sync.conf import Catalog
from catalog_sync.sync import SyncOptions, SyncReport
from catalog_sync.sync.each_catalog import sync_each

pytestmark = pytest.mark.django_db


def test_reports_each_catalog_that_was_not_synced_as_canceled():
    synced = []

    def sync(options):
        synced.append(options.catalog.name)
        return SyncReport(run_id=1, status="succeeded", dry_run=False, page_size=20, concurrency=1)

    options = [SyncOptions.of(Catalog(name), should_stop=lambda: bool(synced)) for name in ("a", "b", "c")]
    report = sync_each(options, sync)
    assert (synced, [each.status for each in report.catalogs]) == (
        ["a"],
        ["succeeded", "canceled", "canceled"],
    )
