"""An attacker who controls the Catalog or the OAuth2 provider can delay a sync, and nothing else."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from opaque_keys.edx.keys import CourseKey

from catalog_sync.catalog_client.client import MAX_ROWS_BEYOND
from catalog_sync.catalog_client.errors import MalformedReply
from catalog_sync.catalog_client.schemas import decode_page
from catalog_sync.conf import Catalog
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.integration.faulty import ALL, OFFSETS, PAGE_SIZE, RUNS, Sync, key, row
from tests.raw_server import RawServer, reply

pytest_plugins = ["tests.integration.fault_fixtures"]

MEGABYTE = 1024 * 1024
MAX_ROWS = PAGE_SIZE + MAX_ROWS_BEYOND


def packed(megabytes: int) -> bytes:
    """Return so many megabytes of zero bytes, packed twice."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    once = b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(megabytes)) + packer.flush()
    return gzip.compress(once)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "GZIP,gzip", "br", "zstd", "gzip, identity"])
def test_body_is_unpacked_once_at_most(sync: Sync, raw_catalog, encoding):
    raw_catalog(reply(packed(20), f"Content-Encoding: {encoding}"))
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith("The reply of the Catalog has a broken content encoding. ")


def test_token_is_unpacked_once_at_most(sync: Sync, settings):
    with RawServer(reply(packed(20), "Content-Encoding: gzip, gzip")) as provider:
        settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = provider.url
        outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith("The reply of the OAuth2 provider has a broken content encoding. ")


def test_no_other_encoding_is_asked_for(sync: Sync, raw_catalog):
    catalog = raw_catalog(reply(json.dumps({"count": 0, "results": []}).encode()))
    sync()
    assert {b"Accept-Encoding: gzip, deflate" in request for request in catalog.requests} == {True}


@pytest.mark.parametrize(
    "records", [[0] * (MAX_ROWS + 1), [row(5)] * (MAX_ROWS + 1)], ids=["invalid", "one course run"]
)
def test_page_with_too_many_records_is_refused(sync: Sync, fault, records):
    body = json.dumps({"count": RUNS, "results": records})
    fault("body", offset=OFFSETS[1], times=None, body=body, content_type="application/json")
    outcome = sync()
    outcome.assert_incomplete(*range(5, 8))
    assert f"the Catalog returned {MAX_ROWS + 1} records in one page" in outcome.message
    assert outcome.report["course_runs_rejected"] == 0


def test_page_with_a_few_more_records_is_accepted(sync: Sync, fault):
    records = [row(n) for n in range(4, 9)] + [0] * MAX_ROWS_BEYOND
    body = json.dumps({"count": RUNS, "results": records})
    fault("body", offset=OFFSETS[1], times=None, body=body, content_type="application/json")
    outcome = sync()
    outcome.assert_success()
    assert outcome.report["course_runs_rejected"] == MAX_ROWS_BEYOND


def test_countless_valid_records_take_less_memory_than_their_bytes():
    records = b",".join([b'{"key":"a"}'] * 200_000)
    body = b'{"count":1,"results":[' + records + b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(MalformedReply, match="more values than 1000 course runs have"):
            decode_page(body, max_rows=1_000)
        assert tracemalloc.get_traced_memory()[1] < len(body)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("course_key", ["k" * 900_000, "\ud800" * 100_000], ids=["long", "not text"])
def test_log_line_is_short_for_a_key_of_a_megabyte(sync: Sync, fault, course_key):
    body = json.dumps({"count": RUNS, "results": [*map(row, range(4, 9)), {"key": course_key}]})
    fault("body", offset=OFFSETS[1], times=None, body=body, content_type="application/json")
    outcome = sync("--page-size", "5", request_timeout_seconds=20)
    assert outcome.report["course_runs_rejected"] == 1
    assert max(map(len, outcome.log)) < 3_000


def test_key_does_not_change_the_direction_of_a_message(sync: Sync, catalog):
    turned = "course-v1:OrgX+C0060\N{RIGHT-TO-LEFT OVERRIDE}+2026"
    catalog.control.upsert([row(5, key=turned), row(6)])
    catalog.control.fault(
        "status", match={"path": COURSE_RUNS_PATH, "covers_key": key(6)}, times=None, status=500
    )
    outcome = sync()
    assert "\\u202e" in outcome.message
    assert outcome.message.isprintable()


@pytest.mark.parametrize("retry_after", ["9" * 4_000, "Fri, 31 Dec 9999 23:59:59 GMT", "315360000"])
def test_wait_of_years_ends_the_sync(sync: Sync, fault, retry_after):
    fault("status", times=None, status=429, headers={"Retry-After": retry_after})
    outcome = sync()
    outcome.assert_failure()
    assert outcome.report["requests"] == 1


def test_count_of_billions_is_harmless(sync: Sync, catalog):
    catalog.control.settings(count_delta=2**31 - 1 - RUNS)
    outcome = sync("--concurrency", "16")
    outcome.assert_incomplete()
    assert "the Catalog counts 2147483647 course runs but lists 20" in outcome.message


def test_interim_replies_without_end_time_out(sync: Sync, raw_catalog):
    def go_on(connection, request):
        while server.wait(0.01):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    server = raw_catalog(go_on)
    outcome = sync(request_timeout_seconds=1, retry_deadline_seconds=0)
    outcome.assert_failure()
    assert "did not finish its reply within 1 s" in outcome.message


@pytest.mark.parametrize(
    "headers", [[f"X-{n}: y" for n in range(200)], [f"X-Long: {'y' * 100_000}"]], ids=["many", "long"]
)
def test_excessive_headers_are_reported(sync: Sync, raw_catalog, headers):
    raw_catalog(reply(b"", *headers))
    outcome = sync(retry_deadline_seconds=0)
    outcome.assert_failure()
    assert outcome.message.startswith("The Catalog could not be reached (")


def test_log_line_is_short_for_headers_that_cannot_be_parsed(sync: Sync, raw_catalog):
    raw_catalog(reply(b"", "no header", *[f"X-{n}: {'y' * 60_000}" for n in range(90)]))
    outcome = sync(retry_deadline_seconds=0)
    assert max(map(len, outcome.log)) < 3_000


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_token_is_not_sent_after_a_redirect(sync: Sync, raw_catalog, status):
    with RawServer(b"") as elsewhere:
        raw_catalog(reply(b"", f"Location: {elsewhere.url}/api/v1/course_runs/", status=status))
        sync().assert_failure()
        assert elsewhere.requests == []


class EndlessRedirect:
    """Answers with a redirect that has a very long body."""

    MEGABYTES = 64

    def __init__(self) -> None:
        self.megabytes_sent = 0

    def __call__(self, connection, request):
        connection.sendall(reply(b"", "Location: /", status="302 Found", length=self.MEGABYTES * MEGABYTE))
        for _ in range(self.MEGABYTES):
            connection.sendall(bytes(MEGABYTE))
            self.megabytes_sent += 1


def test_body_of_a_redirect_is_not_read(sync: Sync, raw_catalog):
    redirect = EndlessRedirect()
    raw_catalog(redirect)
    sync().assert_failure()
    # The rest is in buffers of the network.
    assert redirect.megabytes_sent < EndlessRedirect.MEGABYTES / 2


def test_body_of_a_redirect_of_the_provider_is_not_read(sync: Sync, settings):
    redirect = EndlessRedirect()
    with RawServer(redirect) as provider:
        settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = provider.url
        sync().assert_failure()
    assert redirect.megabytes_sent < EndlessRedirect.MEGABYTES / 2


@pytest.fixture
def proxied(monkeypatch) -> Iterator[RawServer]:
    """Send requests to the Catalog through a proxy that requires a password."""
    with RawServer(reply(b"", status="407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//operator:hunter2@"))
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//operator:hunter2@"))
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        yield proxy


def test_password_of_a_proxy_is_not_shown(sync: Sync, proxied):
    sync.secrets.append("hunter2")
    outcome = sync(retry_deadline_seconds=0)
    outcome.assert_failure()
    assert proxied.requests


def test_secret_goes_to_the_provider_only(sync: Sync, catalog, raw_catalog):
    """A Catalog that answers 401 gets a new token, and never the secret."""
    server = raw_catalog(reply(b"", status="401 Unauthorized"))
    sync().assert_failure()
    assert server.requests
    assert not any(catalog.client_secret.encode() in request for request in server.requests)


def test_same_page_for_all_positions_changes_no_other_course(sync: Sync, raw_catalog):
    body = json.dumps({"count": RUNS, "results": [row(n) for n in ALL[:4]]}).encode()
    raw_catalog(reply(body))
    sync().assert_incomplete(*ALL[4:])


@pytest.mark.parametrize(
    "course_key",
    [
        "course-v1:PartnerX+ExampleX+2026",
        "course-v1:PartnerX:ExampleX+One+2026",
        "course-v1:ExampleX:PartnerX+One+2026",
        "course-v1:partnerx+One+2026",
        "course-v1:Partner\N{CYRILLIC CAPITAL LETTER HA}+One+2026",
        "course-v1::PartnerX+One+2026",
        "ExampleX/PartnerX/2026",
        "PartnerX/ExampleX/2026",
        "PartnerX%2FExampleX/One/2026",
        "ccx-v1:ExampleX+PartnerX+2026+ccx@1",
        "ccx-v1:PartnerX+One+2026+ccx@1",
        "slashes:ExampleX+PartnerX+2026",
        "course-v1:ExampleX+One+2026+branch@PartnerX",
        "library-v1:PartnerX+ExampleX",
    ],
)
def test_crafted_key_belongs_to_the_organization_that_the_lms_reads(course_key):
    """``ORGS`` limits a Catalog to the courses of some organizations."""
    partner = Catalog("partner", orgs=frozenset({"PartnerX"}))
    assert partner.covers(course_key) == (CourseKey.from_string(course_key).org == "PartnerX")
