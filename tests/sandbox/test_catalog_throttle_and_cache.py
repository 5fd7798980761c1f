"""The stand-in's throttle, its reply cache, and its latency."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.sandbox.catalog_caller import Caller, seconds_of

pytest_plugins = ["tests.sandbox.catalog_fixtures"]

ANOTHER_CLIENT = ("another-worker", "another-worker-secret")


def test_there_is_no_throttle_by_default(caller: Caller) -> None:
    assert caller.statuses(*["fields=key"] * 30) == [200] * 30


def test_past_the_throttle_is_429(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(throttle_per_hour=2)

    assert caller.statuses("page=1", "limit=7", "limit=8") == [200, 200, 429]


def test_retry_after_is_when_the_first_request_is_an_hour_old(
    stand_in: CatalogProcess, caller: Caller
) -> None:
    stand_in.control.settings(throttle_per_hour=1)
    caller.runs()

    seconds = int(caller.runs().header("Retry-After") or 0)
    assert 3590 <= seconds <= 3600


def test_cached_replies_count_too(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(throttle_per_hour=2)

    assert caller.statuses("page=1", "page=1", "page=1") == [200, 200, 429]


def test_replies_that_are_errors_count_too(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(throttle_per_hour=1)

    assert caller.statuses("page=abc", "page=1") == [404, 429]


def test_requests_without_a_user_do_not_count(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(throttle_per_hour=1)
    caller.runs(authorized=False)

    assert caller.statuses("page=1") == [200]


def test_each_user_has_a_throttle_of_their_own(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(throttle_per_hour=1)
    caller.runs()

    token = caller.new_token(ANOTHER_CLIENT)
    assert caller.runs(headers={"Authorization": f"JWT {token}"}).status == 200


def test_a_reset_forgives(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(throttle_per_hour=1)
    caller.runs()
    stand_in.control.reset()
    stand_in.control.settings(throttle_per_hour=1)

    assert caller.runs().status == 200


def next_host(caller: Caller, query: str, host: str) -> str:
    """The host that ``next`` names for a caller who used ``host``."""
    return urlsplit(caller.runs(query, headers={"Host": host}).json["next"]).netloc


@pytest.fixture
def _filled(stand_in: CatalogProcess) -> None:
    stand_in.control.generate(100)


@pytest.mark.usefixtures("_filled")
def test_next_carries_the_host_of_the_first_caller(caller: Caller) -> None:
    next_host(caller, "page=1", "first.example")

    assert next_host(caller, "page=1", "second.example") == "first.example"


@pytest.mark.usefixtures("_filled")
def test_another_query_string_is_another_reply(caller: Caller) -> None:
    next_host(caller, "page=1&fields=key", "first.example")

    assert next_host(caller, "fields=key&page=1", "second.example") == "second.example"


@pytest.mark.usefixtures("_filled")
def test_a_cached_reply_names_the_first_user_in_its_utm(caller: Caller) -> None:
    caller.runs("page=1")
    token = caller.new_token(ANOTHER_CLIENT)

    answer = caller.runs("page=1", headers={"Authorization": f"JWT {token}"})
    assert b"utm_source=lms_staff_service_user" in answer.body


@pytest.mark.usefixtures("_filled")
def test_a_cached_reply_still_needs_a_token(caller: Caller) -> None:
    caller.runs("page=1")

    assert caller.runs("page=1", authorized=False).status == 401


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize("via_publisher", [True, False])
def test_any_change_of_the_data_drops_cached_replies(
    stand_in: CatalogProcess, caller: Caller, via_publisher: bool
) -> None:
    before = caller.runs("page=1&page_size=1")
    stand_in.control.delete(before.keys, via_publisher=via_publisher)

    assert caller.runs("page=1&page_size=1").keys != before.keys


@pytest.mark.usefixtures("_filled")
def test_without_the_cache_each_caller_gets_their_own_host(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(cache=False)
    next_host(caller, "page=1", "first.example")

    assert next_host(caller, "page=1", "second.example") == "second.example"


@pytest.mark.usefixtures("_filled")
def test_errors_are_not_cached(stand_in: CatalogProcess, caller: Caller) -> None:
    query = "page=6&page_size=20"
    before = caller.runs(query).status
    stand_in.control.upsert([{"key": "course-v1:One+More+Run"}])

    assert (before, caller.runs(query).status) == (404, 200)


# Round numbers, so that the waits add up in one's head.
LATENCY = {"latency": True, "page_seconds": 0.1, "run_seconds": 0.01}


@pytest.mark.usefixtures("_filled")
def test_default_latency_is_that_of_the_real_service(stand_in: CatalogProcess) -> None:
    settings = stand_in.control.settings()

    assert (settings["page_seconds"], settings["run_seconds"], settings["workers"]) == (0.09, 0.0037, 2)


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize(("pages", "page_size", "seconds"), [(175, 20, 1.6), (1, 3_490, 0.06)])
def test_default_latency_of_cached_replies_is_that_of_the_real_service(
    stand_in: CatalogProcess, pages: int, page_size: int, seconds: float
) -> None:
    settings = stand_in.control.settings()
    page = settings["cached_page_seconds"] + page_size * settings["cached_run_seconds"]

    assert pages * page == pytest.approx(seconds, rel=0.05)


@pytest.mark.usefixtures("_filled")
def test_a_page_takes_time_for_itself_and_for_each_run(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(**LATENCY)
    assert caller.token

    assert seconds_of(lambda: caller.runs("limit=30&fields=key")) >= 0.1 + 30 * 0.01


@pytest.mark.usefixtures("_filled")
def test_a_page_further_down_takes_longer(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(**LATENCY, skipped_run_seconds=0.02)
    assert caller.token

    assert seconds_of(lambda: caller.runs("limit=10&offset=20&fields=key")) >= 0.1 + 10 * 0.01 + 20 * 0.02


@pytest.mark.usefixtures("_filled")
def test_a_page_past_the_end_takes_no_longer(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(**LATENCY, skipped_run_seconds=3600)

    assert caller.runs("limit=10&offset=1000000").status == 200


@pytest.mark.usefixtures("_filled")
def test_full_objects_take_half_as_long_again(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(**LATENCY)
    assert caller.token

    assert seconds_of(lambda: caller.runs("limit=30")) >= 0.1 + 30 * 0.015


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize(("workers", "turns"), [(1, 4), (2, 2)])
def test_requests_queue_for_the_workers(
    stand_in: CatalogProcess, caller: Caller, workers: int, turns: int
) -> None:
    stand_in.control.settings(**LATENCY, workers=workers, cache=False)
    assert caller.token

    def four_at_once() -> None:
        with ThreadPoolExecutor(4) as callers:
            list(callers.map(caller.runs, ["limit=10&fields=key"] * 4))

    assert seconds_of(four_at_once) >= turns * 0.2


@pytest.mark.usefixtures("_filled")
def test_a_cached_reply_is_not_worked_out_again(stand_in: CatalogProcess, caller: Caller) -> None:
    caller.runs("page=1")
    # A page that is not cached would not come within the test's patience.
    stand_in.control.settings(latency=True, page_seconds=3600)

    assert caller.runs("page=1").status == 200


# Nothing but a cached reply would come within the test's patience.
CACHED_LATENCY = {
    "latency": True,
    "page_seconds": 3600,
    "cached_page_seconds": 0.1,
    "cached_run_seconds": 0.01,
}


@pytest.mark.usefixtures("_filled")
def test_a_cached_reply_takes_time_for_itself_and_for_each_run(
    stand_in: CatalogProcess, caller: Caller
) -> None:
    caller.runs("limit=30")
    stand_in.control.settings(**CACHED_LATENCY)

    assert seconds_of(lambda: caller.runs("limit=30")) >= 0.1 + 30 * 0.01


@pytest.mark.usefixtures("_filled")
def test_cached_replies_queue_for_the_workers(stand_in: CatalogProcess, caller: Caller) -> None:
    caller.runs("limit=10")
    stand_in.control.settings(**CACHED_LATENCY, workers=1)

    def four_at_once() -> None:
        with ThreadPoolExecutor(4) as callers:
            list(callers.map(caller.runs, ["limit=10"] * 4))

    assert seconds_of(four_at_once) >= 4 * 0.2
