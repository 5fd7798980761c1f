"""How many pages are requested at the same time."""

from __future__ import annotations

import math
import threading


class InFlightLimit:
    """How many pages may be in flight at a time.

    The rule and its reasons: ``docs/decisions/0032-the-time-out-starts-again-with-each-reply.rst``.

    Args:
        concurrency: the limit at first, and at most.
        slow_seconds: a page that takes longer has waited in the Catalog's queue, unless all pages take so long.

    Attributes:
        number: the limit now.
    """

    def __init__(self, concurrency: int, slow_seconds: float) -> None:
        self.number = concurrency
        self._concurrency, self._slow_seconds = concurrency, slow_seconds
        self._fastest = math.inf
        self._lock = threading.Lock()

    def note(self, seconds: float) -> None:
        """Note how long a page took: allow one page less if it waited in the queue for long, else one more."""
        with self._lock:
            self._fastest = min(self._fastest, seconds)
            # If pages are slow because of their size, the fastest is slow, too.
            if seconds > max(self._slow_seconds, 2 * self._fastest):
                self.number = max(1, self.number - 1)
            else:
                self.number = min(self._concurrency, self.number + 1)
