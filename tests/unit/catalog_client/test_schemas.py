"""The limits between a course run and a rejected record, and between a page and a reply that is none."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from catalog_sync.catalog_client.errors import MalformedReply
from catalog_sync.catalog_client.schemas import CourseRun, Page, decode_page, why_no_answer

KEY = "course-v1:OrgX+C+2026"
FULL_OBJECTS = Path(__file__).parents[2] / "data/catalog_samples/list_full_objects_3_of_100.json"
MOST_ROWS = 2_147_483_647


def decoded(*records: Any, count: int = 1, **limits: int) -> Page:
    return decode_page(json.dumps({"count": count, "results": records}).encode(), **limits)


@pytest.mark.parametrize(
    "longest",
    [
        {"key": "x"},
        {"key": "x" * 255},
        {"key": KEY, "status": "x" * 32},
        {"key": KEY, "content_language": "x" * 255},
    ],
    ids=lambda record: f"{len(record)} {len([*record.values()][-1])}",
)
def test_what_fits_its_column_is_taken(longest):
    assert decoded(longest).course_runs == (CourseRun(**longest),)


@pytest.mark.parametrize(
    "record",
    [
        {"key": ""},
        {"key": "x" * 256},
        {"key": KEY, "status": "x" * 33},
        {"key": KEY, "content_language": "x" * 256},
    ],
    ids=lambda record: f"{len(record)} {len([*record.values()][-1])}",
)
def test_what_does_not_fit_its_column_is_rejected(record):
    page = decoded(record)
    assert (page.course_runs, len(page.rejected)) == ((), 1)


@pytest.mark.parametrize("count", [0, MOST_ROWS])
def test_number_of_course_runs_is_taken(count):
    assert decoded(count=count).count == count


@pytest.mark.parametrize("count", [-1, MOST_ROWS + 1])
def test_what_is_no_number_of_course_runs_is_refused(count):
    with pytest.raises(MalformedReply):
        decoded(count=count)


@pytest.mark.parametrize("last", [{"key": "A/B/C"}, "no record"], ids=["sound", "with a malformed record"])
class TestMostRows:
    """A page may hold as many records as were asked for, and not one more."""

    def test_as_many_are_a_page(self, last):
        assert decoded({"key": KEY}, last, most_rows=2).rows == 2

    def test_fewer_are_a_page(self, last):
        assert decoded({"key": KEY}, last, most_rows=3).rows == 2

    def test_one_more_is_none(self, last):
        with pytest.raises(MalformedReply, match="it holds 3 records"):
            decoded({"key": KEY}, {"key": "D/E/F"}, last, most_rows=2)


@pytest.mark.parametrize("fault", ["5", '"\\ud800"', "NaN"], ids=["type", "no text", "no JSON"])
@pytest.mark.parametrize("value", ["[]", "{}", "0"])
def test_countless_values_take_less_memory_than_their_bytes(value, fault):
    record = f'{{"key": {fault}, "x": [{",".join([value] * 500_000)}]}}'
    body = f'{{"count": 1, "results": [{record}]}}'.encode()
    tracemalloc.start()
    try:
        with pytest.raises(MalformedReply, match="it holds more values than 1000 course runs"):
            decode_page(body, most_rows=1_000)
        assert tracemalloc.get_traced_memory()[1] < len(body)
    finally:
        tracemalloc.stop()


def test_malformed_record_is_rejected_alone_among_full_ones():
    """A service may send all fields, whatever it was asked for."""
    full = json.loads(FULL_OBJECTS.read_text())["body"]["results"]
    page = decoded(*full, full[0] | {"key": 5}, most_rows=len(full) + 1)
    assert (len(page.course_runs), len(page.rejected)) == (len(full), 1)


def test_key_that_is_too_long_is_told_as_no_other_runs_key():
    """Cut to what fits, it could be that of a run which the Catalog lists."""
    [record] = decoded({"key": "x" * 1_000}).rejected
    assert record.key == "x" * 256


def test_key_that_is_no_text_is_not_told():
    [record] = decoded({"key": 5}).rejected
    assert record.key == ""


def test_more_records_than_are_counted_answer_a_look_up():
    """A run may be listed while the service counts."""
    assert why_no_answer(decoded({"key": KEY}, count=0), [KEY]) is None


@pytest.mark.parametrize("body", [b"<html>", b" \n<!DOCTYPE html>"])
def test_page_for_people_is_told_as_such(body):
    with pytest.raises(MalformedReply, match="it is HTML, not JSON"):
        decode_page(body)


def test_unprintable_character_is_told_as_such():
    [rejected] = decode_page(json.dumps({"count": 1, "results": [{"key": "a\0b"}]}).encode()).rejected
    assert rejected.reason == "unprintable character - at `$.key`"


@pytest.mark.parametrize("body", [b"~", b"(nothing)", b"Service unavailable"])
def test_what_is_neither_json_nor_html_is_not_called_html(body):
    with pytest.raises(MalformedReply) as caught:
        decode_page(body)
    assert "HTML" not in str(caught.value)


@pytest.mark.parametrize(
    "records", [[KEY, "x"], [KEY, 7], [KEY]], ids=["sound", "with a malformed one", "alone"]
)
def test_first_key_is_that_of_the_first_record(records):
    page = decoded(*({"key": key} for key in records), count=len(records))
    assert page.first_key == KEY


def test_first_key_may_be_that_of_a_malformed_record():
    assert decoded({"key": KEY, "status": 7}, {"key": "x"}).first_key == KEY


@pytest.mark.parametrize("records", [[], [{"key": 7}]])
def test_without_a_first_record_that_has_one_there_is_no_first_key(records):
    assert decoded(*records).first_key == ""
