"""Looking up course runs by their keys, and how many of them fit into a request line."""

from urllib.parse import quote

from sandbox.catalog.testing import COURSE_RUNS_PATH, CatalogProcess
from tests.sandbox.catalog_caller import Caller

pytest_plugins = ["tests.sandbox.catalog_fixtures"]


def test_keys_are_just_these(keys: list[str], caller: Caller) -> None:
    wanted = [keys[0], keys[100], keys[200]]

    assert caller.runs("keys=" + ",".join(map(quote, wanted))).keys == wanted


def test_keys_are_still_20_a_page(keys: list[str], caller: Caller) -> None:
    answer = caller.runs("fields=key&keys=" + ",".join(map(quote, keys[:30])))

    assert (answer.json["count"], answer.keys) == (30, keys[:20])


def test_keys_are_as_many_as_a_size_says(keys: list[str], caller: Caller) -> None:
    assert caller.runs("limit=50&keys=" + ",".join(map(quote, keys[:30]))).keys == keys[:30]


def test_keys_match_in_any_case(keys: list[str], caller: Caller) -> None:
    assert caller.runs(f"keys={quote(keys[7].swapcase())}").keys == [keys[7]]


def test_unknown_keys_are_left_out(keys: list[str], caller: Caller) -> None:
    assert caller.runs(f"keys={quote('course-v1:No+Such+Run')},{quote(keys[3])}").keys == [keys[3]]


def test_a_bare_plus_in_keys_is_a_space(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C"}])

    assert caller.runs("keys=course-v1:A+B+C").json["count"] == 0


def test_empty_keys_are_everything(keys: list[str], caller: Caller) -> None:
    assert caller.runs("keys=").json["count"] == len(keys)


def test_an_unknown_ccx_key_does_not_fall_back_to_its_course(
    stand_in: CatalogProcess, caller: Caller
) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C"}])

    assert caller.runs(f"keys={quote('ccx-v1:A+B+C+ccx@1')}").json["count"] == 0


def request_of_line_length(length: int) -> str:
    around = len(f"GET {COURSE_RUNS_PATH}?keys= HTTP/1.1")
    return "keys=" + "k" * (length - around)


def test_a_request_line_of_4094_bytes_is_read(caller: Caller) -> None:
    assert caller.runs(request_of_line_length(4094)).status == 200


def test_a_request_line_of_more_is_refused_with_its_length(caller: Caller) -> None:
    answer = caller.runs(request_of_line_length(4095))

    assert (answer.status, b"(4095 &gt; 4094)" in answer.body) == (400, True)


def test_a_request_line_past_all_bounds_is_refused_too(caller: Caller) -> None:
    assert caller.runs(request_of_line_length(300_000)).status == 400


def test_a_hundred_keys_are_too_many(keys: list[str], caller: Caller) -> None:
    assert caller.runs("keys=" + ",".join(quote(key, safe="") for key in keys[:100])).status == 400
