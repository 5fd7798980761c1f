"""Choose the page size: the one that was given, or the largest page that the Catalog returns quickly enough."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from catalog_sync.catalog_client import CatalogClient, PageRange
from catalog_sync.exceptions import FailureScope, RequestFailed
from catalog_sync.models import SyncRun
from catalog_sync.quota import PAGE_SIZES
from catalog_sync.sync.options import SyncOptions

TARGET_SECONDS = 2.0
# A smaller gain in seconds per course run may be noise, and does not justify a larger page.
LEAST_GAIN = 0.03
# During a full sync, a page may wait for other requests at the Catalog's few workers before it counts as slow.
SLOW_FACTOR = 3


def choose(options: SyncOptions, client: CatalogClient) -> int:
    """Return the page size that was given, or that of the last automatic sync run; otherwise find one.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
    """
    return options.page_size or remembered(options.catalog.name) or find(PageTimer(client).seconds_of)


def remembered(catalog: str) -> int | None:
    """Return the page size that the last automatic sync run stored for the next one."""
    return (
        SyncRun.objects.filter(catalog=catalog, next_page_size__isnull=False)
        .order_by("-pk")
        .values_list("next_page_size", flat=True)
        .first()
    )


def find(seconds_of: Callable[[int], float | None]) -> int:
    """Return the best page size: start small, and grow while a larger page saves time per course run.

    Args:
        seconds_of: measures a page of this size; returns None if the Catalog cannot return such a page.
    """
    best, best_rate = PAGE_SIZES[0], float("inf")
    for size in PAGE_SIZES:
        seconds = seconds_of(size)
        if seconds is None or seconds > TARGET_SECONDS or seconds / size > best_rate * (1 - LEAST_GAIN):
            break
        best, best_rate = size, seconds / size
    return best


def after(page_size: int, slowest_seconds: float) -> int:
    """Return the page size for the next sync run: the same, or the next smaller one if a page was far too slow."""
    if slowest_seconds <= TARGET_SECONDS * SLOW_FACTOR:
        return page_size
    return max((size for size in PAGE_SIZES if size < page_size), default=PAGE_SIZES[0])


class PageTimer:
    """Measures pages at random positions of the list, which the Catalog is unlikely to have in its cache.

    Attributes:
        count: how many course runs the Catalog lists.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
    """

    def __init__(self, client: CatalogClient) -> None:
        self._client = client
        self.count = client.seconds_of(PageRange(0, 2))[1].count

    def fits(self, size: int) -> bool:
        """Return whether the list is long enough to measure a page of this size; the smallest size always is."""
        return size <= max(self.count, PAGE_SIZES[0])

    def seconds_of(self, size: int) -> float | None:
        """Return the seconds for one page; None if the list is too short or the Catalog cannot return the page.

        The request is sent from the calling thread, because a sync run's heartbeat uses its database connection.
        """
        if not self.fits(size):
            return None
        offset = random.randint(0, max(0, self.count - size))  # noqa: S311 -- not a secret
        try:
            return self._client.seconds_of(PageRange(offset, size))[0]
        except RequestFailed as error:
            if error.scope is FailureScope.SYNC:  # such as throttling, which is not a property of the page
                raise
            return None

    def seconds_in_parallel(self, size: int, concurrency: int) -> list[float] | None:
        """Return the seconds for each of so many pages in parallel; None if one of them cannot be measured."""
        with ThreadPoolExecutor(concurrency) as pool:
            measured = [each for each in pool.map(self.seconds_of, [size] * concurrency) if each is not None]
        return measured if len(measured) == concurrency else None
