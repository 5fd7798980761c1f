"""One exchange: what of a reply is read, and when it is given up."""

from __future__ import annotations

import gzip
import threading
from functools import partial

import pytest
import requests

from catalog_sync.catalog_client.transport import exchange
from catalog_sync.exceptions import RequestFailed
from tests.raw_server import RawServer, reply

ASKED = "https://catalog.example.com/api/v1/course_runs/"
MOST_BYTES = 100


def exchanged(server, seconds=30.0, most_bytes=MOST_BYTES):
    send = partial(requests.get, server.url, stream=True, allow_redirects=False, timeout=seconds)
    return exchange(server.url, send, seconds=seconds, most_bytes=most_bytes)


def test_body_of_the_most_bytes_is_read():
    with RawServer(reply(b"x" * MOST_BYTES)) as server:
        assert exchanged(server).body == b"x" * MOST_BYTES


def test_packed_body_is_unpacked():
    with RawServer(reply(gzip.compress(b"x" * MOST_BYTES), "Content-Encoding: gzip")) as server:
        assert exchanged(server).body == b"x" * MOST_BYTES


@pytest.mark.parametrize("more", [1, 10_000])
def test_longer_body_is_refused(more):
    server = RawServer(reply(b"x" * (MOST_BYTES + more)))
    with server, pytest.raises(RequestFailed, match="sent more than 100 bytes"):
        exchanged(server)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error"])
def test_body_of_anything_but_200_is_not_read(status):
    with RawServer(reply(b"x" * 10_000, status=status)) as server:
        answer = exchanged(server)
    assert (answer.status, answer.body) == (int(status[:3]), b"")


def test_body_that_drips_is_left_when_the_time_is_over():
    hung_up = threading.Event()

    def drip(connection, request):
        connection.sendall(reply(b"", length=10_000))
        try:
            while server.wait(0.05):
                connection.sendall(b"x")
        except OSError:
            hung_up.set()

    with RawServer(drip) as server:
        with pytest.raises(RequestFailed, match="did not finish its reply"):
            exchanged(server, seconds=0.5, most_bytes=10_000)
        assert hung_up.wait(30)


@pytest.mark.parametrize(
    ("url", "named"),
    [("https://provider.example.com/oauth2", "https://provider.example.com/oauth2"), (None, ASKED)],
)
def test_provider_that_refuses_the_session_a_token_is_named(url, named):
    answer = requests.Response()
    answer.status_code, answer.url = 401, url

    def send():
        raise requests.HTTPError(response=answer if url else None)

    with pytest.raises(RequestFailed) as caught:
        exchange(ASKED, send, seconds=30, most_bytes=MOST_BYTES)
    assert caught.value.url == named
