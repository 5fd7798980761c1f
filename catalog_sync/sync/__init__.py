"""One sync run of a Catalog: read its list, store it, update the course overviews, and report what was done."""

from __future__ import annotations

from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.scopes import run_sync

__all__ = ["SyncOptions", "SyncReport", "run_sync"]
