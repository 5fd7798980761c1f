"""The stand-in Catalog for tests, demos and benchmarks: a process of its own, and its controls.

with CatalogProcess(runs=100) as catalog:
    catalog.control.fault("status", status=503, times=2)
    ...
    assert len(catalog.control.requests("/api/v1/course_runs/")) == 3
"""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from sandbox.catalog.auth import CLIENT_ID, CLIENT_SECRET

ROOT = Path(__file__).resolve().parents[2]
COURSE_RUNS_PATH = "/api/v1/course_runs/"
COURSES_PATH = "/api/v1/courses/"
ACCESS_TOKEN_PATH = "/oauth2/access_token"
CONTROL_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 10

Row = dict[str, Any]


@dataclass(frozen=True)
class LoggedRequest:
    """A request to the Catalog, from ``at`` ``until`` the reply was sent, in seconds since the epoch.

    ``bytes`` is the size of the reply's body. ``status``, ``bytes`` and ``until`` are ``None`` if no reply was sent
    (a hang, a reset).
    """

    n: int
    method: str
    path: str
    query: str
    params: dict[str, str]
    status: int | None
    headers: dict[str, str]
    at: float
    until: float | None
    bytes: int | None


class CatalogControl:
    """The controls under ``/control/``. A reset restores ``start_settings``, too."""

    def __init__(self, url: str, start_settings: dict[str, Any] | None = None) -> None:
        self._address = urlsplit(url).netloc
        self._start_settings = start_settings or {}
        if self._start_settings:
            self.settings(**self._start_settings)

    def set_runs(self, rows: Iterable[Row]) -> None:
        """Replace all data. A row needs a ``key``; by default it is published and has a URL."""
        self._call("PUT", "runs", list(rows))

    def upsert(self, rows: Iterable[Row], via_publisher: bool = True) -> None:
        self._call("PATCH", "runs", {"upsert": list(rows), "via_publisher": via_publisher})

    def delete(self, keys: Iterable[str], via_publisher: bool = True) -> None:
        self._call("PATCH", "runs", {"delete": list(keys), "via_publisher": via_publisher})

    def queryset_update(self, rows: Iterable[Row]) -> None:
        """Change course runs as ``QuerySet.update()`` does: cached replies stay."""
        self._call("POST", "runs/queryset-update", list(rows))

    @contextmanager
    def transaction(self, rows: Iterable[Row]) -> Iterator[None]:
        """Save course runs in a transaction that is committed at the end of the block.

        Cached replies become stale at its start, and other requests see the change at its end.
        """
        self._call("POST", "transaction/save", list(rows))
        yield
        self._call("POST", "transaction/commit")

    def change_partner(self, *, marketing_site_url_root: str) -> None:
        """Change the root of the marketing URLs, which are relative without one: cached replies stay."""
        self._call("PATCH", "partner", {"marketing_site_url_root": marketing_site_url_root})

    def runs(self) -> list[Row]:
        """Return ``key``, ``marketing_url`` and ``status`` of all course runs, in the Catalog's order."""
        return self._call("GET", "runs")

    def generate(self, count: int, seed: int = 1) -> None:
        """Replace all data with ``count`` generated course runs."""
        self._call("POST", "runs/generate", {"count": count, "seed": seed})

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings (see ``sandbox.catalog.settings``), and return all of them."""
        return self._call("PUT", "settings", changes)

    def fault(
        self,
        action_kind: str,
        *,
        match: dict[str, Any] | None = None,
        times: int | None = 1,
        **action_params: Any,
    ) -> None:
        """Add a fault (see ``sandbox.catalog.faults``); ``times=None``: for all requests."""
        rule = {"match": match or {}, "times": times, "action": {"kind": action_kind} | action_params}
        self._call("POST", "faults", rule)

    def clear_faults(self) -> None:
        """Remove all rules, and end requests that hang."""
        self._call("DELETE", "faults")

    def requests(self, path: str | None = None) -> list[LoggedRequest]:
        """Return the requests in their order; with ``path`` only those whose path starts with it."""
        logged = [LoggedRequest(**entry) for entry in self._call("GET", "requests")]
        return [entry for entry in logged if path is None or entry.path.startswith(path)]

    def clear_requests(self) -> None:
        self._call("DELETE", "requests")

    def reset(self) -> None:
        """Restore the state at the start: course runs, settings, faults, throttle, request log."""
        self._call("POST", "reset")
        if self._start_settings:
            self.settings(**self._start_settings)

    def _call(self, method: str, what: str, content: Any = None) -> Any:
        connection = http.client.HTTPConnection(self._address, timeout=CONTROL_TIMEOUT_SECONDS)
        try:
            connection.request(method, f"/control/{what}", None if content is None else json.dumps(content))
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(f"{method} /control/{what}: {response.status} {body.decode()}")
        return json.loads(body)


class CatalogProcess:
    """A process of ``python -m sandbox.catalog`` on a free port. It ends with this object or with this process."""

    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET

    def __init__(self, runs: int = 0, seed: int = 1, **settings: Any) -> None:
        command = [sys.executable, "-m", "sandbox.catalog", "--port", "0", "--exit-with-parent"]
        self._process = subprocess.Popen(
            [*command, "--runs", str(runs), "--seed", str(seed)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.url = self._listening_url()
            self.control = CatalogControl(self.url, settings)
        except BaseException:
            self.kill()
            raise

    def _listening_url(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if "listening on" not in line:
            raise RuntimeError(
                f"The stand-in Catalog did not start: {line!r}. Its standard error has the reason."
            )
        return line.rsplit(" ", 1)[-1].strip()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v1"

    @property
    def oauth2_url(self) -> str:
        return f"{self.url}/oauth2"

    @property
    def lms_environment(self) -> dict[str, str]:
        """The environment variables of a sandbox LMS that uses this Catalog."""
        return {
            "COURSE_CATALOG_API_URL": self.api_url,
            "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL": self.oauth2_url,
            "BACKEND_SERVICE_EDX_OAUTH2_KEY": self.client_id,
            "BACKEND_SERVICE_EDX_OAUTH2_SECRET": self.client_secret,
        }

    def stop(self) -> int:
        """End the process with SIGTERM, if it is running, and return its exit status."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._end()

    def kill(self) -> int:
        """End the process with SIGKILL, like a crash."""
        if self._process.poll() is None:
            self._process.kill()
        return self._end()

    def _end(self) -> int:
        try:
            status = self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
