"""A Catalog that accepts connections and never answers delays a sync by about a minute, here in numbers of requests."""

from __future__ import annotations

from functools import partial

import pytest

from catalog_sync.catalog_client import retries
from tests.integration.faulty import OFFSETS, key

pytest_plugins = ["tests.integration.fault_fixtures"]

# The pages of which the reply is missing. Up to three of them are requested together.
SILENT = OFFSETS[2:5]


@pytest.fixture(autouse=True)
def slow(monkeypatch):
    monkeypatch.setattr(retries, "MAX_REQUEST_SECONDS", 1.5)


@pytest.fixture
def sync(sync):
    return partial(sync, request_timeout_seconds=1, retry_deadline_seconds=60)


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_from_the_start_costs_one_attempt_per_page_in_flight(sync, fault, concurrency):
    fault("hang", times=None)
    outcome = sync(concurrency=concurrency)
    outcome.assert_failure()
    in_flight = min(concurrency, len(OFFSETS))
    assert outcome.report["requests"] == in_flight + 1


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_from_the_third_page_on_costs_one_attempt_per_page_in_flight(sync, fault, catalog, concurrency):
    for offset in SILENT:
        fault("hang", offset=offset, times=None)
    catalog.control.fault("hang", match={"params": {"limit": "1"}}, times=None)
    outcome = sync(concurrency=concurrency)
    outcome.assert_incomplete(*range(9, 20))
    assert outcome.report["requests"] == 2 + min(concurrency, len(SILENT)) + 1


def test_in_a_look_up_costs_two_requests(sync, fault):
    fault("hang", times=None)
    outcome = sync("--course-key", key(1))
    outcome.assert_failure()
    assert outcome.report["requests"] == 2


def test_on_one_page_costs_only_this_page(sync, fault):
    fault("hang", offset=OFFSETS[2], times=None)
    sync().assert_incomplete(*range(9, 12))


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_for_a_moment_costs_nothing(sync, fault, concurrency):
    for offset in SILENT:
        fault("hang", offset=offset)
    sync(concurrency=concurrency).assert_success()
