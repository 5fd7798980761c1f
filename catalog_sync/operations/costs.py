"""The requests and the time that a full sync takes at each page size."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from django.db.models import QuerySet

from catalog_sync.models import SyncRun
from catalog_sync.quota import PAGE_SIZES, REQUESTS_PER_HOUR, requests_for
from catalog_sync.store.sync_runs import successful_full_syncs

# The number of sync runs whose durations are used.
LATEST_RUNS = 200
# Page sizes with fewer sync runs are not compared.
MIN_RUNS = 3


@dataclass(frozen=True)
class Cost:
    """What a full sync costs at one page size.

    Attributes:
        requests: to read the list; look-ups of single course runs are not included.
        seconds: median duration of the latest timed sync runs at this page size; None: there were none.
    """

    page_size: int
    requests: int
    seconds: float | None
    is_configured: bool

    @property
    def syncs_per_hour(self) -> int:
        """How many full syncs the Catalog's quota allows per hour."""
        return REQUESTS_PER_HOUR // self.requests


def costs(count: int, page_size: int, catalog: str) -> list[Cost]:
    """Return the costs of the usual page sizes and of the configured one."""
    durations: dict[int, list[float]] = {size: [] for size in sorted({*PAGE_SIZES, page_size} - {0})}
    for size, seconds in timed_runs(catalog).values_list("page_size", "duration_seconds"):
        if size in durations:
            durations[size].append(seconds)
    return [
        Cost(
            size,
            requests_for(count, size),
            median(seconds) if seconds else None,
            size == page_size,
        )
        for size, seconds in durations.items()
    ]


def timed_runs(catalog: str) -> QuerySet[SyncRun]:
    """Return the latest sync runs whose duration depends on the page size, newest first.

    A dry run writes nothing. A sync run that did not bypass the Catalog's cache may have been served from it, in a
    hundredth of the time.
    """
    return successful_full_syncs(catalog).filter(bypassed_cache=True, page_size__gt=0)[:LATEST_RUNS]
