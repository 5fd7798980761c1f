"""How the automatic page size is chosen, against models of a Catalog and over HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync import conf
from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.quota import PAGE_SIZES, REQUESTS_PER_HOUR, requests_for
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.page_size import automatic, choose, length_of_list, sizes_within_quota
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.unit.sync.modelled_catalog import TIMEOUT_SECONDS, ModelledCatalog

COUNTS = st.integers(0, 1_800_000)
LARGEST = st.floats(1, 100_000)
CONCURRENCIES = st.integers(1, 16)
# The measured Catalog takes 3.7 ms.
SLOW = {"run_seconds": 0.015}


class TestAutomatic:
    """The page size for a list and the largest page that is fast enough."""

    @given(COUNTS, CONCURRENCIES, LARGEST)
    def test_full_sync_fits_the_quota(self, count, concurrency, largest):
        assert requests_for(count, automatic(count, concurrency, largest)) < REQUESTS_PER_HOUR

    @given(st.integers(0, 10**12), CONCURRENCIES, LARGEST)
    def test_is_one_of_the_usual_page_sizes(self, count, concurrency, largest):
        assert automatic(count, concurrency, largest) in PAGE_SIZES

    @given(COUNTS, COUNTS, CONCURRENCIES, LARGEST, LARGEST)
    def test_is_not_smaller_for_a_longer_list_or_a_faster_catalog(
        self, count, other_count, concurrency, largest, other_largest
    ):
        smaller = automatic(min(count, other_count), concurrency, min(largest, other_largest))
        assert smaller <= automatic(max(count, other_count), concurrency, max(largest, other_largest))


def options(**values):
    return SyncOptions.of(conf.catalog_or_unconfigured("default"), **{"page_size": 0} | values)


def after(page_size, seconds_per_page, **values):
    """Store a full sync with this page size."""
    values = {"concurrency": 2, "status": "succeeded"} | values
    SyncRun.objects.create(page_size=page_size, seconds_per_page=seconds_per_page, **values)


def choices(catalog, syncs, concurrency=2):
    """Return the page sizes of automatic syncs, one after the other."""
    chosen = []
    for _ in range(syncs):
        chosen.append(choose(options(concurrency=concurrency), catalog))
        after(chosen[-1], catalog.sync(chosen[-1], concurrency), concurrency=concurrency)
    return chosen


OTHER_SYNCS = {
    "one that the cache served": {"seconds_per_page": 0.02},
    "one with small pages": {"page_size": 20, "seconds_per_page": 0.05},
    "one with another concurrency": {"concurrency": 1},
    "one of another Catalog": {"catalog": "partner"},
    "one of single courses": {"scope": "course_keys"},
}


@pytest.mark.django_db
class TestChoice:
    """The page sizes of the first automatic sync and of later ones."""

    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("count", [300, 1_000, 3_490, 20_781, 50_000])
    def test_each_is_within_a_fifth_of_the_best_if_the_latency_is_irregular(self, count, seed):
        catalog = ModelledCatalog(count, seed)
        best = min(catalog.sync_seconds(size, 2) for size in sizes_within_quota(count))
        chosen = choices(catalog, syncs=4)
        assert max(catalog.sync_seconds(size, 2) for size in chosen) <= 1.2 * best

    @pytest.mark.parametrize("seed", range(20))
    def test_fits_a_slow_catalog_after_the_first_sync(self, seed):
        catalog = ModelledCatalog(20_781, seed, **SLOW)
        best = min(catalog.sync_seconds(size, 2) for size in sizes_within_quota(20_781))
        chosen = choices(catalog, syncs=5)[2:]
        assert max(catalog.sync_seconds(size, 2) for size in chosen) <= 1.2 * best

    @pytest.mark.parametrize(
        ("count", "concurrency", "page_size"),
        [(0, 2, 100), (3_490, 1, 2_000), (3_490, 2, 500), (20_781, 2, 2_000), (20_781, 4, 1_000)],
    )
    def test_of_the_first_sync(self, count, concurrency, page_size):
        assert choose(options(concurrency=concurrency), ModelledCatalog(count)) == page_size

    def test_shrinks_after_slow_pages_and_grows_again(self):
        slow, fast = ModelledCatalog(20_781, **SLOW), ModelledCatalog(20_781)
        assert choices(slow, syncs=3)[-1] == 500
        assert choices(fast, syncs=2)[-1] == 2_000

    @pytest.mark.parametrize(("timed_out", "is_smaller"), [(1, False), (2, True)])
    def test_shrinks_only_after_two_syncs_whose_pages_timed_out(self, timed_out, is_smaller):
        after(2_000, 9.0)
        for _ in range(timed_out):
            after(2_000, TIMEOUT_SECONDS, status="failed")
        chosen = choose(options(), ModelledCatalog(20_781))
        assert (chosen == 2_000, chosen < 2_000) == (not is_smaller, is_smaller)

    @pytest.mark.parametrize("values", OTHER_SYNCS.values(), ids=OTHER_SYNCS)
    def test_does_not_depend_on(self, values):
        after(500, 8.0)
        before = choose(options(), ModelledCatalog(20_781))
        for _ in range(2):
            after(**{"page_size": 500, "seconds_per_page": 1.9} | values)
        assert choose(options(), ModelledCatalog(20_781)) == before == 500

    def test_leaves_time_for_the_configured_timeout(self):
        assert choose(options(request_timeout_seconds=5), ModelledCatalog(20_781)) == 500


@pytest.mark.django_db
class TestAutomaticSyncRun:
    """Sync runs with the page size ``"auto"`` or 0, which is the same."""

    @pytest.mark.parametrize("automatic", ["auto", 0])
    def test_second_one_requests_the_same_pages(self, automatic, catalog):
        catalog.control.generate(300)
        requested = []
        for _ in range(2):
            catalog.control.clear_requests()
            page_size = update_catalog_data(page_size=automatic).page_size
            requests = catalog.control.requests(COURSE_RUNS_PATH)
            requested.append([(each.params["limit"], each.params["offset"]) for each in requests])
        pages = [(str(page_size), str(offset)) for offset in range(0, 299, page_size - 1)]
        assert [sorted(each) for each in requested] == [sorted([("2", "0"), *pages])] * 2

    def test_reports_a_catalog_that_is_down(self, settings):
        settings.COURSE_CATALOG_API_URL = "http://127.0.0.1:9/api/v1"
        settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = "http://127.0.0.1:9/oauth2"
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        assert "127.0.0.1:9" in update_catalog_data(page_size="auto").message

    def test_repeats_the_request_for_the_length_of_the_list(self, catalog):
        catalog.control.generate(300)
        catalog.control.fault("status", match={"params": {"limit": "2"}}, status=503)
        assert update_catalog_data(page_size="auto").status == "succeeded"

    def test_has_small_pages_after_a_slow_one_and_larger_pages_after_a_fast_one(self, catalog):
        after(200, 20.0)
        catalog.control.generate(1_600)
        catalog.control.settings(latency=True, cache=False, page_seconds=0.06, run_seconds=0)
        assert [update_catalog_data(page_size="auto").page_size for _ in range(2)] == [100, 200]


@pytest.mark.django_db
class TestTimeOfPages:
    """``SyncRun.seconds_per_page``, from which the next page size is chosen."""

    def test_is_that_of_most_pages_and_not_of_one_that_stalls_or_of_other_requests(self, catalog):
        catalog.control.generate(200)
        catalog.control.fault("slow", match={"params": {"limit": "2"}}, seconds=1.5)
        catalog.control.fault("slow", match={"params": {"limit": "100", "offset": "99"}}, seconds=1.5)
        catalog.control.fault("slow", match={"params": {"limit": "100"}}, times=None, seconds=0.1)
        update_catalog_data(page_size="auto")
        assert 0.1 <= SyncRun.objects.get().seconds_per_page < 1.5

    def test_is_stored_if_pages_time_out(self, catalog):
        catalog.control.generate(120)
        CatalogSyncConfig.objects.create(request_timeout_seconds=1, retry_deadline_seconds=0)
        catalog.control.fault("hang", match={"params": {"limit": "100"}}, times=None)
        update_catalog_data(page_size=100)
        assert SyncRun.objects.get().seconds_per_page >= 1


def test_length_of_the_list_needs_two_course_runs():
    assert length_of_list(ModelledCatalog(3_490)) == 3_490
