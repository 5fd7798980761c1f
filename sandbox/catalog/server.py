"""The HTTP server. As with gunicorn, each connection serves one request and is closed."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from sandbox.catalog.control import PREFIX as CONTROL_PREFIX
from sandbox.catalog.control import Control
from sandbox.catalog.delivery import Delivery
from sandbox.catalog.replies import request_line_too_large
from sandbox.catalog.request_log import Request
from sandbox.catalog.service import Catalog

REQUEST_LINE_LIMIT = 4094
# The web server reads so much at a time. Its message about a longer line contains this number.
READ_BYTES = 8192


class CatalogServer(ThreadingHTTPServer):
    daemon_threads = True
    # Many connections at the same time wait instead of being refused.
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], catalog: Catalog) -> None:
        super().__init__(address, Handler)
        self.catalog = catalog
        self.control = Control(catalog)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def server_bind(self) -> None:
        # HTTPServer's own method looks up the host's name, which may take seconds.
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A caller that closes the connection is not an error.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: CatalogServer
    timeout = 120

    def handle(self) -> None:
        line = self.rfile.readline(2**20)
        if not line:
            return
        size = len(line.rstrip(b"\r\n"))
        if size > REQUEST_LINE_LIMIT:
            self._refuse_long_line(line, min(size, READ_BYTES))
            return
        self.raw_requestline = line
        self.close_connection = True
        if self.parse_request():
            self._answer(self._read_request())

    def _refuse_long_line(self, line: bytes, size: int) -> None:
        # Read all headers: closing with unread bytes would reset the connection.
        while self.rfile.readline(2**16) not in (b"\r\n", b"\n", b""):
            pass
        method, _, rest = line.decode("latin-1").partition(" ")
        path, _, query = rest.rpartition(" ")[0].partition("?")
        request = Request(method, path, query, {})
        delivery = Delivery(
            self.connection, self.server.catalog, request, self.server.catalog.log.open(request)
        )
        delivery.send(request_line_too_large(size, REQUEST_LINE_LIMIT))

    def _read_request(self) -> Request:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = dict(self.headers.items())
        headers.setdefault("Host", self.server.url.removeprefix("http://"))
        return Request(self.command, path, query, headers, body)

    def _answer(self, request: Request) -> None:
        if request.path.startswith(CONTROL_PREFIX):
            reply = self.server.control.answer(request)
            self.connection.sendall(reply.head(len(reply.body)) + reply.body)
            return
        catalog = self.server.catalog
        entry = catalog.log.open(request)
        action = catalog.faults.take(request, catalog.covers)
        Delivery(self.connection, catalog, request, entry).deliver(action)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: ``/control/requests`` returns the request log."""
