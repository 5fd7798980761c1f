"""The latency model: list requests queue for a few workers and take the service's time."""

import math
import random
import time
from threading import Lock, Semaphore

from sandbox.catalog.settings import Settings

# Time for full objects / time for a few fields, measured on the real service (20.0 s / 13.7 s at page size 500).
FULL_OBJECT_FACTOR = 1.5
# Irregular latency: the standard deviation of the logarithm of the factor, and the share of pages that stall.
SIGMA = 0.4
STALL_CHANCE = 0.02


def page_seconds(settings: Settings, rows: int, skipped_rows: int, *, full_objects: bool = False) -> float:
    """Return the service's time for a page, without irregularities and without the time in the queue."""
    factor = FULL_OBJECT_FACTOR if full_objects else 1
    skipping = skipped_rows * settings.skipped_run_seconds
    return settings.page_seconds + rows * settings.run_seconds * factor + skipping


class Irregularity:
    """Varies the time of each page: a log-normal factor whose mean is 1, and occasional stalls."""

    def __init__(self, seed: int, stall_seconds: float) -> None:
        self._random = random.Random(seed)
        self._stall_seconds = stall_seconds
        self._lock = Lock()

    def of(self, seconds: float) -> float:
        with self._lock:
            factor = math.exp(self._random.gauss(-(SIGMA**2) / 2, SIGMA))
            stalls = self._random.random() < STALL_CHANCE
        return seconds * factor + (self._stall_seconds if stalls else 0)


class Workers:
    """``with workers.one():`` waits for a free worker; ``work`` then takes the time of a page."""

    def __init__(self, settings: Settings) -> None:
        self._free = Semaphore(settings.workers)
        self._irregularity = (
            None if settings.irregular is None else Irregularity(settings.irregular, settings.stall_seconds)
        )

    def one(self) -> Semaphore:
        return self._free

    def work(self, settings: Settings, rows: int, skipped_rows: int, *, full_objects: bool) -> None:
        seconds = page_seconds(settings, rows, skipped_rows, full_objects=full_objects)
        time.sleep(self._irregularity.of(seconds) if self._irregularity else seconds)

    @staticmethod
    def work_on_cached(settings: Settings, rows: int) -> None:
        time.sleep(settings.cached_page_seconds + rows * settings.cached_run_seconds)

    @staticmethod
    def work_on_courses(settings: Settings, courses: int) -> None:
        time.sleep(settings.courses_seconds + courses * settings.course_seconds)
