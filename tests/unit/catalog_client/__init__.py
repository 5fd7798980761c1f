"""Tests of the Catalog's client: bytes in, course runs or one sentence out."""

from __future__ import annotations

from catalog_sync import conf
from catalog_sync.catalog_client import CatalogAccess, access_to


def access() -> CatalogAccess:
    """Return the access to the only Catalog of the settings."""
    [catalog] = conf.catalogs()
    return access_to(catalog)
