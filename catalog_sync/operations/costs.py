"""The requests and the time that a full sync takes at each page size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from catalog_sync.quota import PAGE_SIZES, REQUESTS_PER_HOUR, requests_for
from catalog_sync.store.sync_runs import succeeded

# The number of sync runs whose durations are used.
LATEST_RUNS = 200


@dataclass(frozen=True)
class Cost:
    """What a full sync costs at one page size.

    Attributes:
        requests: to read the list; look-ups of single course runs are not included.
        seconds: median duration of the latest syncs at this page size; None: there were none.
        is_configured: whether this is the configured page size.
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
    seconds = _seconds_by_page_size(catalog)
    sizes = sorted({*PAGE_SIZES, page_size} - {0})
    return [Cost(size, requests_for(count, size), seconds.get(size), size == page_size) for size in sizes]


def _seconds_by_page_size(catalog: str) -> Mapping[int, float]:
    # A dry run writes nothing, so it takes less time.
    latest = succeeded(catalog).values_list("page_size", "duration_seconds")[:LATEST_RUNS]
    return _medians(latest)


def _medians(pairs: Iterable[tuple[int, float]]) -> Mapping[int, float]:
    durations: dict[int, list[float]] = {}
    for size, seconds in pairs:
        durations.setdefault(size, []).append(seconds)
    return {size: median(each) for size, each in durations.items()}
