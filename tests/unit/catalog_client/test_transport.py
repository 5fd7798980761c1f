"""One request: which part of a reply is read, when it is given up, and how a caller waits for it."""

from __future__ import annotations

import gzip
import threading
from functools import partial

import pytest
import requests

from catalog_sync.catalog_client.transport import receive, result_of, run_in_thread
from catalog_sync.exceptions import RequestFailed
from tests.raw_server import RawServer, reply

URL = "https://catalog.example.com/api/v1/course_runs/"
MAX_BYTES = 100


def received(server, seconds=30.0, max_bytes=MAX_BYTES):
    send = partial(requests.get, server.url, stream=True, allow_redirects=False, timeout=seconds)
    return receive(server.url, send, seconds=seconds, max_bytes=max_bytes)


@pytest.mark.parametrize(
    "answer",
    [reply(b"x" * MAX_BYTES), reply(gzip.compress(b"x" * MAX_BYTES), "Content-Encoding: gzip")],
    ids=["plain", "packed"],
)
def test_longest_body_is_read(answer):
    with RawServer(answer) as server:
        assert received(server).body == b"x" * MAX_BYTES


@pytest.mark.parametrize("more", [1, 10_000])
def test_longer_body_is_refused(more):
    server = RawServer(reply(b"x" * (MAX_BYTES + more)))
    with server, pytest.raises(RequestFailed, match="The Catalog sent more than 100 bytes"):
        received(server)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error"])
def test_body_of_another_status_than_200_is_not_read(status):
    with RawServer(reply(b"x" * 10_000, status=status)) as server:
        answer = received(server)
    assert (answer.status, answer.body) == (int(status[:3]), b"")


def test_connection_is_closed_when_the_time_is_over():
    closed = threading.Event()

    def drip(connection, request):
        connection.sendall(reply(b"", length=10_000))
        try:
            while server.wait(0.05):
                connection.sendall(b"x")
        except OSError:
            closed.set()

    with RawServer(drip) as server:
        with pytest.raises(RequestFailed, match="did not finish its reply"):
            received(server, seconds=0.5, max_bytes=10_000)
        assert closed.wait(30)


@pytest.mark.parametrize(
    ("url", "named"),
    [("https://provider.example.com/oauth2", "https://provider.example.com/oauth2"), (None, URL)],
)
def test_provider_that_refuses_a_token_to_the_session_is_named(url, named):
    answer = requests.Response()
    answer.status_code, answer.url = 401, url

    def send():
        raise requests.HTTPError(response=answer if url else None)

    with pytest.raises(RequestFailed) as caught:
        receive(URL, send, seconds=30, max_bytes=MAX_BYTES)
    assert caught.value.url == named


def test_request_does_not_keep_the_process_alive():
    assert result_of(run_in_thread(threading.current_thread), lambda: None).daemon


def test_heartbeat_is_called_until_the_result_is_there():
    calls, released = [], threading.Event()

    def heartbeat():
        calls.append(1)
        if len(calls) == 2:
            released.set()

    assert result_of(run_in_thread(lambda: released.wait(30)), heartbeat)
    assert len(calls) >= 2
