"""Retries: with backoff and jitter, within one budget, each logged with its reason and counted."""

from __future__ import annotations

import itertools
import logging
import threading
import time

import pytest
import requests
import stamina
from stamina.instrumentation import set_on_retry_hooks

from catalog_sync.catalog_client import Requester, retries
from catalog_sync.catalog_client.failures import unreachable
from catalog_sync.catalog_client.retries import RetryBudget
from catalog_sync.catalog_client.threads import run_in_thread
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH
from tests.raw_server import RawServer, reply

PAGE = reply(b'{"count": 0, "results": []}')
# Of seconds that are added up and taken off again.
ROUNDING = 1e-6


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retries, "LONGEST_WAIT_SECONDS", 0.02)


@pytest.fixture
def make(catalog):
    made = []

    def of(deadline: float = 30, timeout: float = 10) -> Requester:
        made.append(Requester(EventLog(7), timeout_seconds=timeout, retry_deadline_seconds=deadline))
        return made[-1]

    yield of
    for one in made:
        one.close()


@pytest.fixture
def get(catalog):
    url = f"{catalog.api_url}/course_runs/?limit=5&offset=0"
    return lambda asker, **how: asker.get(url, bytes, **{"rows": 5} | how)


def fail(catalog, times=None, status=503, **parameters):
    catalog.control.fault(
        "status", match={"path": COURSE_RUNS_PATH}, times=times, status=status, **parameters
    )


def asked_at(catalog):
    return [request.at for request in catalog.control.requests(COURSE_RUNS_PATH)]


def waits(catalog):
    return [later - earlier for earlier, later in itertools.pairwise(asked_at(catalog))]


@pytest.fixture
def planned():
    """What is waited before each further attempt, as planned: a busy machine waits longer."""
    seconds = []
    set_on_retry_hooks([lambda details: seconds.append(details.wait_for)])
    yield seconds
    set_on_retry_hooks(None)


def test_waits_grow(catalog, make, get, planned, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.05)
    fail(catalog, times=4)
    get(make())
    least = [0.05 * 2**n for n in range(4)]
    assert [
        low - ROUNDING <= wait <= low + 0.05 + ROUNDING for low, wait in zip(least, planned, strict=True)
    ] == [True] * 4


def test_waits_are_waited(catalog, make, get, planned, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.1)
    fail(catalog, times=1)
    get(make())
    assert waits(catalog)[0] >= planned[0] >= 0.1 - ROUNDING


def test_waits_have_jitter(catalog, make, get, planned, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    for _ in range(4):
        fail(catalog, times=1)
        get(make())
    assert len(set(planned)) == 4


def test_waits_are_bounded(catalog, make, get, planned, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(retries, "LONGEST_WAIT_SECONDS", 0.1)
    fail(catalog, times=5)
    get(make())
    assert max(planned) == pytest.approx(0.1)


def test_six_attempts_are_enough(catalog, make, get, quick):
    fail(catalog)
    with pytest.raises(RequestFailed):
        get(make())
    assert len(asked_at(catalog)) == retries.ATTEMPTS == 6


@pytest.mark.parametrize(("status", "attempts"), [(503, retries.OUTAGE_ATTEMPTS), (500, retries.ATTEMPTS)])
def test_catalog_that_goes_away_once_it_has_answered_is_waited_for(
    catalog, make, get, quick, status, attempts
):
    asker = make()
    get(asker)
    fail(catalog, status=status)
    with pytest.raises(RequestFailed):
        get(asker)
    assert len(asked_at(catalog)) == 1 + attempts


def test_catalog_that_refuses_connections_counts_as_away():
    assert unreachable("https://c.example.org/", ConnectionRefusedError()).outage


def test_attempts_can_be_fewer(catalog, make, get, quick):
    fail(catalog)
    with pytest.raises(RequestFailed):
        get(make(), attempts=2)
    assert len(asked_at(catalog)) == 2


def test_numbers(catalog, make, get, quick):
    fail(catalog, times=3)
    asker = make()
    get(asker)
    assert (asker.requests, asker.retries) == (4, 3)


def test_numbers_when_there_is_no_token(catalog, make, get, quick):
    """Nothing was asked of the Catalog, so nothing was asked again."""
    catalog.control.fault("status", match={"path": ACCESS_TOKEN_PATH}, times=None, status=503)
    asker = make()
    with pytest.raises(RequestFailed):
        get(asker)
    assert (asker.requests, asker.retries) == (0, 0)


def test_each_retry_is_logged_with_its_reason(catalog, make, get, quick, caplog):
    fail(catalog, times=2)
    get(make())
    lines = [line for line in caplog.messages if "event=catalog_sync.request_retried" in line]
    url = f"{catalog.api_url}/course_runs/?limit=5&offset=0"
    assert (
        lines == [f'event=catalog_sync.request_retried run_id=7 url="{url}" reason="answered HTTP 503"'] * 2
    )


def test_library_that_retries_adds_no_line_of_its_own(catalog, make, get, quick, caplog):
    fail(catalog, times=1)
    get(make())
    assert {record.name for record in caplog.records if record.levelno >= logging.WARNING} == {"catalog_sync"}


def test_retries_of_others_are_still_logged(caplog):
    for attempt in stamina.retry_context(on=OSError, wait_initial=0.01):
        with attempt:
            if attempt.num == 1:
                raise OSError
    assert "stamina.retry_scheduled" in caplog.messages


def test_headers_that_others_cannot_parse_are_still_logged(caplog):
    with RawServer(reply(b"", "no header", "X: y")) as server:
        requests.get(server.url, timeout=10)
    assert "Failed to parse headers" in caplog.text


def test_giving_up_is_logged_once(catalog, make, get, quick, caplog):
    fail(catalog)
    with pytest.raises(RequestFailed):
        get(make())
    [line] = [line for line in caplog.messages if "event=catalog_sync.request_failed" in line]
    assert "limit=5&offset=0" in line


def test_giving_up_for_want_of_a_token_names_the_provider(catalog, make, get, quick, caplog):
    catalog.control.fault("status", match={"path": ACCESS_TOKEN_PATH}, times=None, status=404)
    with pytest.raises(RequestFailed):
        get(make())
    [line] = [line for line in caplog.messages if "event=catalog_sync.request_failed" in line]
    assert "/oauth2/access_token " in line


def test_success_logs_nothing(catalog, make, get, caplog):
    caplog.set_level(logging.DEBUG, logger="catalog_sync")
    get(make())
    assert [line for line in caplog.messages if "catalog_sync" in line] == []


def test_budget_is_spent_by_failures_only(catalog, make, get):
    catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, seconds=0.3)
    asker = make(deadline=30)
    get(asker)
    assert asker.budget.seconds == 30


def test_budget_is_one_for_all_requests(catalog, make, get, planned):
    fail(catalog)
    asker = make(deadline=1)
    for _ in range(10):
        with pytest.raises(RequestFailed):
            get(asker)
    # An attempt may begin within the budget and be the last.
    assert sum(planned[:-1]) <= 1
    assert len(asked_at(catalog)) < 10 + retries.ATTEMPTS


def test_budget_of_nothing_means_one_attempt(catalog, make, get):
    fail(catalog)
    with pytest.raises(RequestFailed):
        get(make(deadline=0))
    assert len(asked_at(catalog)) == 1


def test_retry_after_within_the_budget_is_waited_for(catalog, make, get):
    fail(catalog, times=1, status=429, headers={"Retry-After": "1"})
    get(make())
    assert waits(catalog)[0] >= 1


def test_retry_after_past_the_budget_fails_at_once(catalog, make, get):
    fail(catalog, status=429, headers={"Retry-After": "31"})
    with pytest.raises(RequestFailed, match="throttles this user for another 31 s"):
        get(make(deadline=30))
    assert len(asked_at(catalog)) == 1


def test_retry_after_of_nothing_is_still_a_wait(catalog, make, get, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.1)
    fail(catalog, times=1, status=429, headers={"Retry-After": "0"})
    get(make())
    assert waits(catalog)[0] >= 0.1


def test_outage_that_says_how_long_is_not_tried_more_often(catalog, make, get, quick):
    fail(catalog, status=503, headers={"Retry-After": "0"})
    with pytest.raises(RequestFailed):
        get(make())
    assert len(asked_at(catalog)) == retries.ATTEMPTS


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_what_will_not_change_is_not_tried_again(catalog, make, get, status):
    fail(catalog, status=status)
    with pytest.raises(RequestFailed):
        get(make())
    assert len(asked_at(catalog)) == (2 if status == 401 else 1)


def test_fault_of_our_own_is_not_tried_again(catalog, make):
    def fail_to_parse(body):
        raise KeyError("a fault of our own")

    with pytest.raises(KeyError):
        make().get(f"{catalog.api_url}/course_runs/", fail_to_parse, rows=5)
    assert len(asked_at(catalog)) == 1


def test_closed_requester_tries_nothing_again(make, caplog):
    asker, is_asked, is_closed = make(), threading.Event(), threading.Event()

    def refuse_once_closed(connection, request):
        is_asked.set()
        assert is_closed.wait(30)
        connection.sendall(reply(b"", status="503 Service Unavailable"))

    with RawServer(refuse_once_closed) as server:
        future = run_in_thread(lambda: asker.get(server.url, bytes, rows=1))
        assert is_asked.wait(30)
        asker.close()
        is_closed.set()
        assert isinstance(future.exception(timeout=30), RequestFailed)
        assert len(server.requests) == 1
    assert "request_retried" not in caplog.text


def test_session_is_used_again(catalog, make, get):
    asker = make()
    for _ in range(3):
        get(asker)
    assert len(catalog.control.requests(ACCESS_TOKEN_PATH)) == 1


def test_token_goes_to_the_catalog_only(catalog, make):
    """A second server records what reaches it when the first one redirects there."""
    with RawServer(PAGE) as elsewhere:
        fault = {"match": {"path": COURSE_RUNS_PATH}, "location": elsewhere.url, "status": 307}
        catalog.control.fault("redirect", **fault)
        with pytest.raises(RequestFailed, match="answered HTTP 307"):
            make().get(f"{catalog.api_url}/course_runs/", bytes, rows=1)
        assert elsewhere.requests == []


def test_token_is_in_the_header_only(catalog, make, get):
    get(make())
    [request] = catalog.control.requests(COURSE_RUNS_PATH)
    token = request.headers["Authorization"].removeprefix("JWT ")
    assert len(token) > 10
    assert token not in request.query


def test_request_in_flight_holds_no_process(catalog, make, get):
    """The deadline of an exchange holds also for what no time-out of a socket sees."""
    waited = []

    def hang(connection, request):
        connection.sendall(b"H")
        waited.append(server.wait(30))

    with RawServer(hang) as server:
        with pytest.raises(RequestFailed, match=r"within 0\.3 s"):
            make(deadline=0, timeout=0.3).get(server.url, bytes, rows=1)
        assert waited == []


def test_address_with_a_password_is_shown_without(catalog, make, caplog):
    with RawServer(reply(b"", status="404 Not Found")) as server:
        url = server.url.replace("//", "//operator:hunter2@")
        with pytest.raises(RequestFailed) as caught:
            make().get(f"{url}/course_runs/?limit=1", bytes, rows=1)
    assert "hunter2" not in caplog.text + str(caught.value)


def test_what_several_threads_wait_for_at_once_is_spent_once():
    budget, started = RetryBudget(30), time.monotonic() - 10
    for _ in range(4):
        budget.spend_since(started)
    assert budget.seconds == pytest.approx(20, abs=1)


def test_what_is_waited_for_one_after_the_other_is_spent_each_time():
    budget = RetryBudget(30)
    started = budget.spend_since(time.monotonic() - 10)
    left = budget.seconds
    time.sleep(0.05)
    budget.spend_since(started)
    assert budget.seconds <= left - 0.05
