"""A Catalog client whose pages take the time of the stand-in's latency model, without waiting."""

from __future__ import annotations

import random
from statistics import median
from threading import Lock

from catalog_sync.catalog_client import CourseRun, Crawl, Page
from catalog_sync.exceptions import FailureScope, RequestFailed
from catalog_sync.quota import requests_for
from catalog_sync.sync.tuning import PAGES_EACH
from sandbox.catalog.settings import Settings
from sandbox.catalog.workers import Irregularity, page_seconds

TIMEOUT_SECONDS = 30


class ModelledCatalog:
    """A list of so many course runs.

    Args:
        seed: of irregular latency; None: it is regular.
        fails_from: pages of this size and larger fail.
        scope: what fails with such a page.
        settings: those of the latency model that differ.
    """

    def __init__(self, count, seed=None, fails_from=None, scope=FailureScope.PAGE, **settings):
        self.count, self.fails_from, self.scope = count, fails_from, scope
        self.settings = Settings(**settings)
        self._irregularity = seed is not None and Irregularity(seed, self.settings.stall_seconds)
        self._random = random.Random(seed)
        self._lock = Lock()
        self.page_ranges = []

    def seconds_of(self, page_range):
        with self._lock:
            self.page_ranges.append(page_range)
        if self.fails_from and page_range.limit >= self.fails_from:
            raise RequestFailed("https://x.example.com", "failed", "wait", scope=self.scope)
        return self._page_seconds(page_range.offset, page_range.limit, self._irregularity), self._page(
            page_range
        )

    def crawl(self, pagination, concurrency):
        return Crawl(
            lambda page_range, attempts: self._page(page_range),
            pagination,
            concurrency,
            heartbeat=lambda: None,
            can_go_on=lambda: True,
            can_retry=lambda: True,
        )

    def measure(self, page_size, concurrency):
        """Return the median of the times that pages at random positions take."""
        last = max(0, self.count - page_size)
        offsets = [self._random.randint(0, last) for _ in range(PAGES_EACH)]
        return median(self._schedule(offsets, page_size, concurrency, self._irregularity)[1])

    def sync(self, page_size, concurrency):
        """Return the median of the times that the pages of a full sync take."""
        return median(self._crawl(page_size, concurrency, self._irregularity)[1])

    def sync_seconds(self, page_size, concurrency):
        """Return the duration of a full sync if the latency is regular; infinite if pages time out."""
        seconds, of_pages = self._crawl(page_size, concurrency, None)
        return seconds if max(of_pages) < TIMEOUT_SECONDS else float("inf")

    def _crawl(self, page_size, concurrency, irregularity):
        offsets = [number * (page_size - 1) for number in range(requests_for(self.count, page_size))]
        return self._schedule(offsets, page_size, concurrency, irregularity, alone=1)

    def _schedule(self, offsets, page_size, concurrency, irregularity, alone=0):
        """Return the end of the last page and the time of each; the first may be read alone."""
        workers, ends, times = [0.0] * self.settings.workers, [], []
        for number, offset in enumerate(offsets):
            # A page is requested as soon as the one so many places before it was read, and all before that.
            sent = max(ends[: max(alone, number - concurrency + 1)], default=0.0)
            first_free = workers.index(min(workers))
            begin = max(sent, workers[first_free])
            workers[first_free] = begin + self._page_seconds(offset, page_size, irregularity)
            ends.append(workers[first_free])
            times.append(min(TIMEOUT_SECONDS, workers[first_free] - sent))
        return max(ends), times

    def _page_seconds(self, offset, limit, irregularity):
        seconds = page_seconds(self.settings, min(limit, self.count - offset), offset)
        return irregularity.of(seconds) if irregularity else seconds

    def _page(self, page_range):
        rows = max(0, min(page_range.limit, self.count - page_range.offset))
        keys = [f"course-v1:E+{page_range.offset + row}+R" for row in range(rows)]
        return Page(tuple(map(CourseRun, keys)), (), rows, self.count, keys[0] if keys else "")
