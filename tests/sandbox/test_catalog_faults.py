"""Every fault of the stand-in Catalog, and the rules that decide which request has it."""

import http.client
import socket
from urllib.parse import quote, urlsplit

import pytest

from sandbox.catalog.replies import SERVER_ERROR_PAGE
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH
from tests.integration.processes import wait_until
from tests.sandbox.catalog_caller import seconds_of


@pytest.fixture(autouse=True)
def keys(control, caller):
    """Fill the Catalog with five pages, and return all keys in the order of the list."""
    # The token comes first: a rule without a match applies to token requests, too.
    assert caller.token
    control.generate(100)
    return [row["key"] for row in control.runs()]


@pytest.fixture
def connect(catalog, caller):
    """Return a function that opens a connection, sends a request for the list and reads nothing."""

    def connect():
        address = urlsplit(catalog.url)
        connection = socket.create_connection((address.hostname, address.port), timeout=10)
        request = f"GET {COURSE_RUNS_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: JWT {caller.token}\r\n\r\n"
        connection.sendall(request.encode())
        return connection

    return connect


@pytest.mark.parametrize(
    ("kind", "options", "status", "header", "body"),
    [
        (
            "status",
            {"status": 503, "headers": {"Retry-After": "7"}, "body": "Later"},
            503,
            ("Retry-After", "7"),
            b"Later",
        ),
        ("status", {"status": 500}, 500, ("Server", "gunicorn"), SERVER_ERROR_PAGE.encode()),
        ("status", {"status": 599}, 599, ("Server", "gunicorn"), b"<html><body><h1>599</h1></body></html>\n"),
        (
            "body",
            {"body": '{"count": ', "content_type": "application/json", "status": 200},
            200,
            ("Content-Type", "application/json"),
            b'{"count": ',
        ),
        (
            "redirect",
            {"location": "http://elsewhere.example/"},
            302,
            ("Location", "http://elsewhere.example/"),
            b"",
        ),
    ],
)
def test_fault_replaces_the_reply(control, caller, kind, options, status, header, body):
    control.fault(kind, **options)

    answer = caller.runs()
    assert (answer.status, answer.header(header[0]), answer.body) == (status, header[1], body)


def test_reset_closes_the_connection_without_a_reply(control, connect):
    control.fault("reset")

    with connect() as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_hang_sends_nothing_until_the_faults_are_cleared_and_blocks_no_other_request(
    control, caller, connect, keys
):
    control.fault("hang", seconds=3600)

    with connect() as connection:
        # The rule acts once, so the first request must have arrived before the second one.
        wait_until(lambda: control.requests(COURSE_RUNS_PATH), "the first request")
        assert caller.runs("fields=key").keys == keys[:20]
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        control.clear_faults()
        assert connection.recv(1) == b""


def test_hang_ends_after_its_seconds(control, caller):
    control.fault("hang", seconds=0.1)

    with pytest.raises(http.client.RemoteDisconnected):
        caller.runs()


def test_drip_sends_the_headers_and_then_single_bytes(control, connect):
    control.fault("drip", seconds_per_byte=0.01)

    with connect() as connection, connection.makefile("rb") as reply:
        while (line := reply.readline()) != b"\r\n":
            assert line
        assert reply.read(20) == b" " * 20


def test_truncate_sends_less_than_the_content_length(control, caller):
    control.fault("truncate", bytes=100)

    with pytest.raises(http.client.IncompleteRead) as error:
        caller.runs()
    assert len(error.value.partial) == 100


def test_huge_sends_many_bytes_without_a_content_length(control, caller):
    control.fault("huge", bytes=3_000_000)

    answer = caller.runs()
    assert (len(answer.body), answer.header("Content-Length")) == (3_000_000, None)


def test_slow_sends_the_right_reply_late(control, caller, keys):
    control.fault("slow", seconds=0.3)

    answers = []
    assert seconds_of(lambda: answers.append(caller.runs("fields=key"))) >= 0.3
    assert answers[0].keys == keys[:20]


@pytest.mark.parametrize(
    ("kind", "options", "offset", "numbers"),
    [
        ("short", {"rows": 3}, 0, [*range(17)]),
        ("long", {"rows": 3}, 0, [*range(23)]),
        # After the last course run, the first ones of the page follow.
        ("long", {"rows": 3}, 80, [*range(80, 100), 80, 81, 82]),
        ("duplicate", {}, 0, [number for number in range(20) for _ in range(2)]),
    ],
)
def test_fault_changes_the_rows_and_not_the_cached_reply(
    control, caller, keys, kind, options, offset, numbers
):
    control.fault(kind, **options)
    query = f"limit=20&offset={offset}&fields=key"

    answer = caller.runs(query)
    assert (answer.json["count"], answer.keys) == (100, [keys[number] for number in numbers])
    assert caller.runs(query).keys == keys[offset : offset + 20]


def test_next_replaces_the_link(control, caller):
    control.fault("next", next="http://elsewhere.example/")

    assert caller.runs().json["next"] == "http://elsewhere.example/"


@pytest.mark.parametrize(("before", "first"), [(True, 1), (False, 0)])
def test_mutate_changes_the_data_before_or_after_the_reply(control, caller, keys, before, first):
    control.fault("mutate", before=before, delete=[keys[0]])

    assert (caller.runs("limit=1").keys, caller.runs("limit=1").keys) == ([keys[first]], [keys[1]])


def test_mutate_can_add_and_change_course_runs(control, caller, keys):
    control.fault("mutate", upsert=[{"key": keys[0], "status": "reviewed"}, {"key": "a/new/run"}])

    rows = caller.runs("limit=200&fields=key,status").json["results"]
    statuses = {row["key"]: row["status"] for row in rows}
    assert (len(statuses), statuses[keys[0]], statuses["a/new/run"]) == (101, "reviewed", "published")


@pytest.mark.parametrize(
    ("times", "statuses"), [(1, [503, 200, 200]), (2, [503, 503, 200]), (None, [503, 503, 503])]
)
def test_rule_acts_so_many_times(control, caller, times, statuses):
    control.fault("status", status=503, times=times)

    assert caller.statuses("", "", "") == statuses


def test_rule_matches_by_path(control, caller):
    control.fault("status", status=503, match={"path": ACCESS_TOKEN_PATH})

    assert (caller.access_token().status, caller.runs().status) == (503, 200)


def test_rule_matches_if_all_params_are_equal(control, caller):
    control.fault("status", status=503, match={"params": {"offset": "20", "limit": "5"}})

    assert caller.statuses("offset=20&limit=6", "limit=5", "limit=5&offset=20") == [200, 200, 503]


def test_rule_with_nth_counts_only_matching_requests(control, caller):
    control.fault("status", status=503, match={"params": {"limit": "5"}, "nth": 2})

    assert caller.statuses("limit=5", "limit=6", "limit=5", "limit=5") == [200, 200, 503, 200]


def test_rule_with_a_key_matches_the_pages_and_look_ups_of_that_course_run(control, caller, keys):
    control.fault("status", status=500, times=None, match={"covers_key": keys[30]})

    pages = ["page=1&page_size=20", "page=2&page_size=20", "page=3&page_size=20", "limit=10&offset=25"]
    assert caller.statuses(*pages) == [200, 500, 200, 500]
    assert caller.statuses(f"keys={quote(keys[30])}", f"keys={quote(keys[31])}") == [500, 200]
    assert caller.access_token().status == 200


def test_rules_act_in_order(control, caller):
    control.fault("status", status=502)
    control.fault("status", status=503)

    assert caller.statuses("", "", "") == [502, 503, 200]


def test_cleared_rule_does_not_act(control, caller):
    control.fault("status", status=503, times=None)
    control.clear_faults()

    assert caller.statuses("") == [200]


def test_count_can_be_wrong(control, caller):
    control.settings(count_delta=-7)

    assert caller.runs().json["count"] == 93


@pytest.mark.parametrize(
    "rule",
    [
        {"action_kind": "explode"},
        {"action_kind": "status"},
        {"action_kind": "short", "rows": "many"},
        {"action_kind": "reset", "match": {"pth": "/"}},
    ],
)
def test_invalid_rule_is_refused(control, rule):
    with pytest.raises(ValueError, match="400"):
        control.fault(**rule)
