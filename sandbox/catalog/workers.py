"""The latency model: list requests queue for a few workers and take the service's time."""

import time
from threading import Semaphore

from sandbox.catalog.settings import Settings

# Time for full objects / time for a few fields, measured on the real service (20.0 s / 13.7 s at page size 500).
FULL_OBJECT_FACTOR = 1.5


class Workers:
    """``with workers.one():`` waits for a free worker; ``work`` then takes the time of a page."""

    def __init__(self, count: int) -> None:
        self._free = Semaphore(count)

    def one(self) -> Semaphore:
        return self._free

    @staticmethod
    def work(settings: Settings, rows: int, skipped_rows: int, *, full_objects: bool) -> None:
        factor = FULL_OBJECT_FACTOR if full_objects else 1
        skipping = skipped_rows * settings.skipped_run_seconds
        time.sleep(settings.page_seconds + rows * settings.run_seconds * factor + skipping)

    @staticmethod
    def work_on_cached(settings: Settings, rows: int) -> None:
        time.sleep(settings.cached_page_seconds + rows * settings.cached_run_seconds)

    @staticmethod
    def work_on_courses(settings: Settings, courses: int) -> None:
        time.sleep(settings.courses_seconds + courses * settings.course_seconds)
