"""One HTTP request and its reply, bounded in time and in bytes whatever the other side does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import requests
import urllib3

from catalog_sync.catalog_client.failures import token_refused, too_large, too_slow, unreachable
from catalog_sync.catalog_client.threads import run_in_thread

CHUNK_BYTES = 64 * 1024
# What a request asks for. Whoever packs a body twice, or better, means to fill the memory: urllib3 before 2.6 unpacks
# whatever a chunk holds before anybody can count it.
ENCODINGS = {"Accept-Encoding": "gzip, deflate"}
_UNPACKED = ("", "identity", "gzip", "deflate")


@dataclass(frozen=True)
class Reply:
    """What came back. The body of anything but 200 is not read: nothing in it is needed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(url: str, send: Callable[[], requests.Response], *, seconds: float, most_bytes: int) -> Reply:
    """Send a request and return the reply.

    The time-outs of ``requests`` bound each single read, so a server that drips a byte now and then, or a resolver
    that hangs, would hold the caller for ever. So the exchange has a thread of its own, which is left to itself when
    the time is over.

    Args:
        url: what is asked, for messages.
        send: sends the request with ``stream=True``.
        seconds: how long it may take in all.
        most_bytes: how long an honest body may be.

    Raises:
        RequestFailed: there is no reply, or no honest one.
    """
    receive = partial(_receive, url, send, time.monotonic() + seconds, most_bytes)
    future = run_in_thread(receive)
    wait([future], timeout=seconds)
    reply = future.result() if future.done() else None
    if reply is None:
        raise too_slow(url, seconds)
    return reply


def _receive(
    url: str, send: Callable[[], requests.Response], deadline: float, most_bytes: int
) -> Reply | None:
    try:
        with send() as response:
            _check_encoding(response)
            body = bytearray()
            # read1 returns what has arrived, so that a body that drips for ever meets the deadline.
            while response.status_code == HTTPStatus.OK and (
                chunk := response.raw.read1(CHUNK_BYTES, decode_content=True)
            ):
                body += chunk
                if len(body) > most_bytes:
                    raise too_large(url, most_bytes)
                if time.monotonic() > deadline:
                    return None
            return Reply(response.status_code, response.headers, bytes(body))
    except requests.HTTPError as error:
        # A reply of the Catalog raises none, so it is the session's own request for a token.
        raise token_refused(url if error.response is None else error.response.url, error.response) from error
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise unreachable(url, error) from error


def _check_encoding(response: requests.Response) -> None:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _UNPACKED:
        raise urllib3.exceptions.DecodeError(f"content encoding {encoding[:40]}")
