"""A cache of whole replies by path and exact query string, but neither by user nor by host.

As in the service, no reply expires. A save of a course run makes all of them stale, before the transaction is
committed. Other changes do not: ``QuerySet.update()``, or a change of a partner.
"""

from collections import OrderedDict
from threading import Lock

CAPACITY_BYTES = 64 * 2**20


class ReplyCache:
    """Bodies of list replies. A new version of the data removes all; a full cache removes the oldest."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._version: object = None
        self._bytes = 0

    def get(self, target: str, version: object) -> bytes | None:
        with self._lock:
            return self._bodies.get(target) if version == self._version else None

    def put(self, target: str, version: object, body: bytes) -> None:
        with self._lock:
            if version != self._version:
                self._bodies.clear()
                self._version, self._bytes = version, 0
            if target in self._bodies or len(body) > CAPACITY_BYTES:
                return
            self._bodies[target] = body
            self._bytes += len(body)
            while self._bytes > CAPACITY_BYTES:
                self._bytes -= len(self._bodies.popitem(last=False)[1])
