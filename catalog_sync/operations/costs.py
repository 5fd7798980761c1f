"""What a page size costs: requests, of which the Catalog grants an ordinary user 200 an hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from catalog_sync.models import SyncRun
from catalog_sync.quota import PAGE_SIZES, REQUESTS_PER_HOUR, requests_for

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
        return REQUESTS_PER_HOUR // self.requests


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
