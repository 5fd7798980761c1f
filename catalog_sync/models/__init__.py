"""The tables: stored course runs, pinned marketing URLs, sync runs, and the configuration in Django admin."""

from catalog_sync.models.config import MAX_CONCURRENCY, MAX_KEEP_RUNS_DAYS, MAX_PAGE_SIZE, CatalogSyncConfig
from catalog_sync.models.course_runs import CatalogCourseRun, MarketingUrlMixin, PinnedMarketingUrl
from catalog_sync.models.sync_runs import CatalogOverview, SyncRequest, SyncRun, SyncRunChange

__all__ = [
    "MAX_CONCURRENCY",
    "MAX_KEEP_RUNS_DAYS",
    "MAX_PAGE_SIZE",
    "CatalogCourseRun",
    "CatalogOverview",
    "CatalogSyncConfig",
    "MarketingUrlMixin",
    "PinnedMarketingUrl",
    "SyncRequest",
    "SyncRun",
    "SyncRunChange",
]
