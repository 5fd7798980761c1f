"""Requests as they were received, and their log for tests."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from sandbox.catalog.listing import Params, parse_params


@dataclass(frozen=True)
class Request:
    """``headers`` has the names as they were sent; ``query`` is the raw query string."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""

    @cached_property
    def params(self) -> Params:
        return parse_params(self.query)

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        return f"http://{self.header('Host')}{self.target}"

    def header(self, name: str) -> str | None:
        for each, value in self.headers.items():
            if each.lower() == name.lower():
                return value
        return None


class Entry:
    """A request in the log. ``status``, ``bytes`` (of the body) and ``until`` are ``None`` if no reply was sent."""

    def __init__(self, number: int, request: Request) -> None:
        self.number = number
        self.request = request
        self.at = time.time()
        self.until: float | None = None
        self.status: int | None = None
        self.bytes: int | None = None

    def as_dict(self) -> dict[str, Any]:
        first_values = parse_qs(self.request.query, keep_blank_values=True)
        return {
            "n": self.number,
            "method": self.request.method,
            "path": self.request.path,
            "query": self.request.query,
            "params": {name: values[0] for name, values in first_values.items()},
            "status": self.status,
            "headers": self.request.headers,
            "at": self.at,
            "until": self.until,
            "bytes": self.bytes,
        }


class RequestLog:
    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: list[Entry] = []

    def open(self, request: Request) -> Entry:
        with self._lock:
            entry = Entry(len(self._entries) + 1, request)
            self._entries.append(entry)
            return entry

    def entries(self) -> Iterable[Entry]:
        with self._lock:
            return tuple(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
