"""The options of one sync run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog_sync.conf import Catalog
from catalog_sync.models import CatalogSyncConfig, SyncRun


@dataclass(frozen=True)
class SyncOptions:
    """The options of one sync run. The numbers are those of ``CatalogSyncConfig``.

    Attributes:
        catalog: the Catalog to read.
        page_size: course runs per request; 0: choose automatically.
        course_keys: sync only these course runs; None: all.
        changed: sync only the courses that changed since the last sync.
        bypass_cache: bypass the Catalog's reply cache, even if ``bypass_cache_hours`` are not over.
        on_progress: called with the number of course runs retrieved and the Catalog's total.
        should_stop: called about twice per second; if it returns True, the sync run ends after its current page.
    """

    catalog: Catalog
    page_size: int
    concurrency: int
    request_timeout_seconds: float
    retry_deadline_seconds: float
    max_removal_percent: int
    bypass_cache_hours: int
    keep_runs_days: int
    course_keys: tuple[str, ...] | None = None
    changed: bool = False
    dry_run: bool = False
    allow_removals: bool = False
    bypass_cache: bool = False
    on_progress: Callable[[int, int], None] | None = None
    should_stop: Callable[[], bool] | None = None

    @classmethod
    def of(cls, catalog: Catalog, **requested: Any) -> SyncOptions:
        """Return the requested options, and the numbers of the Catalog's configuration for those that are None."""
        config = CatalogSyncConfig.current(catalog.name)
        given = {name: value for name, value in requested.items() if value is not None}
        return cls(catalog, **{name: getattr(config, name) for name in config.NUMBERS} | given)

    @property
    def scope(self) -> SyncRun.Scope:
        """Which course runs the sync run covers."""
        if self.course_keys is not None:
            return SyncRun.Scope.COURSE_KEYS
        return SyncRun.Scope.CHANGED if self.changed else SyncRun.Scope.ALL
