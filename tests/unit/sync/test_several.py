"""One Catalog after the other: what becomes of those that follow."""

from __future__ import annotations

import pytest

from catalog_sync.conf import Catalog
from catalog_sync.sync import SyncReport
from catalog_sync.sync.each_catalog import sync_each
from catalog_sync.sync.options import SyncOptions

pytestmark = pytest.mark.django_db


def test_each_that_was_not_begun_is_told():
    synced = []

    def sync(options):
        synced.append(options.catalog.name)
        return SyncReport(run_id=1, status="succeeded", dry_run=False, page_size=20, concurrency=1)

    asked = [SyncOptions.of(Catalog(name), should_stop=lambda: bool(synced)) for name in ("a", "b", "c")]
    report = sync_each(asked, sync)
    assert (synced, [each.status for each in report.catalogs]) == (["a"], ["succeeded", "failed", "failed"])
