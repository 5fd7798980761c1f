"""The stand-in Catalog for tests, demos and benchmarks: a process of its own, and the controls of it.

with CatalogProcess(runs=100) as catalog:
    catalog.control.fault("status", status=503, times=2)
    ...
    assert len(catalog.control.requests("/api/v1/course_runs/")) == 3
"""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterable
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
    """A request as the Catalog got it. ``at``: seconds since the epoch; ``bytes``: of the reply's body.

    ``status`` and ``bytes`` are ``None`` when no reply was begun (a hang, a reset).
    """

    n: int
    method: str
    path: str
    query: str
    params: dict[str, str]
    status: int | None
    headers: dict[str, str]
    at: float
    bytes: int | None


class CatalogControl:
    """What ``/control/`` offers. ``start_settings`` are put back after a reset, on top of the process's own."""

    def __init__(self, url: str, start_settings: dict[str, Any] | None = None) -> None:
        self._address = urlsplit(url).netloc
        self._start_settings = start_settings or {}
        if self._start_settings:
            self.settings(**self._start_settings)

    def set_runs(self, rows: Iterable[Row]) -> None:
        """Replaces the whole Catalog. A row needs a ``key``; what it leaves out is that of a published run."""
        self._call("PUT", "runs", list(rows))

    def upsert(self, rows: Iterable[Row], via_publisher: bool = True) -> None:
        self._call("PATCH", "runs", {"upsert": list(rows), "via_publisher": via_publisher})

    def delete(self, keys: Iterable[str], via_publisher: bool = True) -> None:
        self._call("PATCH", "runs", {"delete": list(keys), "via_publisher": via_publisher})

    def runs(self) -> list[Row]:
        """Every run's ``key``, ``marketing_url`` and ``status``, in the Catalog's order."""
        return self._call("GET", "runs")

    def generate(self, count: int, seed: int = 1) -> None:
        """Replaces the whole Catalog with ``count`` made-up runs."""
        self._call("POST", "runs/generate", {"count": count, "seed": seed})

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Changes settings (see ``sandbox.catalog.settings``); returns all of them."""
        return self._call("PUT", "settings", changes)

    def fault(
        self,
        action_kind: str,
        *,
        match: dict[str, Any] | None = None,
        times: int | None = 1,
        **action_params: Any,
    ) -> None:
        """Orders a fault (see ``sandbox.catalog.faults``); ``times=None``: for ever."""
        rule = {"match": match or {}, "times": times, "action": {"kind": action_kind} | action_params}
        self._call("POST", "faults", rule)

    def clear_faults(self) -> None:
        """Drops all rules, and lets go of requests that hang."""
        self._call("DELETE", "faults")

    def requests(self, path: str | None = None) -> list[LoggedRequest]:
        """The requests so far, oldest first; with ``path`` only those whose path starts so."""
        logged = [LoggedRequest(**entry) for entry in self._call("GET", "requests")]
        return [entry for entry in logged if path is None or entry.path.startswith(path)]

    def clear_requests(self) -> None:
        self._call("DELETE", "requests")

    def reset(self) -> None:
        """Everything as it was at the start: runs, settings, faults, throttle, request log."""
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
    """Starts ``python -m sandbox.catalog`` on a free port; it ends with this object, or with this process."""

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
            raise RuntimeError(f"The stand-in Catalog did not start: {line!r}; its standard error says why.")
        return line.rsplit(" ", 1)[-1].strip()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/v1"

    @property
    def oauth2_url(self) -> str:
        return f"{self.url}/oauth2"

    @property
    def lms_environment(self) -> dict[str, str]:
        """The environment variables that tell a sandbox LMS where this Catalog is, and with which credentials."""
        return {
            "COURSE_CATALOG_API_URL": self.api_url,
            "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL": self.oauth2_url,
            "BACKEND_SERVICE_EDX_OAUTH2_KEY": self.client_id,
            "BACKEND_SERVICE_EDX_OAUTH2_SECRET": self.client_secret,
        }

    def stop(self) -> int:
        """Ends the process as an operator would; returns its exit status. Once stopped, does nothing more."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._end()

    def kill(self) -> int:
        """Ends the process at once, as a crash does."""
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
