"""The limit of requests per hour and user, over the last 60 minutes."""

import math
import time
from collections import deque
from threading import Lock

from sandbox.catalog.replies import Reply, error_reply

HOUR_SECONDS = 3600


class Throttle:
    def __init__(self) -> None:
        self._lock = Lock()
        self._served: dict[str, deque[float]] = {}

    def refusal(self, username: str, per_hour: int | None) -> Reply | None:
        """Count a request. Past ``per_hour`` (``None``: no limit), return the reply 429 and do not count it."""
        if per_hour is None:
            return None
        now = time.monotonic()
        with self._lock:
            served = self._served.setdefault(username, deque())
            while served and served[0] <= now - HOUR_SECONDS:
                served.popleft()
            if len(served) < per_hour:
                served.append(now)
                return None
            wait = math.ceil(HOUR_SECONDS - (now - served[0])) if served else HOUR_SECONDS
        detail = f"Request was throttled. Expected available in {wait} second{'' if wait == 1 else 's'}."
        return error_reply(429, detail, extra=(("Retry-After", str(wait)),))

    def clear(self) -> None:
        with self._lock:
            self._served.clear()
