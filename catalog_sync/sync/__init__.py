"""The engine: crawl, record, publish, retire; everything counted, every end closed."""

from __future__ import annotations

from catalog_sync.lease import LeaseHeld
from catalog_sync.sync.engine import Stopped, run_sync
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport

__all__ = ["LeaseHeld", "Stopped", "SyncOptions", "SyncReport", "run_sync"]
