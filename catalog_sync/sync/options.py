"""What one run is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog_sync.conf import Catalog
from catalog_sync.models import CatalogSyncConfig, SyncRun


@dataclass(frozen=True)
class SyncOptions:
    """What one run is asked to do. The numbers are those of ``CatalogSyncConfig``.

    Attributes:
        catalog: which one to read.
        page_size: 0 finds it by itself.
        course_keys: only these course runs; empty means all.
        changed: only what the Catalog says changed lately.
        on_progress: called with the course runs retrieved and the number that the Catalog counts.
        should_stop: asked about twice a second; true ends the run after its page.
    """

    catalog: Catalog
    page_size: int
    concurrency: int
    request_timeout_seconds: float
    retry_deadline_seconds: float
    max_removal_percent: int
    keep_runs_days: int
    course_keys: tuple[str, ...] = ()
    changed: bool = False
    dry_run: bool = False
    allow_removals: bool = False
    on_progress: Callable[[int, int], None] | None = None
    should_stop: Callable[[], bool] | None = None

    @classmethod
    def of(cls, catalog: Catalog, **asked: Any) -> SyncOptions:
        """Return the options that a Catalog's configuration and what was asked for make; what was asked for wins."""
        config = CatalogSyncConfig.current(catalog.name)
        given = {name: value for name, value in asked.items() if value is not None}
        return cls(catalog, **{name: getattr(config, name) for name in config.NUMBERS} | given)

    @property
    def scope(self) -> SyncRun.Scope:
        """What the run covers."""
        if self.course_keys:
            return SyncRun.Scope.COURSE_KEYS
        return SyncRun.Scope.CHANGED if self.changed else SyncRun.Scope.ALL
