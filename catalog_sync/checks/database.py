"""Checks that read the database: its tables, the last full sync, and the Catalog's quota."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.db import DatabaseError, connection
from django.utils import translation

from catalog_sync import conf, quota
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health
from catalog_sync.store.sync_runs import catalog_size


def check_tables() -> Iterator[checks.CheckMessage]:
    """Check that the database responds and that the app is migrated."""
    tables = {model._meta.db_table for model in SyncRun._meta.app_config.get_models()}
    try:
        existing = connection.introspection.table_names()
    except DatabaseError as error:
        yield checks.Warning(
            f"The tables of catalog_sync cannot be read: {' '.join(str(error).split()).rstrip('.')}.",
            hint="Check that the database is running, and the settings in DATABASES.",
            id="catalog_sync.W013",
        )
        return
    if missing := sorted(tables.difference(existing)):
        # Not an error, since an error would keep migrate from creating them.
        yield checks.Warning(
            f"Tables of catalog_sync do not exist: {', '.join(missing)}.",
            hint="Run manage.py lms migrate catalog_sync. It shows this warning once more before it creates them.",
            id="catalog_sync.W013",
        )


def check_health() -> Iterator[checks.CheckMessage]:
    """Check that a full sync has succeeded recently."""
    worst = health.worst_of(health.of_each_catalog())
    if worst.status == health.STALE:
        with translation.override(None):
            fact, remedy = worst.fact_and_remedy
            yield checks.Warning(fact, hint=remedy, id="catalog_sync.W003")


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
