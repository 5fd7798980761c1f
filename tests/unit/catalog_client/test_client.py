"""What the client asks of its requester: how often, how long, and from which row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from catalog_sync.catalog_client import CatalogClient, OverlappingPages, PageRange, Requester
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import COURSE_RUNS_PATH, COURSES_PATH
from tests.raw_server import RawServer, reply


@pytest.fixture
def make(catalog):
    made = []

    def client(retry_deadline_seconds):
        made.append(Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=retry_deadline_seconds))
        return CatalogClient(catalog.api_url, ["marketing_url"], made[-1]), made[-1].budget

    yield client
    for requester in made:
        requester.close()


@pytest.mark.parametrize(("left", "goes_on"), [(30.0, True), (0.5, True), (0.0, False)])
def test_crawl_goes_on_past_a_failure_while_there_is_time_for_retries(make, left, goes_on):
    client, budget = make(retry_deadline_seconds=30)
    crawl = client.crawl(OverlappingPages(20), 1)
    budget.seconds = left
    assert crawl.can_go_on() is goes_on


def test_crawl_that_may_not_retry_goes_on_past_every_failure(make):
    client, _ = make(retry_deadline_seconds=0)
    assert client.crawl(OverlappingPages(20), 1).can_go_on()


def test_measured_window_is_asked_for_once(make, catalog):
    client, _ = make(retry_deadline_seconds=30)
    catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, status=500)
    with pytest.raises(RequestFailed):
        client.seconds_of(PageRange(0, 20))
    assert client.requests == 1


def test_seconds_are_those_that_the_window_took(make, catalog):
    catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, seconds=0.3)
    seconds, _ = make(retry_deadline_seconds=0)[0].seconds_of(PageRange(0, 20))
    assert 0.3 <= seconds < 30


def test_seconds_do_not_have_those_for_which_the_catalog_was_left_alone(make, catalog):
    throttle = {"status": 429, "headers": {"Retry-After": "3"}}
    catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, **throttle)
    client, _ = make(retry_deadline_seconds=30)
    assert (client.seconds_of(PageRange(0, 20))[0] < 3, client.retries) == (True, 1)


def test_look_up_begins_with_the_first_row(make, catalog):
    list(make(retry_deadline_seconds=0)[0].look_up(["A/B/C"]))
    [request] = catalog.control.requests(COURSE_RUNS_PATH)
    assert request.params["offset"] == "0"


def test_changed_courses_begin_with_the_first_row(make, catalog):
    make(retry_deadline_seconds=0)[0].changed_since(datetime(2026, 1, 1, tzinfo=UTC), most=5)
    [request] = catalog.control.requests(COURSES_PATH)
    assert request.params["offset"] == "0"


def test_reply_that_tells_no_changed_courses_is_a_failure_that_names_what_was_asked(catalog):
    with RawServer(reply(b'{"count": "many"}')) as server:
        requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=0)
        client = CatalogClient(f"{server.url}/api/v1", ["marketing_url"], requester)
        with pytest.raises(RequestFailed, match="/api/v1/courses/"):
            client.changed_since(datetime(2026, 1, 1, tzinfo=UTC), most=5)
        requester.close()
