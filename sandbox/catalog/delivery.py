"""Sends replies, complete or with a fault."""

import os
import socket
import struct
import time

from sandbox.catalog.faults import (
    AnyAction,
    Body,
    Drip,
    Duplicate,
    Hang,
    Huge,
    Long,
    Mutate,
    Next,
    Redirect,
    Reset,
    Short,
    Slow,
    Status,
    Truncate,
)
from sandbox.catalog.replies import SERVER_ERROR_PAGE, Reply, html_reply, json_reply, plain_reply
from sandbox.catalog.request_log import Entry, Request
from sandbox.catalog.service import Catalog

CHUNK_BYTES = 64 * 1024


class Delivery:
    """Replies to one request, and logs the reply before it sends the first byte."""

    def __init__(self, connection: socket.socket, catalog: Catalog, request: Request, entry: Entry) -> None:
        self._connection = connection
        self._catalog = catalog
        self._request = request
        self._entry = entry

    def deliver(self, action: AnyAction | None) -> None:
        match action:
            case None:
                self.send(self._catalog.answer(self._request))
            case Short() | Long() | Duplicate() | Next():
                self.send(self._catalog.answer(self._request, action))
            case Status() | Body() | Redirect():
                self.send(canned(action))
            case Slow(seconds=seconds):
                self._wait(seconds)
                self.send(self._catalog.answer(self._request))
            case Hang(seconds=seconds):
                self._wait(seconds)
            case Reset():
                self._reset()
            case Mutate():
                self._mutate(action)
            case Truncate(bytes=size):
                reply = self._catalog.answer(self._request)
                self._begin(reply, len(reply.body), size)
                self._connection.sendall(reply.body[:size])
            case Huge(bytes=size):
                self._huge(size)
            case Drip(seconds_per_byte=seconds):
                self._drip(seconds)

    def send(self, reply: Reply) -> None:
        size = len(reply.body)
        if self._request.method == "HEAD":
            self._begin(reply, size, 0)
            return
        self._note(reply.status, size)
        self._connection.sendall(reply.head(size) + reply.body)

    def _begin(self, reply: Reply, content_length: int | None, size: int) -> None:
        self._note(reply.status, size)
        self._connection.sendall(reply.head(content_length))

    def _note(self, status: int, size: int) -> None:
        self._entry.status = status
        self._entry.bytes = size
        self._entry.until = time.time()

    def _wait(self, seconds: float) -> None:
        self._catalog.faults.released.wait(seconds)

    def _reset(self) -> None:
        linger_for_nothing = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_nothing)
        # Close the socket here: the server's own shutdown would send a FIN first.
        os.close(self._connection.detach())

    def _mutate(self, action: Mutate) -> None:
        def change() -> None:
            self._catalog.store.save(action.upsert, action.delete, action.via_publisher)

        if action.before:
            change()
        reply = self._catalog.answer(self._request)
        if not action.before:
            # Before the reply is sent, so that the caller's next request certainly gets the change.
            change()
        self.send(reply)

    def _huge(self, size: int) -> None:
        self._begin(json_reply(200, None), None, size)
        chunk = b" " * CHUNK_BYTES
        while size > 0:
            self._connection.sendall(chunk[:size])
            size -= len(chunk)

    def _drip(self, seconds_per_byte: float) -> None:
        released = self._catalog.faults.released
        self._begin(json_reply(200, None), None, 0)
        while not released.is_set():
            time.sleep(seconds_per_byte)
            self._connection.sendall(b" ")


def canned(action: Status | Body | Redirect) -> Reply:
    """Return the reply of a fault that needs no data of the Catalog."""
    match action:
        case Body(body=body, content_type=content_type, status=status):
            return plain_reply(status, body, content_type)
        case Redirect(location=location, status=status):
            return plain_reply(status, "", "text/html", {"Location": location})
        case Status(status=500, body=None):
            return html_reply(500, SERVER_ERROR_PAGE).with_headers(action.headers)
    body = f"<html><body><h1>{action.status}</h1></body></html>\n" if action.body is None else action.body
    return plain_reply(action.status, body, "text/html", action.headers)
