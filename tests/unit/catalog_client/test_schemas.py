"""The limits between a valid and a rejected record, and between a page and another reply."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from catalog_sync.catalog_client.errors import MalformedReply
from catalog_sync.catalog_client.schemas import (
    ChangedCourses,
    CourseRun,
    Page,
    decode_changed,
    decode_page,
    why_not_conclusive,
)

KEY = "course-v1:OrgX+C+2026"
FULL_OBJECTS = Path(__file__).parents[2] / "data/catalog_samples/list_full_objects_3_of_100.json"
MOST_ROWS = 2_147_483_647


def decoded(*records: Any, count: int = 1, **limits: int) -> Page:
    return decode_page(json.dumps({"count": count, "results": records}).encode(), **limits)


@pytest.mark.parametrize(
    ("field", "shortest", "longest"), [("key", 1, 255), ("status", 0, 32), ("content_language", 0, 255)]
)
def test_record_is_rejected_if_a_value_does_not_fit_its_column(field, shortest, longest):
    for length in (shortest, longest):
        record = {"key": KEY, field: "x" * length}
        assert decoded(record).course_runs == (CourseRun(**record),)
    for length in {longest + 1, shortest - 1} - {-1}:
        page = decoded({"key": KEY, field: "x" * length})
        assert (page.course_runs, len(page.rejected)) == ((), 1)


def test_count_has_limits():
    assert [decoded(count=count).count for count in (0, MOST_ROWS)] == [0, MOST_ROWS]
    for count in (-1, MOST_ROWS + 1):
        with pytest.raises(MalformedReply):
            decoded(count=count)


@pytest.mark.parametrize("last", [{"key": "A/B/C"}, "not a record"], ids=["valid", "with an invalid record"])
def test_page_has_at_most_as_many_records_as_requested(last):
    for max_rows in (2, 3):
        assert decoded({"key": KEY}, last, max_rows=max_rows).rows == 2
    with pytest.raises(MalformedReply, match="3 records in one page"):
        decoded({"key": KEY}, {"key": "D/E/F"}, last, max_rows=2)


@pytest.mark.parametrize("fault", ["5", '"\\ud800"', "NaN"], ids=["type", "surrogate", "not JSON"])
@pytest.mark.parametrize("value", ["[]", "{}", "0"])
def test_countless_values_take_less_memory_than_their_bytes(value, fault):
    record = f'{{"key": {fault}, "x": [{",".join([value] * 500_000)}]}}'
    body = f'{{"count": 1, "results": [{record}]}}'.encode()
    tracemalloc.start()
    try:
        with pytest.raises(MalformedReply, match="more values than 1000 course runs have"):
            decode_page(body, max_rows=1_000)
        assert tracemalloc.get_traced_memory()[1] < len(body)
    finally:
        tracemalloc.stop()


def test_only_the_invalid_record_is_rejected_among_full_ones():
    """A Catalog may send all fields, whatever was requested."""
    full = json.loads(FULL_OBJECTS.read_text())["body"]["results"]
    page = decoded(*full, full[0] | {"key": 5}, max_rows=len(full) + 1)
    assert (len(page.course_runs), len(page.rejected)) == (len(full), 1)


@pytest.mark.parametrize(("key", "reported"), [("x" * 1_000, "x" * 256), (5, "")], ids=["long", "not text"])
def test_rejected_record_does_not_have_the_key_of_another_course_run(key, reported):
    """A key that is cut to 255 characters could be that of a listed course run."""
    [record] = decoded({"key": key}).rejected
    assert record.key == reported


def test_reason_names_an_unprintable_character():
    [rejected] = decoded({"key": "a\0b"}).rejected
    assert rejected.reason == "unprintable character - at `$.key`"


def test_more_records_than_the_count_are_conclusive():
    """A course run may be added while the Catalog counts."""
    assert why_not_conclusive(decoded({"key": KEY}, count=0), [KEY]) is None


@pytest.mark.parametrize(
    ("body", "is_html"),
    [(b"<html>", True), (b" \n<!DOCTYPE html>", True), (b"~", False), (b"Service unavailable", False)],
)
def test_html_is_named(body, is_html):
    with pytest.raises(MalformedReply) as caught:
        decode_page(body)
    assert ("HTML instead of JSON" in str(caught.value)) is is_html


@pytest.mark.parametrize(
    ("records", "first_key"),
    [
        ([{"key": KEY}, {"key": "x"}], KEY),
        ([{"key": KEY}, {"key": 7}], KEY),
        ([{"key": KEY, "status": 7}, {"key": "x"}], KEY),
        ([{"key": 7}], ""),
        ([], ""),
    ],
    ids=["valid", "other is invalid", "invalid", "without key", "no record"],
)
def test_first_key_is_that_of_the_first_record(records, first_key):
    assert decoded(*records).first_key == first_key


def courses(*all_keys: list[Any], count: int | None = None) -> bytes:
    results = [{"key": "ExampleX+One", "course_runs": [{"key": key} for key in keys]} for keys in all_keys]
    return json.dumps({"count": len(results) if count is None else count, "results": results}).encode()


@pytest.mark.parametrize(
    ("body", "most", "changed"),
    [
        (courses(["a", "b"], [], ["b", "c"]), 500, ChangedCourses(3, frozenset("abc"))),
        (courses(["a"], count=700), 1, ChangedCourses(700, frozenset("a"))),
        (courses(["a"], ["b"]), 1, ChangedCourses(2, frozenset("ab"))),
        (courses(["a", "", "x" * 256, "a\0b", 7], ["b"]), 500, ChangedCourses(2, frozenset("ab"))),
    ],
    ids=["all", "more exist than requested", "more than requested", "invalid keys are ignored"],
)
def test_count_and_keys_of_changed_courses_are_read(body, most, changed):
    assert decode_changed(body, most) == changed


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        courses(count=-1),
        courses(count=2**31),
        b'{"count": 1, "results": [{"key": "ExampleX+One"}]}',
        courses(["a"], count=2),
    ],
    ids=lambda body: body[:60].decode(errors="replace"),
)
def test_other_reply_is_not_changed_courses(body):
    with pytest.raises(MalformedReply) as caught:
        decode_changed(body, 500)
    assert len(str(caught.value)) <= 200
