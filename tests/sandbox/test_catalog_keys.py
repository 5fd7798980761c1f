"""The stand-in's look-up of course runs by key, and the longest request line."""

from urllib.parse import quote

import pytest

from sandbox.catalog.testing import COURSE_RUNS_PATH


def query_of(keys):
    return "keys=" + ",".join(quote(key, safe="") for key in keys)


def test_keys_select_these_course_runs(keys, caller):
    wanted = [keys[0], keys[100], keys[200]]

    assert caller.runs(query_of(wanted)).keys == wanted


@pytest.mark.parametrize(("size", "rows"), [("", 20), ("&limit=50", 30)])
def test_page_has_20_rows_unless_the_query_has_a_size(keys, caller, size, rows):
    answer = caller.runs(query_of(keys[:30]) + size)

    assert (answer.json["count"], answer.keys) == (30, keys[:rows])


def test_look_up_ignores_case_and_unknown_keys(keys, caller):
    wanted = ["course-v1:No+Such+Run", keys[7].swapcase()]

    assert caller.runs(query_of(wanted)).keys == [keys[7]]


@pytest.mark.parametrize(
    "query", ["keys=course-v1:A+B+C", query_of(["ccx-v1:A+B+C+ccx@1"])], ids=["bare plus", "unknown CCX"]
)
def test_bare_plus_and_unknown_ccx_key_find_nothing(control, caller, query):
    control.set_runs([{"key": "course-v1:A+B+C"}])

    assert caller.runs(query).json["count"] == 0


def test_empty_keys_select_everything(keys, caller):
    assert caller.runs("keys=").json["count"] == len(keys)


@pytest.mark.parametrize(("length", "status"), [(4094, 200), (4095, 400), (300_000, 400)])
def test_request_line_has_at_most_4094_bytes(caller, length, status):
    rest = len(f"GET {COURSE_RUNS_PATH}?keys= HTTP/1.1")
    answer = caller.runs("keys=" + "k" * (length - rest))

    assert answer.status == status
    assert (b"(4095 &gt; 4094)" in answer.body) == (length == 4095)


def test_a_hundred_keys_are_too_many(keys, caller):
    assert caller.runs(query_of(keys[:100])).status == 400
