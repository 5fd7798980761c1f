"""A stand-in for Jenkins, in which jenkins-job-builder can create jobs."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit


class JenkinsServer:
    """Stores the XML of each job."""

    def __init__(self) -> None:
        self.jobs: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        jobs = self.jobs

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path.strip("/")
                known = {"pluginManager/api/json": {"plugins": []}, "api/json": {"jobs": []}}
                known |= {f"job/{name}/api/json": {"name": name} for name in jobs}
                self._reply(known.get(path))

            def do_POST(self) -> None:
                address = urlsplit(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                if address.path == "/createItem":
                    jobs[parse_qs(address.query)["name"][0]] = body
                self._reply({})

            def _reply(self, content: object) -> None:
                self.send_response(404 if content is None else 200)
                self.send_header("X-Jenkins", "2.504")
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
