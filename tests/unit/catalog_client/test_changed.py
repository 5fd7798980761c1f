"""The reply to "which courses changed lately"."""

from __future__ import annotations

import json

import pytest

from catalog_sync.catalog_client.changed import ChangedCourses, decode_changed
from catalog_sync.catalog_client.errors import MalformedReply


def body(*courses, count=None):
    return json.dumps({"count": len(courses) if count is None else count, "results": courses}).encode()


def course(*keys):
    return {"key": "ExampleX+One", "course_runs": [{"key": key} for key in keys]}


def test_runs_of_all_courses_are_told():
    changed = decode_changed(body(course("a", "b"), course(), course("b", "c")), 500)
    assert changed == ChangedCourses(3, frozenset({"a", "b", "c"}))


def test_more_courses_than_were_asked_for_are_counted():
    assert decode_changed(body(course("a"), count=700), 1).count == 700


def test_more_courses_than_were_asked_for_are_read():
    assert decode_changed(body(course("a"), course("b")), 1) == ChangedCourses(2, frozenset({"a", "b"}))


@pytest.mark.parametrize("key", ["", "x" * 256, "a\0b", 7], ids=repr)
def test_run_without_a_fit_key_is_passed_over(key):
    assert decode_changed(body(course("a", key), course("b")), 500) == ChangedCourses(
        2, frozenset({"a", "b"})
    )


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        body(count=-1),
        body(count=2**31),
        body({"key": "ExampleX+One"}),
        body(course("a"), count=2),
    ],
    ids=lambda reply: reply[:60].decode(errors="replace"),
)
def test_what_is_no_such_reply_is_malformed(reply):
    with pytest.raises(MalformedReply) as caught:
        decode_changed(reply, 500)
    assert len(str(caught.value)) <= 200
