"""If the Catalog answers 200 with a wrong page, no URL is lost, and the message names what is wrong."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.integration.faulty import ALL, OFFSETS, RUNS, UNLISTED, key, row
from tests.raw_server import RawServer, reply

pytest_plugins = ["tests.integration.fault_fixtures"]

MEGABYTE = 1024 * 1024
# Deeper than any decoder can follow.
DEEP = "[" * 100_000


def page(*records: object, count: int = RUNS) -> str:
    return json.dumps({"count": count, "next": None, "previous": None, "results": records})


def test_html_instead_of_json(sync, fault):
    fault("body", offset=OFFSETS[1], times=None, body="<html><title>Log in</title></html>")
    outcome = sync()
    outcome.assert_incomplete(*range(5, 8))
    assert (
        "because the Catalog returned HTML instead of JSON: check COURSE_CATALOG_API_URL and any"
        in outcome.message
    )


def test_html_instead_of_json_once(sync, fault):
    fault("body", offset=OFFSETS[1], body="<html><title>Back in a minute</title></html>")
    sync().assert_success()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        '{"count": 20}',
        '{"count": -1, "results": []}',
        f'{{"count": 20, "results": [{{"key": {DEEP}',
        '{"count": 20, "results": [{"key": "\xff',
    ],
    ids=lambda body: body[:30],
)
def test_json_of_the_wrong_shape(sync, fault, body):
    """``tests/unit/catalog_client/test_decoder_fuzz.py`` has more kinds of them."""
    fault("body", offset=OFFSETS[1], times=None, body=body, content_type="application/json")
    outcome = sync()
    outcome.assert_incomplete(*range(5, 8))
    assert "because the Catalog returned something other than a page of course runs (" in outcome.message


@pytest.mark.parametrize(
    "changes",
    [
        {"marketing_url": 6},
        {"marketing_url": "https://www.example.org/\ud800"},
        {"status": ["published"]},
    ],
    ids=str,
)
def test_wrong_types_in_one_record(sync, raw_catalog, changes):
    """In the list, and in the look-up by key."""

    def answer(connection, request):
        query = parse_qs(urlsplit(request.split()[1].decode()).query)
        rows = [row(n) | (changes if n == 6 else {}) for n in ALL]
        if "keys" in query:
            rows = [record for record in rows if record["key"] in query["keys"][0].split(",")]
        first = int(query["offset"][0])
        connection.sendall(reply(page(*rows[first:][: int(query["limit"][0])], count=len(rows)).encode()))

    raw_catalog(answer)
    outcome = sync()
    outcome.assert_success(6)
    assert outcome.report["course_runs_rejected"] == len(outcome.events("course_run_rejected")) == 1


@pytest.mark.parametrize(
    "record", [{"key": 6}, {"marketing_url": "https://www.example.org/6"}, None, []], ids=str
)
def test_record_without_key(sync, fault, record):
    """Its course run is on no page, so it is looked up by key."""
    records = [row(4), row(5), record, row(7), row(8)]
    fault("body", offset=OFFSETS[1], times=None, body=page(*records), content_type="application/json")
    outcome = sync()
    outcome.assert_success()
    assert outcome.report["course_runs_rejected"] == len(outcome.events("course_run_rejected")) == 1


def test_invalid_bytes_in_one_record(sync, raw_catalog):
    bad = (
        page(*(row(n) for n in ALL)).encode().replace(b"https://www.example.org/OrgX/C006", b"https://\xff/")
    )

    def answer(connection, request):
        connection.sendall(reply(page(count=0).encode() if b"keys=" in request else bad))

    raw_catalog(answer)
    outcome = sync("--page-size", "100")
    outcome.assert_success(6)
    [line] = outcome.events("course_run_rejected")
    assert key(6) in line


def test_short_page_once(sync, fault):
    fault("short", offset=OFFSETS[1], rows=2)
    sync().assert_success()


def test_short_pages_for_ever(sync, fault):
    fault("short", times=None, rows=2)
    outcome = sync()
    outcome.assert_incomplete(18, 19)
    assert "the Catalog counts 20 course runs but lists" in outcome.message


def test_page_with_a_single_row(sync, fault):
    fault("short", offset=OFFSETS[1], rows=4)
    sync().assert_success()


def test_page_without_rows(sync, fault):
    fault("short", offset=OFFSETS[1], rows=5)
    sync().assert_success()


@pytest.mark.parametrize("times", [1, None])
def test_over_long_pages(sync, fault, times):
    fault("long", times=times, rows=3)
    sync().assert_success()


@pytest.mark.parametrize("times", [1, None])
def test_duplicate_rows(sync, fault, times):
    fault("duplicate", times=times)
    outcome = sync()
    outcome.assert_success()
    assert outcome.report["course_runs_retrieved"] == RUNS


def test_count_too_high(sync, catalog):
    catalog.control.settings(count_delta=5)
    outcome = sync()
    outcome.assert_incomplete()
    assert "the Catalog counts 25 course runs but lists 20" in outcome.message


def test_count_too_low(sync, catalog):
    # Otherwise the stand-in would count its look-up below zero.
    CourseOverview.objects.filter(id=UNLISTED).delete()
    CatalogCourseRun.objects.filter(course_key=UNLISTED).delete()
    catalog.control.settings(count_delta=-7)
    outcome = sync()
    assert (outcome.status, outcome.applied, outcome.report["catalog_count"]) == ("succeeded", ALL, RUNS - 7)


def test_empty_catalog(sync, catalog):
    catalog.control.set_runs([])
    outcome = sync()
    assert (outcome.exit_status, outcome.status, outcome.removed) == (1, "refused", [])
    assert "Refused to remove 21 of 21 marketing URLs" in outcome.message


def test_empty_results_with_a_count(sync, fault):
    fault("body", times=None, body=page(), content_type="application/json")
    outcome = sync()
    outcome.assert_incomplete(*ALL)


def test_body_that_is_too_large(sync, fault):
    fault("huge", offset=OFFSETS[1], times=None, bytes=200 * MEGABYTE)
    tracemalloc.start()
    outcome = sync()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    outcome.assert_incomplete(*range(5, 8))
    assert "sent more than 1,048,576 bytes" in outcome.message
    assert peak < 30 * MEGABYTE


def test_compressed_body_that_is_too_large(sync, raw_catalog):
    raw_catalog(reply(gzip.compress(b" " * 100 * MEGABYTE), "Content-Encoding: gzip"))
    outcome = sync()
    outcome.assert_failure()
    assert "sent more than 1,048,576 bytes" in outcome.message


def test_next_that_points_elsewhere(sync, fault):
    with RawServer(b"") as elsewhere:
        fault("next", times=None, next=f"{elsewhere.url}/api/v1/course_runs/?limit=5&offset=5")
        sync().assert_success()
        assert elsewhere.requests == []


def test_cache_that_ignores_the_query(sync, raw_catalog):
    body = page(*(row(n) for n in range(4))).encode()
    raw_catalog(reply(body, "Content-Type: application/json"))
    outcome = sync()
    outcome.assert_incomplete(*range(4, RUNS))
    assert "the Catalog returns the same course runs for different positions" in outcome.message


@pytest.fixture
def reply_to_look_ups(catalog):
    """Return a function that sets the Catalog's reply to each look-up of the course run that it does not list."""

    def set_reply(*records: object) -> None:
        catalog.control.fault(
            "body",
            match={"params": {"keys": UNLISTED}},
            times=None,
            body=page(*records, count=1),
            content_type="application/json",
        )

    return set_reply


def test_look_up_that_fails(sync, catalog):
    catalog.control.fault("status", match={"params": {"keys": UNLISTED}}, times=None, status=503)
    outcome = sync()
    outcome.assert_incomplete()
    assert (
        "not all of 1 course runs could be looked up by key: the Catalog answered HTTP 503: "
        in outcome.message
    )


def test_partial_reply_to_a_look_up(sync, reply_to_look_ups):
    reply_to_look_ups()
    outcome = sync()
    outcome.assert_incomplete()
    assert "the Catalog returned 0 of 1 course runs" in outcome.message


def test_reply_to_a_look_up_with_other_course_runs(sync, reply_to_look_ups):
    reply_to_look_ups(row(0))
    outcome = sync()
    outcome.assert_incomplete()
    assert "the Catalog returned course runs that were not requested" in outcome.message


def test_reply_to_a_look_up_with_a_record_without_key(sync, reply_to_look_ups):
    reply_to_look_ups({"key": None})
    outcome = sync()
    outcome.assert_incomplete()
    assert "the Catalog returned a course run without a readable key" in outcome.message
    assert CatalogCourseRun.objects.filter(course_key=UNLISTED).exists()
