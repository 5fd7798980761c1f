"""Finding a page size: the largest page that this Catalog answers in good time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from catalog_sync.catalog_client import CatalogClient, PageRange
from catalog_sync.exceptions import RequestFailed, Scope
from catalog_sync.models import SyncRun
from catalog_sync.quota import PAGE_SIZES, requests_for
from catalog_sync.sync.options import SyncOptions

TARGET_SECONDS = 2.0
# A larger page must be worth it: below this gain a run, noise decides.
LEAST_GAIN = 0.03
# A page of a full sync may wait for others at the Catalog's few workers before it counts as slow.
SLOW_FACTOR = 3


def settle(options: SyncOptions, client: CatalogClient) -> int:
    """Return the page size that was asked for, or find one: the same as last time, unless that was too slow.

    Raises:
        RequestFailed: the Catalog does not answer at all.
    """
    return options.page_size or remembered(options.catalog.name) or find(measure(client))


def remembered(catalog: str) -> int | None:
    """Return the page size that the last automatic run settled on for the Catalog."""
    return (
        SyncRun.objects.filter(catalog=catalog, next_page_size__isnull=False)
        .order_by("-pk")
        .values_list("next_page_size", flat=True)
        .first()
    )


def find(seconds_of: Callable[[int], float | None]) -> int:
    """Return the page size to use: start small, grow while the time a run falls and the page stays in time.

    Args:
        seconds_of: measures a page of that size; None if the Catalog did not answer it.
    """
    best, best_rate = PAGE_SIZES[0], float("inf")
    for size in PAGE_SIZES:
        seconds = seconds_of(size)
        if seconds is None or seconds > TARGET_SECONDS or seconds / size > best_rate * (1 - LEAST_GAIN):
            break
        best, best_rate = size, seconds / size
    return best


def measure(client: CatalogClient) -> Callable[[int], float | None]:
    """Return a ``seconds_of`` that asks the Catalog, for windows that it is unlikely to have in its cache.

    Raises:
        RequestFailed: the Catalog does not answer at all, or not this user.
    """
    count = _count(client)

    def seconds_of(size: int) -> float | None:
        if size > max(count, PAGE_SIZES[0]):
            return None
        try:
            return client.seconds_of(_random_range(size, count))[0]
        except RequestFailed as error:
            if error.scope is Scope.SYNC:  # such as a throttle, which says nothing about the page
                raise
            return None

    return seconds_of


def _count(client: CatalogClient) -> int:
    return client.seconds_of(PageRange(0, 2))[1].count


def _random_range(size: int, count: int) -> PageRange:
    return PageRange(random.randint(0, max(0, count - size)), size)  # noqa: S311 -- no secret


def after(page_size: int, slowest_seconds: float) -> int:
    """Return the page size for the next run: the same, or a smaller one if a page was far too slow."""
    if slowest_seconds <= TARGET_SECONDS * SLOW_FACTOR:
        return page_size
    return max((size for size in PAGE_SIZES if size < page_size), default=PAGE_SIZES[0])


@dataclass(frozen=True)
class Measurement:
    """How the Catalog answers one page size with so many requests at once.

    Attributes:
        seconds: of one page, in the middle of the others.
        total_seconds: what a full sync would take, estimated.
        requests: what a full sync would send.
    """

    page_size: int
    concurrency: int
    seconds: float
    total_seconds: float
    requests: int


class OutOfRequests(Exception):
    """The budget was spent before all page sizes were measured."""

    def __init__(self, most_requests: int, page_size: int) -> None:
        super().__init__(
            f"The {most_requests} requests were used up before page sizes from {page_size:,} on were measured: allow "
            "more --requests."
        )


def sweep(
    client: CatalogClient, concurrencies: tuple[int, ...], most_requests: int, target_seconds: float
) -> Iterator[Measurement]:
    """Measure page sizes and concurrencies, smallest first, within a budget of requests.

    Raises:
        RequestFailed: the Catalog does not answer at all, or not this user.
        OutOfRequests: there would be more to measure.
    """
    count = _count(client)
    used = 1
    for size in PAGE_SIZES:
        for concurrency in concurrencies:
            if size > max(count, PAGE_SIZES[0]):
                return
            if used + concurrency > most_requests:
                raise OutOfRequests(most_requests, size)
            used += concurrency
            measured = _measure_in_parallel(client, size, concurrency, count)
            if measured is None:
                return
            yield measured
            if concurrency == 1 and measured.seconds > target_seconds:
                return


def _measure_in_parallel(
    client: CatalogClient, size: int, concurrency: int, count: int
) -> Measurement | None:
    page_ranges = [_random_range(size, count) for _ in range(concurrency)]
    try:
        with ThreadPoolExecutor(concurrency) as pool:
            seconds = [seconds for seconds, _ in pool.map(client.seconds_of, page_ranges)]
    except RequestFailed as error:
        if error.scope is Scope.SYNC:
            raise
        return None
    requests = requests_for(count, size)
    total = max(seconds) * -(-requests // concurrency)
    return Measurement(size, concurrency, sorted(seconds)[len(seconds) // 2], total, requests)


def best(measurements: list[Measurement], target_seconds: float) -> Measurement:
    """Return what to recommend: the shortest sync whose pages stay in time; of equals, the fewest at once."""
    in_time = [measured for measured in measurements if measured.seconds <= target_seconds]
    return min(in_time or measurements, key=lambda measured: (measured.total_seconds, measured.concurrency))
