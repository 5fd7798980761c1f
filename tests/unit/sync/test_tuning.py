"""Recommendations of a page size: what is measured within the allowed requests, and which one is best."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from catalog_sync import conf
from catalog_sync.exceptions import FailureScope, NothingMeasured, RequestFailed
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.quota import REQUESTS_PER_HOUR, requests_for
from catalog_sync.sync import tuning
from catalog_sync.sync.tuning import (
    CONCURRENCIES,
    Measurement,
    OutOfRequests,
    best,
    estimated,
    recommend,
    seconds_per_page,
    sweep,
)
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.unit.sync.modelled_catalog import ModelledCatalog

# A page takes a millisecond per course run.
EVEN = {"page_seconds": 0, "run_seconds": 0.001, "skipped_run_seconds": 0}


def measured_by(catalog, max_requests=1_000, target_seconds=100.0):
    return list(sweep(catalog.measure, catalog.count, max_requests, target_seconds))


def settings_of(measurements):
    return [(each.page_size, each.concurrency) for each in measurements]


def all_of(*sizes):
    return [(size, concurrency) for size in sizes for concurrency in CONCURRENCIES]


class TestSweep:
    @pytest.mark.parametrize(
        ("count", "sizes"),
        [(3, [100]), (199, [100]), (200, [100, 200]), (40_000, [500, 1_000, 2_000, 5_000, 10_000])],
    )
    def test_measures_the_page_sizes_that_fit_the_list_and_the_quota(self, count, sizes):
        measured = measured_by(ModelledCatalog(count, **EVEN))
        assert settings_of(measured) == all_of(*sizes)
        assert all(each.requests == requests_for(count, each.page_size) for each in measured)
        assert max(each.requests for each in measured) < REQUESTS_PER_HOUR

    @pytest.mark.parametrize(("max_requests", "measured"), [(17, 2), (18, 3), (23, 3), (24, 4)])
    def test_uses_the_allowed_requests_and_not_more(self, max_requests, measured):
        measurements = []
        with pytest.raises(OutOfRequests):
            measurements.extend(sweep(ModelledCatalog(1_000).measure, 1_000, max_requests, 100.0))
        assert len(measurements) == measured

    def test_needs_no_more_requests_once_all_sizes_are_measured(self):
        assert len(measured_by(ModelledCatalog(100, **EVEN), max_requests=18)) == 3

    @pytest.mark.parametrize(
        ("target_seconds", "last"), [(0.2, (500, 1)), (0.199, (200, 1)), (0.5, (1_000, 1))]
    )
    def test_ends_after_the_first_size_beyond_the_target(self, target_seconds, last):
        measured = measured_by(ModelledCatalog(10_000, **EVEN), target_seconds=target_seconds)
        assert settings_of(measured)[-1] == last

    def test_ends_at_a_size_that_cannot_be_measured(self):
        measure = {(100, 1): 0.1, (100, 2): 0.1, (100, 4): 0.1, (200, 1): None}
        measured = sweep(lambda *setting: measure[setting], 1_000, 100, 100.0)
        assert settings_of(measured) == all_of(100)


class TestSecondsPerPage:
    def test_are_measured_at_all_positions_of_the_list_and_none_outside(self):
        catalog = ModelledCatalog(101)
        for _ in range(5):
            seconds_per_page(catalog, 101, 100, 2)
        assert {page_range.offset for page_range in catalog.page_ranges} == {0, 1}

    @pytest.mark.parametrize("count", [3, 100])
    def test_are_measured_if_the_list_is_a_single_page(self, count):
        catalog = ModelledCatalog(count, **EVEN)
        assert seconds_per_page(catalog, count, 100, 1) == pytest.approx(count / 1_000)

    def test_are_none_if_pages_fail(self):
        assert seconds_per_page(ModelledCatalog(300, fails_from=100), 300, 100, 2) is None

    def test_are_not_measured_if_the_catalog_refuses_everything(self):
        with pytest.raises(RequestFailed):
            seconds_per_page(ModelledCatalog(300, fails_from=100, scope=FailureScope.SYNC), 300, 100, 2)


class TestEstimate:
    def test_all_pages_are_read_in_parallel(self):
        measured = Measurement(100, 2, seconds=1.0, requests=7)
        assert estimated([measured]) == {measured: 4 * 1.0}

    def test_fits_all_measurements_of_a_concurrency(self):
        """One measurement that is too high does not make its page size much worse than its neighbors."""
        seconds = {100: 0.46, 200: 0.83, 500: 1.94, 1_000: 3.79}
        regular = [Measurement(size, 1, each, 10) for size, each in seconds.items()]
        odd = [*regular[:2], Measurement(500, 1, 1.5 * 1.94, 10), regular[3]]
        totals = estimated(odd)
        assert totals[odd[2]] < 1.2 * estimated(regular)[regular[2]]

    def test_is_never_negative(self):
        measurements = [Measurement(100, 1, 0.1, 10), Measurement(1_000, 1, 10.0, 1)]
        assert min(estimated(measurements).values()) > 0


def total(page_size, concurrency, seconds=1.0):
    return Measurement(page_size, concurrency, seconds, requests=10)


# For 3,490 course runs, 500 is the automatic page size.
AUTOMATIC = total(500, 2)


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ({AUTOMATIC: 8.0, total(200, 2): 6.5}, AUTOMATIC),
        ({AUTOMATIC: 8.0, total(200, 2): 6.0}, total(200, 2)),
        ({AUTOMATIC: 8.0, total(500, 4): 7.0, total(2_000, 1): 7.0}, AUTOMATIC),
        ({AUTOMATIC: 8.0, total(500, 4): 4.0}, total(500, 4)),
        ({AUTOMATIC: 1.1, total(200, 2): 0.2}, AUTOMATIC),
        ({total(100, 2): 8.0, total(200, 2, seconds=3.0): 2.0}, total(100, 2)),
        ({total(100, 1, seconds=5.0): 60.0, total(500, 1, seconds=6.0): 20.0}, total(500, 1, seconds=6.0)),
    ],
    ids=[
        "the automatic page size unless another saves a fifth",
        "another that saves more",
        "the usual concurrency unless another saves a fifth",
        "another concurrency that saves more",
        "the automatic page size if another saves less than a second",
        "not one beyond the target",
        "the shortest sync if all are beyond the target",
    ],
)
def test_best_is(totals, expected):
    assert best(totals, 3_490, target_seconds=2.0) == expected


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [3_490, 20_781])
def test_recommendation_is_within_a_fifth_of_the_best_if_the_latency_is_irregular(count, seed):
    catalog = ModelledCatalog(count, seed)
    measured = measured_by(catalog, target_seconds=15.0)
    found = best(estimated(measured), count, target_seconds=15.0)
    fastest = min(catalog.sync_seconds(*each) for each in settings_of(measured))
    assert catalog.sync_seconds(found.page_size, found.concurrency) <= 1.2 * fastest


@pytest.mark.django_db
class TestRecommend:
    def recommend(self, max_requests=100, on_measured=lambda measured: None):
        return recommend(conf.catalog_or_unconfigured("default"), max_requests, 10.0, on_measured)

    def test_measures_concurrencies_one_two_and_four_and_reports_each(self, catalog):
        catalog.control.generate(30)
        reported = []
        found = self.recommend(on_measured=reported.append)
        assert settings_of(reported) == [(100, 1), (100, 2), (100, 4)]
        assert list(found.totals) == reported
        assert (found.shortage, found.may_be_saved) == ("", True)

    def test_keeps_a_configuration_that_is_not_noticeably_slower(self, catalog):
        catalog.control.generate(30)
        config = CatalogSyncConfig.objects.create(enabled=True, page_size=2_000, concurrency=3)
        assert self.recommend().kept == config

    # 200 is measured; larger page sizes are not.
    @pytest.mark.parametrize(("page_size", "is_kept"), [(200, True), (500, False)])
    def test_keeps_no_page_size_that_may_fail(self, page_size, is_kept, catalog):
        catalog.control.generate(1_000)
        catalog.control.fault("status", match={"params": {"limit": "500"}}, status=502, times=None)
        CatalogSyncConfig.objects.create(enabled=True, page_size=page_size)
        assert (self.recommend().kept is not None) == is_kept

    @pytest.mark.parametrize(("page_size", "is_kept"), [(5, False), (100, True)])
    def test_keeps_no_page_size_that_takes_a_second_more(self, page_size, is_kept, monkeypatch):
        modelled = ModelledCatalog(300, page_seconds=0.05, run_seconds=0, skipped_run_seconds=0)
        monkeypatch.setattr(tuning, "client_without_retries", lambda catalog: nullcontext(modelled))
        CatalogSyncConfig.objects.create(enabled=True, page_size=page_size)
        assert (self.recommend().kept is not None) == is_kept

    def test_is_not_to_be_saved_if_the_requests_ran_out(self, catalog):
        catalog.control.generate(250)
        found = self.recommend(max_requests=30)
        assert (len(found.totals), found.may_be_saved) == (4, False)
        assert "Use a higher --requests" in found.shortage
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) <= 30

    def test_needs_requests_for_one_page_size(self, catalog):
        with pytest.raises(NothingMeasured, match="Use a higher --requests"):
            self.recommend(max_requests=6)

    def test_names_the_time_limit_if_no_page_is_returned_in_time(self, catalog, monkeypatch):
        monkeypatch.setattr(tuning, "PAGES_EACH", 1)
        catalog.control.generate(30)
        CatalogSyncConfig.objects.create(request_timeout_seconds=1)
        catalog.control.fault("hang", match={"params": {"limit": "100"}}, times=None)
        with pytest.raises(NothingMeasured, match="increase request_timeout_seconds"):
            self.recommend()

    def test_does_not_repeat_a_failed_request(self, catalog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, status=503)
        with pytest.raises(RequestFailed):
            self.recommend()
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1
