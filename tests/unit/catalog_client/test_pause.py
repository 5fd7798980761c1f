"""A throttled Catalog is left alone by every worker that shares the cache."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import pause
from catalog_sync.catalog_client.retries import Requester
from catalog_sync.catalog_client.threads import run_in_thread
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.integration.processes import wait_until


@pytest.fixture
def new_requester(catalog):
    made = []

    def new(retry_deadline_seconds):
        made.append(Requester(EventLog(), timeout_seconds=5, retry_deadline_seconds=retry_deadline_seconds))
        return made[-1]

    yield new
    for requester in made:
        requester.close()


def ask(requester, catalog):
    return requester.get(f"{catalog.api_url}/course_runs/?limit=2&offset=0", bytes, rows=2)


def test_nothing_is_sent_while_another_worker_was_asked_to_wait(catalog, new_requester):
    pause.pass_on(pause.Pause(60, 429))
    with pytest.raises(RequestFailed, match="throttles this user"):
        ask(new_requester(retry_deadline_seconds=5), catalog)
    assert catalog.control.requests() == []


def test_who_has_waited_is_not_told_to_wait_again(catalog, new_requester):
    catalog.control.fault(
        "status", match={"path": COURSE_RUNS_PATH}, status=429, headers={"Retry-After": "1"}
    )
    ask(new_requester(retry_deadline_seconds=30), catalog)
    assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 2


def test_a_wait_that_is_too_long_to_keep_is_not_passed_on(catalog, new_requester):
    catalog.control.fault(
        "status", match={"path": COURSE_RUNS_PATH}, status=429, headers={"Retry-After": "3508"}
    )
    with pytest.raises(RequestFailed):
        ask(new_requester(retry_deadline_seconds=5), catalog)
    assert pause.in_force() is None


def test_nobody_waits_without_being_asked():
    assert pause.in_force() is None


def test_a_cache_that_is_down_holds_nobody_up(catalog, new_requester, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert b"count" in ask(new_requester(retry_deadline_seconds=0), catalog)


def test_being_asked_to_wait_does_not_use_up_the_only_try(catalog, new_requester):
    catalog.control.fault(
        "status", match={"path": COURSE_RUNS_PATH}, status=429, headers={"Retry-After": "1"}
    )
    requester = new_requester(retry_deadline_seconds=30)
    url = f"{catalog.api_url}/course_runs/?limit=2&offset=0"
    assert b"count" in requester.get(url, bytes, rows=2, attempts=1)


def test_who_hears_of_a_pause_from_another_is_told_the_cause(catalog, new_requester):
    pause.pass_on(pause.Pause(60, 503))
    with pytest.raises(RequestFailed, match="answered HTTP 503"):
        ask(new_requester(retry_deadline_seconds=5), catalog)


def test_pause_of_a_moment_is_none():
    pause.pass_on(pause.Pause(0.01, 429))
    assert pause.in_force() is None


@pytest.fixture
def waiting(catalog, new_requester):
    """Have a requester wait for three seconds; return it, and the future of its reply."""
    catalog.control.fault(
        "status", match={"path": COURSE_RUNS_PATH}, status=503, headers={"Retry-After": "3"}
    )
    requester = new_requester(retry_deadline_seconds=30)
    return requester, run_in_thread(lambda: ask(requester, catalog))


def test_a_wait_that_is_kept_is_heard_by_others_meanwhile(waiting):
    asked = wait_until(pause.in_force, "the word that the Catalog wants to be left alone")
    assert asked.status == 503


def test_who_waits_asks_no_more_once_the_run_is_over(waiting, catalog):
    requester, reply = waiting
    wait_until(pause.in_force, "the word that the Catalog wants to be left alone")
    requester.close()
    with pytest.raises(RequestFailed, match="answered HTTP 503"):
        reply.result(30)
    assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1
