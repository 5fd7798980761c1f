"""Measure how fast a Catalog is with several page sizes and concurrencies, and recommend one of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import ceil
from statistics import linear_regression, median

from catalog_sync.catalog_client import CatalogClient, PageRange
from catalog_sync.conf import Catalog
from catalog_sync.exceptions import FailureScope, NothingMeasured, RequestFailed
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.quota import REQUESTS_PER_HOUR, requests_for
from catalog_sync.sync.connection import client_without_retries
from catalog_sync.sync.page_size import MIN_AUTOMATIC, automatic, sizes_within_quota

CONCURRENCIES = (1, 2, 4)
# A small Catalog has two workers. More requests only wait for them.
USUAL_CONCURRENCY = 2
# Some pages take much longer than others, so the median of fewer is too uncertain.
PAGES_EACH = 6
# A smaller gain may be chance.
MIN_GAIN = 0.2
# A person does not notice a smaller one.
MIN_GAIN_SECONDS = 1.0
NO_ANSWER = (
    "No page size was measured, because the Catalog did not return the smallest page. The log names the reason "
    "(event=catalog_sync.request_failed). If it is a time-out, increase request_timeout_seconds."
)


@dataclass(frozen=True)
class Measurement:
    """How fast the Catalog returns pages of one size at one concurrency.

    Attributes:
        seconds: the median time for one page.
        requests: the number of requests of a full sync.
    """

    page_size: int
    concurrency: int
    seconds: float
    requests: int


@dataclass(frozen=True)
class Recommendation:
    """Which page size and concurrency to use.

    Attributes:
        totals: the estimated duration of a full sync for each measurement, smallest page size first.
        best: the recommended one.
        kept: the configuration, if no measurement is noticeably faster; then it is recommended instead of ``best``.
        shortage: why not all page sizes were measured; empty if all were.
    """

    totals: dict[Measurement, float]
    best: Measurement
    kept: CatalogSyncConfig | None = None
    shortage: str = ""

    @property
    def may_be_saved(self) -> bool:
        """Whether all page sizes were measured: one that was not may be better."""
        return not self.shortage


class OutOfRequests(Exception):
    """All requests were used before all page sizes were measured."""


def recommend(
    catalog: Catalog, max_requests: int, target_seconds: float, on_measured: Callable[[Measurement], None]
) -> Recommendation:
    """Measure the Catalog, and recommend the best of the measurements.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
        NothingMeasured: there were too few requests for one page size, or the Catalog did not return the smallest page.
    """
    measurements: list[Measurement] = []
    shortage = ""
    with client_without_retries(catalog) as client:
        count = client.seconds_of(PageRange(0, 2))[1].count
        try:
            measure = partial(seconds_per_page, client, count)
            for measured in sweep(measure, count, max_requests - 1, target_seconds):
                measurements.append(measured)
                on_measured(measured)
        except OutOfRequests:
            shortage = (
                f"{max_requests} requests were too few to measure all page sizes. Use a higher --requests."
            )
    if not measurements:
        raise NothingMeasured(shortage or NO_ANSWER)
    totals = estimated(measurements)
    found = best(totals, count, target_seconds)
    config = CatalogSyncConfig.current(catalog.name)
    is_kept = _is_good_enough(config, measurements, count, target_seconds, totals[found])
    return Recommendation(totals, found, config if is_kept else None, shortage)


def sweep(
    measure: Callable[[int, int], float | None], count: int, requests_left: int, target_seconds: float
) -> Iterator[Measurement]:
    """Yield measurements of page sizes and concurrencies, smallest first, with a limited number of requests.

    Page sizes with which a full sync exceeds the hourly quota are left out.

    ``measure`` returns the seconds per page for a page size and a concurrency, or None if it cannot be measured.

    Raises:
        OutOfRequests: more requests are needed.
    """
    for size in _sizes(count):
        for concurrency in CONCURRENCIES:
            requests_left -= PAGES_EACH
            if requests_left < 0:
                raise OutOfRequests
            seconds = measure(size, concurrency)
            if seconds is None:
                return
            yield Measurement(size, concurrency, seconds, requests_for(count, size))
            if concurrency == 1 and seconds > target_seconds:
                return


def _sizes(count: int) -> list[int]:
    return [size for size in sizes_within_quota(count) if MIN_AUTOMATIC <= size <= max(count, MIN_AUTOMATIC)]


def seconds_per_page(client: CatalogClient, count: int, size: int, concurrency: int) -> float | None:
    """Return the median time of pages at random positions, which the Catalog is unlikely to have in its cache.

    None if the Catalog did not return more than half of them.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
    """

    def seconds_of(offset: int) -> float | None:
        try:
            return client.seconds_of(PageRange(offset, size))[0]
        except RequestFailed as error:
            if error.scope is FailureScope.SYNC:  # such as throttling, which is not a property of the page
                raise
            return None

    offsets = [random.randint(0, max(0, count - size)) for _ in range(PAGES_EACH)]  # noqa: S311 -- not a secret
    with ThreadPoolExecutor(concurrency) as pool:
        measured = [seconds for seconds in pool.map(seconds_of, offsets) if seconds is not None]
    return median(measured) if 2 * len(measured) > PAGES_EACH else None


def estimated(measurements: Iterable[Measurement]) -> dict[Measurement, float]:
    """Return how long a full sync takes for each measurement."""
    lines = {concurrency: _line(measurements, concurrency) for concurrency in CONCURRENCIES}
    return {each: _full_sync(each, _page(each.page_size, lines[each.concurrency])) for each in measurements}


def _page(size: int, line: tuple[float, float]) -> float:
    per_page, per_course_run = line
    return per_page + per_course_run * size


def _full_sync(setting: Measurement, seconds: float) -> float:
    return ceil(setting.requests / setting.concurrency) * seconds


def _line(measurements: Iterable[Measurement], concurrency: int) -> tuple[float, float]:
    """Return the time per page and the time per course run, estimated from the measurements at this concurrency.

    All measurements together are less uncertain than each of them.
    """
    points = [(each.page_size, each.seconds) for each in measurements if each.concurrency == concurrency]
    if len(points) < 2:
        return 0.0, sum(seconds / size for size, seconds in points)
    # Divided by the size, since the errors grow with it.
    line = linear_regression([1 / size for size, _ in points], [seconds / size for size, seconds in points])
    return max(0.0, line.slope), max(0.0, line.intercept)


def is_noticeable(seconds: float, shorter: float) -> bool:
    """Return whether a full sync that takes so many seconds is noticeably slower than a shorter one."""
    return seconds - shorter > max(MIN_GAIN_SECONDS, MIN_GAIN * seconds)


def _is_good_enough(
    config: CatalogSyncConfig,
    measurements: list[Measurement],
    count: int,
    target_seconds: float,
    shortest: float,
) -> bool:
    """Return whether the configured page size works, and a full sync with it is not noticeably slower than another."""
    largest = max(each.page_size for each in measurements)
    size = config.page_size or automatic(count, config.concurrency, largest)
    # If larger pages were not measured, they may fail.
    is_measured = size <= largest or largest == _sizes(count)[-1]
    if not is_measured or requests_for(count, size) > REQUESTS_PER_HOUR:
        return False
    concurrency = max(each.concurrency for each in measurements if each.concurrency <= config.concurrency)
    seconds = _page(min(size, max(count, 1)), _line(measurements, concurrency))
    total = _full_sync(Measurement(size, concurrency, seconds, requests_for(count, size)), seconds)
    return seconds <= target_seconds and not is_noticeable(total, shortest)


def best(totals: dict[Measurement, float], count: int, target_seconds: float) -> Measurement:
    """Return the automatic page size with the usual concurrency, unless others are noticeably faster.

    Only measurements within the target are considered, if there are any.
    """
    in_time = [each for each in totals if each.seconds <= target_seconds] or list(totals)
    shortest = min(totals[each] for each in in_time)
    largest = max(each.page_size for each in in_time)
    good = [each for each in in_time if not is_noticeable(totals[each], shortest)]

    def preference(each: Measurement) -> tuple[bool, bool, float]:
        is_automatic = each.page_size == automatic(count, each.concurrency, largest)
        return not is_automatic, each.concurrency != USUAL_CONCURRENCY, totals[each]

    return min(good, key=preference)
