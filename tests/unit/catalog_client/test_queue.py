"""The Catalog's queue: requests that wait for one of its workers are not slow, and a page that hangs still fails."""

from __future__ import annotations

from contextlib import closing
from statistics import mean

import pytest

from catalog_sync.catalog_client import CatalogClient, OverlappingPages, Requester
from catalog_sync.event_log import EventLog
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.unit.catalog_client import access

PAGE_SIZE = 11
COURSE_RUNS = 40  # four pages
TIMEOUT_SECONDS = 1.5


@pytest.fixture
def crawl(catalog):
    """Return a crawl that requests all four pages together, and each only once if it fails."""
    catalog.control.generate(COURSE_RUNS)
    requester = Requester(
        EventLog(), timeout_seconds=TIMEOUT_SECONDS, retry_deadline_seconds=0, access=access()
    )
    client = CatalogClient(catalog.api_url, ["marketing_url"], requester)
    yield client.crawl(OverlappingPages(PAGE_SIZE, count=COURSE_RUNS), 4)
    requester.close()
    catalog.control.clear_faults()


def computed(catalog):
    """Return the offset of each page that the Catalog has computed."""
    requests = catalog.control.requests(COURSE_RUNS_PATH)
    return sorted(int(request.params["offset"]) for request in requests if request.status == 200)


def test_no_page_is_computed_twice_if_the_catalog_has_fewer_workers_than_requests(catalog, crawl):
    """The last page is complete after 2.4 seconds, of which it waits 1.8 in the queue."""
    catalog.control.settings(latency=True, cache=False, workers=1, page_seconds=0.6, run_seconds=0)
    assert len([*crawl.pages()]) == 4
    assert (computed(catalog), crawl.failures) == ([0, 10, 20, 30], [])


def in_flight(catalog):
    """Return for each page how many pages the Catalog had to answer when the request arrived, itself included."""
    log = catalog.control.requests(COURSE_RUNS_PATH)
    return [sum(each.at <= request.at < each.until for each in log) for request in log]


def read_pages(catalog, pages, *, concurrency, timeout_seconds, **settings):
    catalog.control.generate(pages * (PAGE_SIZE - 1))
    catalog.control.settings(latency=True, cache=False, run_seconds=0, **settings)
    with closing(
        Requester(EventLog(), timeout_seconds=timeout_seconds, retry_deadline_seconds=0, access=access())
    ) as requester:
        client = CatalogClient(catalog.api_url, ["marketing_url"], requester)
        pagination = OverlappingPages(PAGE_SIZE, count=pages * (PAGE_SIZE - 1))
        assert len([*client.crawl(pagination, concurrency).pages()]) == pages


def test_fewer_pages_are_in_flight_while_they_wait_in_the_queue(catalog):
    """Eight pages take 2.4 seconds, which is more than half of the time-out."""
    read_pages(catalog, 16, concurrency=8, timeout_seconds=2, workers=1, page_seconds=0.3)
    numbers = in_flight(catalog)
    assert mean(numbers[11:]) < 5 < max(numbers)


@pytest.mark.parametrize(
    ("workers", "page_seconds", "timeout_seconds"),
    [(1, 0.1, 60), (4, 1, 1.9)],
    ids=["short in the queue", "slow, but without a queue"],
)
def test_as_many_pages_as_allowed_are_in_flight_otherwise(workers, page_seconds, timeout_seconds, catalog):
    settings = {"workers": workers, "page_seconds": page_seconds}
    read_pages(catalog, 12, concurrency=4, timeout_seconds=timeout_seconds, **settings)
    assert max(in_flight(catalog)[6:]) == 4


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_page_without_end_fails_while_the_others_are_read(fault, catalog, crawl):
    third = {"path": COURSE_RUNS_PATH, "params": {"offset": "20"}}
    catalog.control.fault(fault, match=third, times=None)
    assert len([*crawl.pages()]) == 3
    [failure] = crawl.failures
    assert failure.startswith(
        "course runs 20 to 30 of the list are missing, because the Catalog did not finish"
    )
