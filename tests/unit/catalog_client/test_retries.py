"""Retries: back-off with jitter within one budget, each logged and counted; workers share a Retry-After."""

from __future__ import annotations

import itertools
import logging
import threading

import pytest
import requests

from catalog_sync.catalog_client import Requester, retries
from catalog_sync.catalog_client.back_off import BackOff, share_back_off, shared_back_off
from catalog_sync.catalog_client.retries import RetryBudget
from catalog_sync.catalog_client.transport import run_in_thread
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH
from tests.integration.processes import wait_until
from tests.raw_server import RawServer, reply
from tests.unit.catalog_client import access

PAGE = reply(b'{"count": 0, "results": []}')


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retries, "MAX_WAIT_SECONDS", 0.02)


@pytest.fixture
def make(catalog):
    made = []

    def of(deadline: float = 30) -> Requester:
        made.append(
            Requester(EventLog(7), timeout_seconds=10, retry_deadline_seconds=deadline, access=access())
        )
        return made[-1]

    yield of
    for requester in made:
        requester.close()


@pytest.fixture
def get(catalog):
    url = f"{catalog.api_url}/course_runs/?limit=5&offset=0"
    return lambda requester, **how: requester.get(url, bytes, **{"rows": 5} | how)


def fail(catalog, times=None, status=503, path=COURSE_RUNS_PATH, retry_after=None):
    headers = {} if retry_after is None else {"headers": {"Retry-After": retry_after}}
    catalog.control.fault("status", match={"path": path}, times=times, status=status, **headers)


def request_times(catalog):
    return [request.at for request in catalog.control.requests(COURSE_RUNS_PATH)]


def waits(catalog):
    return [later - earlier for earlier, later in itertools.pairwise(request_times(catalog))]


class TestWaits:
    def test_double_until_they_reach_the_longest(self):
        for attempts in range(1, 12):
            wait = retries.seconds_after(attempts)
            expected = retries.FIRST_WAIT_SECONDS * 2 ** (attempts - 1)
            longest = retries.MAX_WAIT_SECONDS
            assert min(expected, longest) <= wait <= min(expected + retries.FIRST_WAIT_SECONDS, longest)

    def test_have_jitter(self):
        assert len({retries.seconds_after(1) for _ in range(4)}) == 4

    def test_come_before_each_further_attempt(self, catalog, make, get, monkeypatch):
        monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.05)
        fail(catalog, times=3)
        get(make())
        for n, wait in enumerate(waits(catalog)):
            assert wait >= 0.05 * 2**n

    def test_follow_even_a_retry_after_of_nothing(self, catalog, make, get, monkeypatch):
        monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.1)
        fail(catalog, times=1, status=429, retry_after="0")
        get(make())
        assert waits(catalog)[0] >= 0.1


class TestAttempts:
    @pytest.mark.parametrize(
        ("status", "limit", "attempts"),
        [
            (503, {}, 6),
            (503, {"attempts": 2}, 2),
            (503, {"is_page": True}, 6),
            (500, {}, 6),
            (500, {"is_page": True}, 2),
        ],
        ids=str,
    )
    def test_are_limited(self, catalog, make, get, quick, status, limit, attempts):
        fail(catalog, status=status)
        with pytest.raises(RequestFailed):
            get(make(), **limit)
        assert len(request_times(catalog)) == attempts

    @pytest.mark.parametrize(
        ("status", "attempts"), [(503, retries.OUTAGE_ATTEMPTS), (500, retries.ATTEMPTS)]
    )
    def test_are_more_if_the_catalog_goes_down_after_it_has_answered(
        self, catalog, make, get, quick, status, attempts
    ):
        requester = make()
        get(requester)
        fail(catalog, status=status)
        with pytest.raises(RequestFailed):
            get(requester)
        assert len(request_times(catalog)) == 1 + attempts

    def test_are_two_if_they_are_slow(self, catalog, make, get, quick, monkeypatch):
        monkeypatch.setattr(retries, "MAX_REQUEST_SECONDS", 0)
        fail(catalog)
        with pytest.raises(RequestFailed):
            get(make())
        assert len(request_times(catalog)) == 2

    @pytest.mark.parametrize("limit", [{}, {"attempts": 2}])
    def test_of_a_page_are_no_more_if_another_would_exceed_a_minute(
        self, catalog, make, get, quick, monkeypatch, limit
    ):
        """The crawler then finds out whether the Catalog is down."""
        monkeypatch.setattr(retries, "MAX_REQUEST_SECONDS", 0)
        fail(catalog)
        with pytest.raises(RequestFailed):
            get(make(), is_page=True, **limit)
        assert len(request_times(catalog)) == 1

    def test_are_not_more_if_an_outage_has_a_retry_after(self, catalog, make, get, quick):
        fail(catalog, status=503, retry_after="0")
        with pytest.raises(RequestFailed):
            get(make())
        assert len(request_times(catalog)) == retries.ATTEMPTS

    @pytest.mark.parametrize(("status", "attempts"), [(301, 1), (400, 1), (401, 2), (403, 1), (404, 1)])
    def test_do_not_repeat_a_lasting_failure(self, catalog, make, get, status, attempts):
        """After HTTP 401, once with a new token."""
        fail(catalog, status=status)
        with pytest.raises(RequestFailed):
            get(make())
        assert len(request_times(catalog)) == attempts

    def test_do_not_repeat_an_error_of_this_app(self, catalog, make, get):
        def fail_to_parse(body):
            raise KeyError("an error of this app")

        with pytest.raises(KeyError):
            make().get(f"{catalog.api_url}/course_runs/", fail_to_parse, rows=5)
        assert len(request_times(catalog)) == 1

    def test_end_when_the_requester_is_closed(self, make, caplog):
        requester, is_requested, is_closed = make(), threading.Event(), threading.Event()

        def refuse_once_closed(connection, request):
            is_requested.set()
            assert is_closed.wait(30)
            connection.sendall(reply(b"", status="503 Service Unavailable"))

        with RawServer(refuse_once_closed) as server:
            future = run_in_thread(lambda: requester.get(server.url, bytes, rows=1))
            assert is_requested.wait(30)
            requester.close()
            is_closed.set()
            assert isinstance(future.exception(timeout=30), RequestFailed)
            assert len(server.requests) == 1
        assert "event=catalog_sync" not in caplog.text


class TestBudget:
    def test_is_not_spent_by_success(self, catalog, make, get):
        catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, seconds=0.3)
        requester = make(deadline=30)
        get(requester)
        assert requester.budget.seconds == 30

    def test_is_spent_by_a_wait_before_success(self, catalog, make, get):
        fail(catalog, times=1)
        requester = make(deadline=30)
        get(requester)
        assert requester.budget.seconds <= 30 - retries.FIRST_WAIT_SECONDS

    def test_is_spent_by_the_last_attempt(self, catalog, make, get):
        catalog.control.fault("hang", match={"path": COURSE_RUNS_PATH}, seconds=0.3)
        requester = make(deadline=30)
        with pytest.raises(RequestFailed):
            get(requester, attempts=1)
        assert requester.budget.seconds <= 30 - 0.3

    def test_is_one_for_all_requests(self, catalog, make, get):
        fail(catalog)
        requester = make(deadline=1)
        for _ in range(10):
            with pytest.raises(RequestFailed):
                get(requester)
        assert len(request_times(catalog)) < 10 + retries.ATTEMPTS

    def test_of_nothing_means_one_attempt(self, catalog, make, get):
        fail(catalog)
        with pytest.raises(RequestFailed):
            get(make(deadline=0))
        assert len(request_times(catalog)) == 1

    def test_ends_a_wait(self, catalog, make, get, monkeypatch):
        monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 3600)
        monkeypatch.setattr(retries, "MAX_WAIT_SECONDS", 3600)
        fail(catalog)
        with pytest.raises(RequestFailed):
            get(make(deadline=2))
        assert len(request_times(catalog)) == 2

    @pytest.fixture
    def clock(self, monkeypatch):
        """The only item is the time."""
        now = [1_000.0]
        monkeypatch.setattr("time.monotonic", lambda: now[0])
        return now

    def test_counts_parallel_waits_once(self, clock):
        budget, started = RetryBudget(30), clock[0]
        clock[0] += 10
        for _ in range(4):
            budget.spend_since(started)
        assert budget.seconds == 20

    def test_counts_each_of_consecutive_waits(self, clock):
        budget, started = RetryBudget(30), clock[0]
        clock[0] += 10
        started = budget.spend_since(started)
        clock[0] += 5
        budget.spend_since(started)
        assert budget.seconds == 15

    def test_is_never_less_than_nothing(self, clock):
        budget = RetryBudget(30)
        budget.spend_since(clock[0] - 100)
        assert budget.seconds == 0


class TestLog:
    def test_has_each_retry_with_its_reason(self, catalog, make, get, quick, caplog):
        fail(catalog, times=2)
        requester = make()
        get(requester)
        url = f"{catalog.api_url}/course_runs/?limit=5&offset=0"
        line = (
            f'event=catalog_sync.request_retried run_id=7 url="{url}" reason="the Catalog answered HTTP 503"'
        )
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
            line
        ] * 2
        assert (requester.requests, requester.retries) == (3, 2)

    @pytest.mark.parametrize(
        ("path", "address", "numbers"),
        [
            (COURSE_RUNS_PATH, "limit=5&offset=0", (6, 5)),
            (ACCESS_TOKEN_PATH, "/oauth2/access_token ", (0, 0)),
        ],
        ids=["Catalog", "OAuth2 provider"],
    )
    def test_has_one_line_for_the_failure(self, catalog, make, get, quick, caplog, path, address, numbers):
        """Without a token no request is sent to the Catalog, so none is counted."""
        fail(catalog, path=path)
        requester = make()
        with pytest.raises(RequestFailed):
            get(requester)
        [line] = [line for line in caplog.messages if "event=catalog_sync.request_failed" in line]
        assert address in line
        assert (requester.requests, requester.retries) == numbers

    def test_has_no_line_for_a_success(self, make, get, caplog):
        caplog.set_level(logging.DEBUG, logger="catalog_sync")
        get(make())
        assert [line for line in caplog.messages if "catalog_sync" in line] == []

    def test_of_other_code_is_not_filtered(self, caplog):
        with RawServer(reply(b"", "no header", "X: y")) as server:
            requests.get(server.url, timeout=10)
        assert "Failed to parse headers" in caplog.text


def test_token_goes_to_the_catalog_only(catalog, make):
    """A second server records what reaches it if the first one redirects there."""
    with RawServer(PAGE) as elsewhere:
        fault = {"match": {"path": COURSE_RUNS_PATH}, "location": elsewhere.url, "status": 307}
        catalog.control.fault("redirect", **fault)
        with pytest.raises(RequestFailed, match=r"redirected the request \(HTTP 307\)"):
            make().get(f"{catalog.api_url}/course_runs/", bytes, rows=1)
        assert elsewhere.requests == []


def test_one_session_sends_its_token_in_the_header_only(catalog, make, get):
    requester = make()
    for _ in range(3):
        get(requester)
    assert len(catalog.control.requests(ACCESS_TOKEN_PATH)) == 1
    for request in catalog.control.requests(COURSE_RUNS_PATH):
        token = request.headers["Authorization"].removeprefix("JWT ")
        assert len(token) > 10
        assert token not in request.query


class TestSharedBackOff:
    @pytest.mark.parametrize(
        ("status", "message"), [(429, "Rate limited by the Catalog"), (503, "The Catalog answered HTTP 503")]
    )
    def test_of_another_worker_stops_requests(self, catalog, make, get, status, message):
        share_back_off(BackOff(60, status), "default")
        with pytest.raises(RequestFailed, match=message):
            get(make(deadline=5))
        assert catalog.control.requests() == []

    @pytest.mark.parametrize("limit", [{}, {"attempts": 1}], ids=["usual attempts", "one attempt"])
    def test_is_not_repeated_and_not_an_attempt(self, catalog, make, get, limit):
        fail(catalog, times=1, status=429, retry_after="1")
        assert b"count" in get(make(), **limit)
        assert len(request_times(catalog)) == 2

    def test_is_not_shared_if_it_is_longer_than_the_budget(self, catalog, make, get):
        fail(catalog, status=429, retry_after="31")
        with pytest.raises(RequestFailed, match=r"Rate limited by the Catalog .* for another 31 s"):
            get(make(deadline=30))
        assert len(request_times(catalog)) == 1
        assert shared_back_off("default") is None

    def test_is_ignored_if_it_is_almost_over(self):
        assert shared_back_off("default") is None
        share_back_off(BackOff(0.01, 429), "default")
        assert shared_back_off("default") is None

    def test_without_a_cache_requests_are_sent(self, make, get, settings):
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }
        assert b"count" in get(make(deadline=0))

    def test_ends_with_the_sync_run(self, catalog, make, get):
        fail(catalog, status=503, retry_after="20")
        requester = make()
        future = run_in_thread(lambda: get(requester))
        assert wait_until(lambda: shared_back_off("default"), "the shared back-off").status == 503
        requester.close()
        with pytest.raises(RequestFailed, match="The Catalog answered HTTP 503"):
            future.result(30)
        assert len(request_times(catalog)) == 1
