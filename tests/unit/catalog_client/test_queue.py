"""The Catalog's queue: requests that wait for one of its workers are not slow, and a page that hangs still fails."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import CatalogClient, OverlappingPages, Requester
from catalog_sync.event_log import EventLog
from sandbox.catalog.testing import COURSE_RUNS_PATH

PAGE_SIZE = 11
COURSE_RUNS = 40  # four pages
TIMEOUT_SECONDS = 1.5


@pytest.fixture
def crawl(catalog):
    """Return a crawl that requests all four pages together, and each only once if it fails."""
    catalog.control.generate(COURSE_RUNS)
    requester = Requester(EventLog(), timeout_seconds=TIMEOUT_SECONDS, retry_deadline_seconds=0)
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


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_page_without_end_fails_while_the_others_are_read(fault, catalog, crawl):
    third = {"path": COURSE_RUNS_PATH, "params": {"offset": "20"}}
    catalog.control.fault(fault, match=third, times=None)
    assert len([*crawl.pages()]) == 3
    [failure] = crawl.failures
    assert failure.startswith(
        "course runs 20 to 30 of the list are missing, because the Catalog did not finish"
    )
