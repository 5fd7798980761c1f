"""Measure page sizes and concurrencies against a Catalog, and recommend the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from catalog_sync.catalog_client import CatalogClient
from catalog_sync.conf import Catalog
from catalog_sync.exceptions import NothingMeasured
from catalog_sync.quota import PAGE_SIZES, REQUESTS_PER_HOUR, requests_for
from catalog_sync.sync.connection import client_without_retries
from catalog_sync.sync.page_size import PageTimer

CONCURRENCIES = (1, 2, 4)
NO_ANSWER = (
    "No page size was measured, because the Catalog did not return the smallest page. The log names the reason "
    "(event=catalog_sync.request_failed). If it is a time-out, increase request_timeout_seconds."
)


@dataclass(frozen=True)
class Measurement:
    """How fast the Catalog returns pages of one size at one concurrency.

    Attributes:
        seconds: the median time for one page.
        total_seconds: the estimated duration of a full sync.
        requests: the number of requests of a full sync.
    """

    page_size: int
    concurrency: int
    seconds: float
    total_seconds: float
    requests: int


@dataclass(frozen=True)
class Recommendation:
    """Which page size and concurrency to use.

    Attributes:
        measurements: all that were taken, smallest page size first.
        best: the recommended one.
        shortage: why not all page sizes were measured; empty if all were.
    """

    measurements: tuple[Measurement, ...]
    best: Measurement
    shortage: str = ""

    @property
    def is_past_quota(self) -> bool:
        """Whether a full sync sends more requests than an ordinary user may send per hour."""
        return self.best.requests > REQUESTS_PER_HOUR

    @property
    def may_be_saved(self) -> bool:
        """Whether all page sizes were measured: one that was not may be better."""
        return not self.shortage


class OutOfRequests(Exception):
    """All requests were used before all page sizes were measured."""

    def __init__(self, most_requests: int) -> None:
        super().__init__(
            f"Ran out of requests ({most_requests}) before all page sizes were measured. Use a higher --requests."
        )


def recommend(
    catalog: Catalog, most_requests: int, target_seconds: float, on_measured: Callable[[Measurement], None]
) -> Recommendation:
    """Measure the Catalog, and recommend the best of the measurements.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
        NothingMeasured: there were too few requests for one page size, or the Catalog did not return the smallest page.
    """
    measurements: list[Measurement] = []
    shortage = ""
    with client_without_retries(catalog) as client:
        try:
            for measured in sweep(client, CONCURRENCIES, most_requests, target_seconds):
                measurements.append(measured)
                on_measured(measured)
        except OutOfRequests as error:
            shortage = str(error)
    if not measurements:
        raise NothingMeasured(shortage or NO_ANSWER)
    return Recommendation(tuple(measurements), best(measurements, target_seconds), shortage)


def sweep(
    client: CatalogClient, concurrencies: tuple[int, ...], most_requests: int, target_seconds: float
) -> Iterator[Measurement]:
    """Yield measurements of page sizes and concurrencies, smallest first, with a limited number of requests.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
        OutOfRequests: more requests are needed.
    """
    timer = PageTimer(client)
    used = 1
    for size in PAGE_SIZES:
        for concurrency in concurrencies:
            if not timer.fits(size):
                return
            if used + concurrency > most_requests:
                raise OutOfRequests(most_requests)
            used += concurrency
            seconds = timer.seconds_in_parallel(size, concurrency)
            if seconds is None:
                return
            measured = _measurement(size, concurrency, seconds, timer.count)
            yield measured
            if concurrency == 1 and measured.seconds > target_seconds:
                return


def _measurement(size: int, concurrency: int, seconds: list[float], count: int) -> Measurement:
    requests = requests_for(count, size)
    total = max(seconds) * -(-requests // concurrency)
    return Measurement(size, concurrency, sorted(seconds)[len(seconds) // 2], total, requests)


def best(measurements: list[Measurement], target_seconds: float) -> Measurement:
    """Return the shortest sync with pages within the target; among equals, that with the lowest concurrency."""
    in_time = [measured for measured in measurements if measured.seconds <= target_seconds]
    return min(in_time or measurements, key=lambda measured: (measured.total_seconds, measured.concurrency))
