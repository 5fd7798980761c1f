"""If the network between the LMS and the Catalog fails, no URL is lost, and the message names cause and remedy."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress

import pytest

from tests.integration.faulty import OFFSETS, PAGE_SIZE
from tests.raw_server import nobody_listens, reply

pytest_plugins = ["tests.integration.fault_fixtures"]

EMPTY_PAGE = b'{"count": 0, "results": []}'


@pytest.fixture
def port_with_a_full_queue():
    """A port whose queue of connections is full, so that a new connection is never accepted."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


def test_connection_refused(sync, settings):
    with nobody_listens() as url:
        settings.COURSE_CATALOG_API_URL = f"{url}/api/v1"
        outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The connection to the Catalog was refused. Check that the Catalog is up and "
    )
    assert outcome.message.endswith(f" Address: {url}/api/v1/course_runs/.")


def test_connection_reset_once(sync, fault):
    fault("reset", offset=OFFSETS[2])
    outcome = sync()
    outcome.assert_success()
    [line] = outcome.events("request_retried")
    assert "the connection to the Catalog was reset" in line


def test_connection_reset_for_ever(sync, fault):
    fault("reset", times=None)
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The connection to the Catalog was reset. Check the Catalog, and proxies"
    )


def test_host_name_unknown(sync, settings):
    settings.COURSE_CATALOG_API_URL = "http://catalog.invalid/api/v1"
    outcome = sync(request_timeout_seconds=20, retry_deadline_seconds=0)
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The host name of the Catalog is unknown. Correct COURSE_CATALOG_API_URL, or the DNS"
    )


def test_connecting_times_out(sync, settings, port_with_a_full_queue):
    settings.COURSE_CATALOG_API_URL = f"http://127.0.0.1:{port_with_a_full_queue}/api/v1"
    outcome = sync(request_timeout_seconds=1, retry_deadline_seconds=0)
    outcome.assert_failure()
    assert outcome.message.startswith("The connection to the Catalog timed out. Check the firewall")


def test_plain_http_behind_an_https_address(sync, settings, catalog):
    settings.COURSE_CATALOG_API_URL = catalog.api_url.replace("http:", "https:")
    outcome = sync(retry_deadline_seconds=0)
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The TLS connection to the Catalog failed. If the Catalog uses plain HTTP, write"
    )
    assert "COURSE_CATALOG_API_URL" in outcome.message


def test_address_that_is_not_a_url(sync, settings):
    settings.COURSE_CATALOG_API_URL = "catalog.example.org/api/v1"
    outcome = sync()
    outcome.assert_failure()
    assert outcome.report["retries"] == 0
    assert outcome.message.startswith(
        "COURSE_CATALOG_API_URL is not a valid URL. Set it to an address such as "
    )


def test_no_answer_in_time(sync, fault):
    fault("hang", offset=OFFSETS[1], times=None)
    outcome = sync(request_timeout_seconds=2, retry_deadline_seconds=0)
    outcome.assert_incomplete(*range(5, 8))
    assert "he Catalog did not finish its reply within 2 s" in outcome.message


def test_first_page_without_an_answer_in_time(sync, fault):
    fault("hang", offset=0, times=None)
    outcome = sync("--page-size", "5", request_timeout_seconds=2, retry_deadline_seconds=1)
    outcome.assert_failure()
    assert "did not finish its reply within 2 s. Choose a smaller page size" in outcome.message


@pytest.mark.parametrize("deadline", [0, 1])
def test_headers_that_never_end(sync, raw_catalog, deadline):
    def drip(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while server.wait(0.05):
            connection.sendall(b"x")

    server = raw_catalog(drip)
    outcome = sync(request_timeout_seconds=1, retry_deadline_seconds=deadline)
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The Catalog did not finish its reply within 1 s, not even to a request for one course run. Check or restart "
        "the Catalog and its proxy, then run the command again."
    )


def test_body_that_never_ends(sync, fault):
    fault("drip", offset=OFFSETS[1], times=None, seconds_per_byte=0.05)
    outcome = sync(request_timeout_seconds=2, retry_deadline_seconds=0)
    outcome.assert_incomplete(*range(5, 8))
    assert "he Catalog did not finish its reply within 2 s" in outcome.message


def test_body_cut_off_once(sync, fault):
    fault("truncate", offset=OFFSETS[1], bytes=50)
    outcome = sync()
    outcome.assert_success()
    [line] = outcome.events("request_retried")
    assert "the reply of the Catalog was cut off" in line


def test_body_cut_off_for_ever(sync, fault):
    fault("truncate", offset=OFFSETS[1], times=None, bytes=50)
    outcome = sync()
    outcome.assert_incomplete(*range(5, 8))
    assert "because the reply of the Catalog was cut off: check the time-outs" in outcome.message


@pytest.mark.parametrize("length", [50, 300], ids=["all replies", "all but the short ones"])
def test_every_body_cut_off(sync, fault, length):
    """The reply past the end of the list has less than 200 bytes."""
    fault("truncate", times=None, bytes=length)
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith("The reply of the Catalog was cut off. Check the time-outs of proxies ")
    assert outcome.events("not_applied") == []
    assert len([line for line in outcome.log if line.startswith("event=")]) < 20


def test_every_body_cut_off_from_the_middle_on(sync, fault):
    fault("truncate", times=None, nth=3, bytes=300)
    outcome = sync()
    outcome.assert_incomplete(*range(9, 20))
    assert outcome.report["failures"] == 3


def test_chunked_body_cut_off(sync, raw_catalog):
    raw_catalog(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(EMPTY_PAGE), EMPTY_PAGE)
    )
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith("The reply of the Catalog was cut off. ")


def test_answer_that_is_not_http(sync, raw_catalog):
    raw_catalog(b"SSH-2.0-OpenSSH_9.6\r\n")
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith("The reply of the Catalog is not HTTP. ")


def test_connection_closed_without_an_answer(sync, raw_catalog):
    raw_catalog(b"")
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith("The Catalog closed the connection without a reply. ")


def test_page_that_stays_unreachable(sync, fault):
    fault("reset", offset=OFFSETS[3], times=None)
    outcome = sync()
    outcome.assert_incomplete(*range(13, 16))
    assert f"course runs 12 to {12 + PAGE_SIZE - 1} of the list are missing" in outcome.message


def test_first_page_that_stays_unreachable(sync, fault):
    fault("reset", offset=0, times=None)
    sync().assert_incomplete(*range(4))


def test_time_for_retries_used_up(sync, fault):
    fault("hang", offset=OFFSETS[2], times=None)
    outcome = sync(request_timeout_seconds=2, retry_deadline_seconds=1)
    outcome.assert_incomplete(*range(9, 20))
    assert (
        "from 8 to the end of the list are missing, because retry_deadline_seconds is used" in outcome.message
    )


def test_broken_content_encoding(sync, raw_catalog):
    raw_catalog(reply(EMPTY_PAGE, "Content-Encoding: gzip"))
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith("The reply of the Catalog has a broken content encoding. ")
