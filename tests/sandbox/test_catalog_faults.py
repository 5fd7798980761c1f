"""Every fault that the stand-in Catalog can be told to have, and the rules that say when."""

import http.client
import socket
import time
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH, CatalogProcess
from tests.sandbox.catalog_caller import Caller, seconds_of

pytest_plugins = ["tests.sandbox.catalog_fixtures"]


@pytest.fixture(autouse=True)
def keys(stand_in: CatalogProcess, caller: Caller) -> list[str]:
    """All keys of a Catalog of five pages, in listing order."""
    # A token in advance: a rule without a match is for any request, the one for a token too.
    assert caller.token
    stand_in.control.generate(100)
    return [row["key"] for row in stand_in.control.runs()]


def raw_request(stand_in: CatalogProcess, caller: Caller) -> socket.socket:
    """A connection on which a list was asked for, and nothing read yet."""
    address = urlsplit(stand_in.url)
    connection = socket.create_connection((address.hostname, address.port), timeout=10)
    request = f"GET {COURSE_RUNS_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: JWT {caller.token}\r\n\r\n"
    connection.sendall(request.encode())
    return connection


def test_status(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=503, headers={"Retry-After": "7"}, body="Later")

    answer = caller.runs()
    assert (answer.status, answer.header("Retry-After"), answer.body) == (503, "7", b"Later")


def test_status_500_is_the_error_page_of_the_service(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=500)

    assert b"Server Error (500)" in caller.runs().body


def test_status_may_be_one_that_nobody_knows(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=599)

    assert caller.runs().status == 599


def test_body(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("body", body='{"count": ', content_type="application/json", status=200)

    answer = caller.runs()
    assert (answer.status, answer.header("Content-Type"), answer.body) == (
        200,
        "application/json",
        b'{"count": ',
    )


def test_redirect(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("redirect", location="http://elsewhere.example/")

    answer = caller.runs()
    assert (answer.status, answer.header("Location")) == (302, "http://elsewhere.example/")


def test_reset(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("reset")

    with raw_request(stand_in, caller) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_hang_answers_nothing_until_faults_are_cleared(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("hang", seconds=3600)

    with raw_request(stand_in, caller) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        stand_in.control.clear_faults()
        assert connection.recv(1) == b""


def test_hang_ends_after_its_seconds(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("hang", seconds=0.1)

    with pytest.raises(http.client.RemoteDisconnected):
        caller.runs()


def test_drip_is_good_headers_and_then_a_byte_now_and_then(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("drip", seconds_per_byte=0.01)

    with raw_request(stand_in, caller) as connection, connection.makefile("rb") as reply:
        while (line := reply.readline()) != b"\r\n":
            assert line
        assert reply.read(20) == b" " * 20


def test_truncate(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("truncate", bytes=100)

    with pytest.raises(http.client.IncompleteRead) as error:
        caller.runs()
    assert len(error.value.partial) == 100


def test_huge(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("huge", bytes=3_000_000)

    answer = caller.runs()
    assert (len(answer.body), answer.header("Content-Length")) == (3_000_000, None)


def test_slow_is_the_right_answer_late(stand_in: CatalogProcess, caller: Caller, keys: list[str]) -> None:
    stand_in.control.fault("slow", seconds=0.3)

    answers: list[Any] = []
    assert seconds_of(lambda: answers.append(caller.runs("fields=key"))) >= 0.3
    assert answers[0].keys == keys[:20]


def test_short(stand_in: CatalogProcess, caller: Caller, keys: list[str]) -> None:
    stand_in.control.fault("short", rows=3)

    answer = caller.runs("limit=20")
    assert (answer.keys, answer.json["count"]) == (keys[:17], 100)


def test_long(stand_in: CatalogProcess, caller: Caller, keys: list[str]) -> None:
    stand_in.control.fault("long", rows=3)

    assert caller.runs("limit=20").keys == keys[:23]


def test_long_starts_over_after_the_last_run(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("long", rows=3)

    assert len(caller.runs("limit=20&offset=80").keys) == 23


def test_duplicate(stand_in: CatalogProcess, caller: Caller, keys: list[str]) -> None:
    stand_in.control.fault("duplicate")

    assert caller.runs("limit=2").keys == [keys[0], keys[0], keys[1], keys[1]]


def test_next(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("next", next="http://elsewhere.example/")

    assert caller.runs().json["next"] == "http://elsewhere.example/"


def test_mutate_before_is_seen_by_the_request_itself(
    stand_in: CatalogProcess, caller: Caller, keys: list[str]
) -> None:
    stand_in.control.fault("mutate", delete=[keys[0]])

    assert caller.runs("limit=20").keys == keys[1:21]


def test_mutate_after_is_seen_by_the_next_request(
    stand_in: CatalogProcess, caller: Caller, keys: list[str]
) -> None:
    stand_in.control.fault("mutate", before=False, delete=[keys[0]])

    assert (caller.runs("limit=1").keys, caller.runs("limit=1").keys) == ([keys[0]], [keys[1]])


def test_mutate_can_add_and_change_runs(stand_in: CatalogProcess, caller: Caller, keys: list[str]) -> None:
    rows = [{"key": keys[0], "status": "reviewed"}, {"key": "a/new/run"}]
    stand_in.control.fault("mutate", upsert=rows)

    results = {
        row["key"]: row["status"] for row in caller.runs("limit=200&fields=key,status").json["results"]
    }
    assert (len(results), results[keys[0]], results["a/new/run"]) == (101, "reviewed", "published")


def test_faults_of_rows_leave_no_trace_in_the_cache(
    stand_in: CatalogProcess, caller: Caller, keys: list[str]
) -> None:
    stand_in.control.fault("short", rows=20)
    caller.runs("fields=key")

    assert caller.runs("fields=key").keys == keys[:20]


@pytest.mark.parametrize(
    ("times", "wanted"), [(1, [503, 200, 200]), (2, [503, 503, 200]), (None, [503, 503, 503])]
)
def test_times(stand_in: CatalogProcess, caller: Caller, times: int | None, wanted: list[int]) -> None:
    stand_in.control.fault("status", status=503, times=times)

    assert caller.statuses("", "", "") == wanted


def test_match_by_path(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=503, match={"path": ACCESS_TOKEN_PATH})

    assert (caller.access_token().status, caller.runs().status) == (503, 200)


def test_match_by_params_needs_all_of_them(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=503, match={"params": {"offset": "20", "limit": "5"}})

    assert caller.statuses("offset=20&limit=6", "limit=5", "limit=5&offset=20") == [200, 200, 503]


def test_match_by_nth_counts_only_what_matches(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=503, match={"params": {"limit": "5"}, "nth": 2})

    assert caller.statuses("limit=5", "limit=6", "limit=5", "limit=5") == [200, 200, 503, 200]


def poison(stand_in: CatalogProcess, key: str) -> None:
    stand_in.control.fault("status", status=500, times=None, match={"covers_key": key})


def test_a_poison_run_breaks_the_page_that_holds_it(
    stand_in: CatalogProcess, caller: Caller, keys: list[str]
) -> None:
    poison(stand_in, keys[30])

    pages = ["page=1&page_size=20", "page=2&page_size=20", "page=3&page_size=20", "limit=10&offset=25"]
    assert caller.statuses(*pages) == [200, 500, 200, 500]


def test_a_poison_run_breaks_a_look_up_by_its_key(
    stand_in: CatalogProcess, caller: Caller, keys: list[str]
) -> None:
    poison(stand_in, keys[30])

    assert caller.statuses(f"keys={quote(keys[30])}", f"keys={quote(keys[31])}") == [500, 200]


def test_a_poison_run_leaves_tokens_alone(stand_in: CatalogProcess, caller: Caller, keys: list[str]) -> None:
    poison(stand_in, keys[0])

    assert caller.access_token().status == 200


def test_the_first_of_two_rules_acts_first(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=502)
    stand_in.control.fault("status", status=503)

    assert caller.statuses("", "", "") == [502, 503, 200]


def test_cleared_faults_act_no_more(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.fault("status", status=503, times=None)
    stand_in.control.clear_faults()

    assert caller.statuses("") == [200]


def test_a_lying_count(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(count_delta=-7)

    assert caller.runs().json["count"] == 93


def test_a_hanging_request_leaves_others_alone(
    stand_in: CatalogProcess, caller: Caller, keys: list[str]
) -> None:
    stand_in.control.fault("hang", seconds=3600)

    with raw_request(stand_in, caller):
        # The hanging one is the one that came first.
        deadline = time.monotonic() + 30
        while not stand_in.control.requests(COURSE_RUNS_PATH) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert caller.runs("fields=key").keys == keys[:20]


@pytest.mark.parametrize(
    "rule",
    [
        {"action_kind": "explode"},
        {"action_kind": "status"},
        {"action_kind": "short", "rows": "many"},
        {"action_kind": "reset", "match": {"pth": "/"}},
    ],
)
def test_a_rule_with_a_slip_is_refused(stand_in: CatalogProcess, rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="400"):
        stand_in.control.fault(**rule)
