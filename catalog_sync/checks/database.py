"""Checks that read the database: whether the sync is stale, and whether it exceeds the Catalog's quota."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.utils import translation

from catalog_sync import conf, quota
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.operations import health
from catalog_sync.store.sync_runs import catalog_size


def check_health() -> Iterator[checks.CheckMessage]:
    """Check that a full sync has succeeded recently."""
    current = health.read()
    if current["status"] == health.STALE:
        with translation.override(None):
            yield checks.Warning(health.remedy(current), id="catalog_sync.W003")


def check_hourly_quota() -> Iterator[checks.CheckMessage]:
    """Check that a full sync of each Catalog stays within the hourly quota of an ordinary user."""
    for catalog in conf.catalogs():
        page_size = CatalogSyncConfig.current(catalog.name).page_size
        count = catalog_size(catalog.name)
        needed = quota.requests_for(count, page_size)
        if page_size and needed > quota.REQUESTS_PER_HOUR:
            yield checks.Warning(
                f"At page size {page_size}, a full sync of the Catalog {catalog.name} takes {needed} requests, but an "
                f"ordinary user has {quota.REQUESTS_PER_HOUR} per hour.",
                hint=f"Set page size {quota.recommended_page_size(count)} or larger in Django admin (Catalog sync "
                "configuration), or make the user staff in the LMS and silence this check.",
                id="catalog_sync.W005",
            )
