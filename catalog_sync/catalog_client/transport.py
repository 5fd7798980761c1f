"""One HTTP request, bounded in time and bytes, and the worker threads that wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TypeVar

import requests
import urllib3

from catalog_sync.catalog_client.errors import (
    CATALOG,
    TOO_LARGE,
    TOO_SLOW,
    Failure,
    token_refused,
    without_reply,
)

T = TypeVar("T")

THREAD_NAME = "catalog-request"
# How often a waiting thread calls ``heartbeat``, which renews the lease and checks for a cancellation.
HEARTBEAT_SECONDS = 0.5
CHUNK_BYTES = 64 * 1024
# A body with more than one encoding is refused: before 2.6, urllib3 unpacks a whole chunk before its size is known.
ENCODINGS = {"Accept-Encoding": "gzip, deflate"}
_ALLOWED_ENCODINGS = ("", "identity", "gzip", "deflate")
# The read time-out, in multiples of the time-out of a reply. ``receive`` must end first, and it may wait 31 times as
# long: with 16 parallel requests, each of the 15 others and its successor may be answered first.
READ_TIMEOUTS = 32


def run_in_thread(function: Callable[[], T]) -> Future[T]:
    """Run ``function`` in a daemon thread, so that a request that hangs does not keep the process alive."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name=THREAD_NAME, daemon=True).start()
    return future


def result_of(future: Future[T], heartbeat: Callable[[], None]) -> T:
    """Wait for the result and call ``heartbeat`` about twice a second; an exception from it ends the wait."""
    while not future.done():
        heartbeat()
        wait([future], timeout=HEARTBEAT_SECONDS)
    return future.result()


@dataclass(frozen=True)
class Reply:
    """A reply. Its body is read only if the status is 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Replies:
    """The replies to the parallel requests of one client.

    Attributes:
        latest: when the latest of them was complete, by the monotonic clock.
    """

    latest: float = 0.0


def receive(
    url: str,
    send: Callable[[], requests.Response],
    *,
    seconds: float,
    max_bytes: int,
    service: str = CATALOG,
    too_slow: Failure = TOO_SLOW,
    replies: Replies | None = None,
) -> Reply:
    """Send a request and return the reply.

    The time-outs of ``requests`` bound each single read, so a slow server or a resolver that hangs could block the
    caller without end. Therefore the request has a thread of its own, which is abandoned when the time is over.

    Args:
        url: the address, for messages.
        send: sends the request with ``stream=True``.
        seconds: how long it may take in all. The time starts again with each reply to another request of the client,
            because this one may have waited in the service's queue until then.
        max_bytes: how long the body may be.
        service: its name, for messages.
        too_slow: the failure if the time is over.
        replies: those to the client's requests; None: there is no other request.

    Raises:
        RequestFailed: there is no complete reply within these bounds.
    """
    replies = replies or Replies()
    started, abandoned = time.monotonic(), threading.Event()
    future = run_in_thread(partial(_read, url, send, abandoned, max_bytes, service))
    while not future.done():
        left = max(started, replies.latest) + seconds - time.monotonic()
        if left <= 0:
            abandoned.set()
            raise too_slow.at(url, service=service, seconds=seconds)
        wait([future], timeout=left)
    reply = future.result()
    replies.latest = time.monotonic()
    return reply


def _read(
    url: str,
    send: Callable[[], requests.Response],
    abandoned: threading.Event,
    max_bytes: int,
    service: str,
) -> Reply:
    try:
        with send() as response:
            _check_encoding(response)
            body = bytearray()
            # read1 returns what has arrived, so that an abandoned request ends however slowly the body arrives.
            while (
                response.status_code == HTTPStatus.OK
                and not abandoned.is_set()
                and (chunk := response.raw.read1(CHUNK_BYTES, decode_content=True))
            ):
                body += chunk
                if len(body) > max_bytes:
                    raise TOO_LARGE.at(url, service=service, max_bytes=max_bytes)
            return Reply(response.status_code, response.headers, bytes(body))
    except requests.HTTPError as error:
        # Only a session that fetches its own token raises it.
        raise token_refused(url if error.response is None else error.response.url, error.response) from error
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise without_reply(url, error, service) from error


def _check_encoding(response: requests.Response) -> None:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _ALLOWED_ENCODINGS:
        raise urllib3.exceptions.DecodeError(f"content encoding {encoding[:40]}")
