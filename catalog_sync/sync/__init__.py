"""The engine: crawl, record, publish, retire; everything counted, every end closed."""

from __future__ import annotations

from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.runner import Stopped, run_sync

__all__ = ["Stopped", "SyncAlreadyRunning", "SyncOptions", "SyncReport", "run_sync"]
