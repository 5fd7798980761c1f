"""Requests an hour for each user, as a sliding window."""

import math
import time
from collections import deque
from threading import Lock

from sandbox.catalog.replies import Reply, error_reply

WINDOW_SECONDS = 3600


class Throttle:
    def __init__(self) -> None:
        self._lock = Lock()
        self._served: dict[str, deque[float]] = {}

    def refusal(self, username: str, per_hour: int | None) -> Reply | None:
        """Counts a request; past ``per_hour`` (``None``: no limit) returns the 429 to answer, uncounted."""
        if per_hour is None:
            return None
        now = time.monotonic()
        with self._lock:
            served = self._served.setdefault(username, deque())
            while served and served[0] <= now - WINDOW_SECONDS:
                served.popleft()
            if len(served) < per_hour:
                served.append(now)
                return None
            wait = math.ceil(WINDOW_SECONDS - (now - served[0])) if served else WINDOW_SECONDS
        detail = f"Request was throttled. Expected available in {wait} second{'' if wait == 1 else 's'}."
        return error_reply(429, detail, extra=(("Retry-After", str(wait)),))

    def clear(self) -> None:
        with self._lock:
            self._served.clear()
