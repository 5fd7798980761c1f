"""A caller of the stand-in Catalog, which sends single requests and returns the raw replies."""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH, CatalogProcess

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """A reply, with its headers in the received order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def keys(self) -> list[str]:
        return [row["key"] for row in self.json["results"]]

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each == name), None)


class Caller:
    """Sends single requests with a token of the default client."""

    def __init__(self, stand_in: CatalogProcess) -> None:
        self._address = urlsplit(stand_in.url).netloc
        self._client = (stand_in.client_id, stand_in.client_secret)
        self._token: str | None = None

    def runs(self, query: str = "", **kwargs: Any) -> Answer:
        """Get the list of course runs."""
        return self.get(f"{COURSE_RUNS_PATH}?{query}" if query else COURSE_RUNS_PATH, **kwargs)

    def statuses(self, *queries: str) -> list[int]:
        """Get the list with each of the queries, and return the statuses."""
        return [self.runs(query).status for query in queries]

    def get(self, target: str, *, authorized: bool = True, headers: dict[str, str] | None = None) -> Answer:
        sent = {"Authorization": f"JWT {self.token}"} if authorized else {}
        return self.send("GET", target, headers=sent | (headers or {}))

    @property
    def token(self) -> str:
        if self._token is None:
            self._token = self.new_token()
        return self._token

    def new_token(self, client: tuple[str, str] | None = None) -> str:
        return self.access_token(client=client).json["access_token"]

    def access_token(self, client: tuple[str, str] | None = None, **changes: str) -> Answer:
        client_id, client_secret = client or self._client
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "token_type": "jwt",
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", ACCESS_TOKEN_PATH, urlencode(form | changes), headers=headers)

    def send(
        self, method: str, target: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()


def seconds_of(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started
