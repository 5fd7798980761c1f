"""What a page size costs: requests, of which the Catalog grants an ordinary user 200 an hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from catalog_sync import replica
from catalog_sync.models import SyncRun

# What the Catalog grants an ordinary user (course-discovery's throttle).
REQUESTS_AN_HOUR = 200
# Left to whatever else uses the same user: look-ups by key, looks at what changed.
SPARE_REQUESTS = 20
# What is shown, and what is tried where a page size is looked for.
PAGE_SIZES = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
# So many syncs are looked at for how long they took.
LATEST_RUNS = 200


@dataclass(frozen=True)
class Cost:
    """What one page size costs a sync of the whole Catalog.

    Attributes:
        requests: for the list alone.
        seconds: what a sync took here, the median of the latest; None if none used this page size.
        in_force: this is the page size that is configured.
    """

    page_size: int
    requests: int
    seconds: float | None
    in_force: bool

    @property
    def syncs_an_hour(self) -> int:
        """How many syncs the quota allows in an hour."""
        return REQUESTS_AN_HOUR // self.requests


def catalog_size(catalog: str) -> int:
    """Return how many course runs the Catalog listed at the last full sync; else how many are stored."""
    full = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL)
    counts = full.filter(catalog_count__gt=0).order_by("-pk")
    return counts.values_list("catalog_count", flat=True).first() or replica.count(catalog)


def requests_for(count: int, page_size: int) -> int:
    """Return how many requests the list takes: neighboring pages share a course run."""
    return max(1, -(-count // max(1, page_size - 1)))


def least_page_size(count: int) -> int:
    """Return the smallest page size with which a sync of so many course runs fits the quota of an hour."""
    return -(-count // (REQUESTS_AN_HOUR - SPARE_REQUESTS)) + 1


def costs(count: int, page_size: int, catalog: str) -> list[Cost]:
    """Return what each of a few page sizes costs, and the one that is configured."""
    seconds = _seconds_by_page_size(catalog)
    sizes = sorted({*PAGE_SIZES, page_size} - {0})
    return [Cost(size, requests_for(count, size), seconds.get(size), size == page_size) for size in sizes]


def _seconds_by_page_size(catalog: str) -> Mapping[int, float]:
    full = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL)
    succeeded = full.filter(status=SyncRun.Status.SUCCEEDED)
    latest = succeeded.order_by("-pk").values_list("page_size", "duration_seconds")[:LATEST_RUNS]
    return _medians(latest)


def _medians(pairs: Iterable[tuple[int, float]]) -> Mapping[int, float]:
    durations: dict[int, list[float]] = {}
    for size, seconds in pairs:
        durations.setdefault(size, []).append(seconds)
    return {size: median(each) for size, each in durations.items()}
