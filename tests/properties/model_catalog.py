"""A model of the Catalog that changes between requests, behind the real client: bytes without sockets or threads."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, ClassVar, NamedTuple
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

API_URL = "http://catalog.test/api/v1"
# If the Catalog has an invalid URL for a course run, its course overview keeps the URL that it has.
KEPT = "the URL that it has"


class Run(NamedTuple):
    """A course run in the Catalog."""

    url: str | None
    status: str = "published"

    @property
    def expected_url(self) -> str | None:
        """The marketing URL that the course overview must have."""
        if self.url and not self.url.startswith("https:"):
            return KEPT if self.status == "published" else None
        return self.url if self.status == "published" else None


@dataclass
class ModelCatalog:
    """Rows in the order of ``LOWER(key)``.

    Attributes:
        before_request: called with the number of the request before it is answered.
        failing: the requests that are answered with an error, by number.
        languages: the content languages of course runs, by key.
        past_urls: the expected URLs of each course run since ``forget_the_past``.
    """

    runs: dict[str, Run]
    before_request: Callable[[int], None] = lambda number: None
    failing: dict[int, int] = field(default_factory=dict)
    requests: int = 0
    languages: dict[str, str] = field(default_factory=dict)
    past_urls: dict[str, set[str | None]] = field(default_factory=dict)
    current: ClassVar[ModelCatalog]

    def set(self, key: str, run: Run | None) -> None:
        """Add or change a course run; None: delete it."""
        self.past_urls.setdefault(key, {self.expected_url(key)})
        if run is None:
            self.runs.pop(key, None)
        else:
            self.runs[key] = run
        self.past_urls[key].add(self.expected_url(key))

    def expected_url(self, key: str) -> str | None:
        return self.runs[key].expected_url if key in self.runs else None

    def expected_urls(self, key: str) -> set[str | None]:
        """The expected URLs at all moments since ``forget_the_past``."""
        return self.past_urls.get(key, {self.expected_url(key)})

    def forget_the_past(self) -> None:
        self.past_urls = {}
        self.requests = 0

    def answer(self, url: str) -> tuple[int, bytes]:
        self.before_request(self.requests)
        status = self.failing.get(self.requests, 200)
        self.requests += 1
        if status != 200:
            return status, b"<h1>Server Error</h1>"
        params = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        keys = sorted(self.runs, key=str.lower)
        if "keys" in params:
            wanted = {key.lower() for key in params["keys"].split(",")}
            keys = [key for key in keys if key.lower() in wanted]
        page = keys[int(params["offset"]) :][: int(params["limit"])]
        rows = [
            {
                "key": key,
                "marketing_url": run.url,
                "status": run.status,
                "content_language": self.languages.get(key),
            }
            for key, run in ((key, self.runs[key]) for key in page)
        ]
        return 200, json.dumps({"count": len(keys), "next": None, "previous": None, "results": rows}).encode()


class ModelAdapter(BaseAdapter):
    """Sends what requests would put on the wire to ``ModelCatalog.current``."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        status, body = ModelCatalog.current.answer(request.url or "")
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url or "", request
        response.raw = HTTPResponse(BytesIO(body), status=status, preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""


def session() -> requests.Session:
    """Return a session of the host's own, as ``CATALOG_SYNC_SESSION_FACTORY`` names it."""
    session = requests.Session()
    session.mount("http://", ModelAdapter())
    return session


def _run_in_this_thread(function: Callable[[], Any]) -> Future[Any]:
    """Run a request without a thread of its own, so that a history is the same each time it is tried."""
    future: Future[Any] = Future()
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
    return future


@contextmanager
def without_threads() -> Iterator[None]:
    """Run requests in the thread of the sync, and log nothing."""
    with (
        mock.patch("catalog_sync.catalog_client.client.run_in_thread", _run_in_this_thread),
        mock.patch("catalog_sync.catalog_client.crawler.run_in_thread", _run_in_this_thread),
        mock.patch("catalog_sync.catalog_client.transport.run_in_thread", _run_in_this_thread),
        mock.patch.object(logging.getLogger("catalog_sync"), "disabled", True),
    ):
        yield
