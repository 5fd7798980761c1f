"""How the automatic page size is chosen, against models of a Catalog, and what later sync runs reuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.api import update_catalog_data
from catalog_sync.catalog_client import PageRange
from catalog_sync.exceptions import FailureScope, RequestFailed
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.quota import PAGE_SIZES
from catalog_sync.sync import page_size as page_size_module
from catalog_sync.sync.page_size import SLOW_FACTOR, TARGET_SECONDS, PageTimer, after, find, remembered
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.unit.sync.modelled_catalog import ModelledCatalog


def modelled(page_seconds, row_seconds):
    return lambda size: page_seconds + row_seconds * size


def total_seconds(size, page_seconds, row_seconds, count=21_151):
    return -(-count // (size - 1)) * modelled(page_seconds, row_seconds)(size)


@given(page_seconds=st.floats(0.001, 0.5), row_seconds=st.floats(0.0005, 0.02))
def test_choice_is_within_a_fifth_of_the_best_page_size_within_the_target(page_seconds, row_seconds):
    in_time = [size for size in PAGE_SIZES if modelled(page_seconds, row_seconds)(size) <= TARGET_SECONDS]
    chosen = total_seconds(find(modelled(page_seconds, row_seconds)), page_seconds, row_seconds)
    assert chosen <= 1.2 * min(
        total_seconds(size, page_seconds, row_seconds) for size in in_time or PAGE_SIZES[:1]
    )


@pytest.mark.parametrize(
    ("seconds_of", "chosen"),
    [
        (modelled(0.090, 0.0037), 500),
        (lambda size: 0.1 if size <= 100 else None, 100),
        (lambda size: 10.0, PAGE_SIZES[0]),
        (lambda size: TARGET_SECONDS, PAGE_SIZES[-1]),
        (lambda size: size * 0.001, PAGE_SIZES[0]),
    ],
    ids=[
        "the recorded Catalog gets what its operators found best",
        "a larger page is not returned",
        "all pages are too slow",
        "pages take exactly the target",
        "a larger page saves no time",
    ],
)
def test_choice_for_a_catalog(seconds_of, chosen):
    assert find(seconds_of) == chosen


@pytest.mark.parametrize(
    ("page_size", "slowest_seconds", "next_page_size"),
    [
        (500, TARGET_SECONDS, 500),
        (500, TARGET_SECONDS * SLOW_FACTOR, 500),
        (500, TARGET_SECONDS * SLOW_FACTOR + 1, 200),
        (PAGE_SIZES[0], 60, PAGE_SIZES[0]),
    ],
)
def test_page_size_shrinks_only_after_a_very_slow_page(page_size, slowest_seconds, next_page_size):
    assert after(page_size, slowest_seconds) == next_page_size


class TestPageTimer:
    def test_counts_the_course_runs_with_the_smallest_request(self):
        catalog = ModelledCatalog(300)
        assert (PageTimer(catalog).count, catalog.page_ranges) == (300, [PageRange(0, 2)])

    @pytest.mark.parametrize(
        ("count", "size", "seconds"),
        [(300, 100, 0.1), (100, 100, 0.1), (99, 100, None), (3, 20, 0.02), (3, 50, None)],
    )
    def test_measures_pages_that_fit_into_the_list_and_the_smallest(self, count, size, seconds):
        assert PageTimer(ModelledCatalog(count)).seconds_of(size) == seconds

    @pytest.mark.parametrize(("count", "offsets"), [(3, {0}), (20, {0}), (21, {0, 1})])
    def test_measures_all_positions_of_the_list_and_none_outside(self, count, offsets):
        catalog = ModelledCatalog(count)
        timer = PageTimer(catalog)
        for _ in range(100):
            timer.seconds_of(20)
        assert {page_range.offset for page_range in catalog.page_ranges} == offsets

    def test_returns_none_for_a_page_that_fails(self):
        assert PageTimer(ModelledCatalog(300, fails_from=100)).seconds_of(100) is None

    def test_raises_if_the_catalog_refuses_everything(self):
        with pytest.raises(RequestFailed):
            PageTimer(ModelledCatalog(300, fails_from=100, scope=FailureScope.SYNC)).seconds_of(100)


@pytest.mark.django_db
class TestAutomaticSyncRun:
    """Sync runs with the page size ``"auto"`` or 0, which is the same."""

    @pytest.mark.parametrize("automatic", ["auto", 0])
    def test_second_one_requests_the_same_pages_and_nothing_more(self, automatic, catalog):
        catalog.control.generate(300)
        page_size = update_catalog_data(page_size=automatic).page_size
        assert page_size == SyncRun.objects.get().next_page_size
        catalog.control.clear_requests()
        update_catalog_data(page_size=automatic)
        requested = {
            (request.params["limit"], request.params["offset"])
            for request in catalog.control.requests(COURSE_RUNS_PATH)
        }
        assert requested == {(str(page_size), str(offset)) for offset in range(0, 299, page_size - 1)}

    def test_reports_a_catalog_that_is_down(self, settings):
        settings.COURSE_CATALOG_API_URL = "http://127.0.0.1:9/api/v1"
        settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = "http://127.0.0.1:9/oauth2"
        assert "127.0.0.1:9" in update_catalog_data(page_size="auto").message

    def test_ignores_slow_pages_of_sizes_that_were_not_chosen(self, catalog, monkeypatch):
        monkeypatch.setattr(page_size_module, "SLOW_FACTOR", 0.5)
        catalog.control.generate(300)
        catalog.control.settings(latency=True, page_seconds=0.05, run_seconds=0, skipped_run_seconds=0)
        catalog.control.fault("slow", match={"params": {"limit": "100"}}, seconds=1.5)
        update_catalog_data(page_size="auto")
        assert remembered("default") == 50

    def test_stores_no_page_size_if_it_is_throttled(self, catalog):
        catalog.control.generate(300)
        catalog.control.settings(throttle_per_hour=2)
        CatalogSyncConfig.objects.create(page_size=0, retry_deadline_seconds=0)
        report = update_catalog_data()
        assert (report.requests, remembered("default")) == (3, None)

    def test_keeps_the_page_size_after_an_outage(self, catalog, monkeypatch):
        monkeypatch.setattr(page_size_module, "SLOW_FACTOR", 0.1)  # a time-out of a second is far too slow
        catalog.control.generate(300)
        CatalogSyncConfig.objects.create(page_size=0, request_timeout_seconds=1, retry_deadline_seconds=0)
        page_size = update_catalog_data().page_size
        catalog.control.fault("hang", match={"path": COURSE_RUNS_PATH}, times=None)
        assert update_catalog_data().status == "failed"
        assert remembered("default") == page_size
