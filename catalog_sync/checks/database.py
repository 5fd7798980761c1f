"""What only the database can tell: whether the sync is stale, and whether it fits the Catalog's quota."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks

from catalog_sync import conf, quota
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.operations import health
from catalog_sync.store.sync_runs import catalog_size


def stale() -> Iterator[checks.CheckMessage]:
    """Yield a warning if no full sync has succeeded lately."""
    seen = health.look()
    if seen["status"] != health.OK:
        yield checks.Warning(health.remedy(seen), id="catalog_sync.W003")


def past_quota() -> Iterator[checks.CheckMessage]:
    """Yield a warning for each Catalog of which a full sync needs more requests than an hour's quota has."""
    for catalog in conf.catalogs():
        page_size = CatalogSyncConfig.current(catalog.name).page_size
        count = catalog_size(catalog.name)
        needed = quota.requests_for(count, page_size)
        if page_size and needed > quota.REQUESTS_PER_HOUR:
            yield checks.Warning(
                f"At page size {page_size} a full sync of the Catalog {catalog.name} takes {needed} requests, and an "
                f"ordinary user has {quota.REQUESTS_PER_HOUR} an hour.",
                hint=f"Set a page size of {quota.least_page_size(count)} or more in Django admin (Catalog sync "
                "configuration), or have a staff user in the Catalog and silence this check.",
                id="catalog_sync.W005",
            )
