"""The latency model: list requests take the service's time, on a few workers, and queue for them."""

import time
from threading import Semaphore

from sandbox.catalog.settings import Settings

# Seconds for full objects by seconds for a few fields, measured on the real service (20.0 / 13.7 at page size 500).
FULL_OBJECT_FACTOR = 1.5


class Workers:
    """``with workers.one():`` waits its turn like a request at gunicorn; ``work`` then takes the time of a page."""

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
