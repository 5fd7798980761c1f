"""A model of the Catalog that changes between requests, behind the real client: bytes without sockets or threads."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

API_URL = "http://catalog.test/api/v1"
# What a course overview may show whose run has an unfit URL in the Catalog: whatever it showed before.
KEPT = "what it showed"


class Run(NamedTuple):
    """What the Catalog says of a course run."""

    url: str | None
    status: str = "published"

    @property
    def truth(self) -> str | None:
        """The URL that learners are to be sent to."""
        if self.url and not self.url.startswith("https:"):
            return KEPT if self.status == "published" else None
        return self.url if self.status == "published" else None


@dataclass
class ModelCatalog:
    """Rows in the order of ``LOWER(key)``.

    Attributes:
        before_request: called with the number of the request before it is answered: the world moves on.
        failing: the requests that are answered with an error, by number.
        languages: the content languages of course runs, by key.
        said: what the Catalog has said of each run since ``forget_the_past``; None for a run without fit URL.
    """

    runs: dict[str, Run]
    before_request: Callable[[int], None] = lambda number: None
    failing: dict[int, int] = field(default_factory=dict)
    requests: int = 0
    languages: dict[str, str] = field(default_factory=dict)
    said: dict[str, set[str | None]] = field(default_factory=dict)
    current: ClassVar[ModelCatalog]

    def set(self, key: str, run: Run | None) -> None:
        """Let a run enter, change, or, with None, leave."""
        self.said.setdefault(key, {self.truth(key)})
        if run is None:
            self.runs.pop(key, None)
        else:
            self.runs[key] = run
        self.said[key].add(self.truth(key))

    def truth(self, key: str) -> str | None:
        return self.runs[key].truth if key in self.runs else None

    def truths(self, key: str) -> set[str | None]:
        """What was true at some moment since ``forget_the_past``."""
        return self.said.get(key, {self.truth(key)})

    def forget_the_past(self) -> None:
        self.said = {}
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


def at_once(function: Callable[[], Any]) -> Future[Any]:
    """Stand in for the thread of a request, so that a history is the same each time it is tried."""
    future: Future[Any] = Future()
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
    return future
