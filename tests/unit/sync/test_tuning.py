"""Recommendations of a page size: what is measured within the allowed requests, and which one is best."""

from __future__ import annotations

import threading

import pytest

from catalog_sync import conf
from catalog_sync.exceptions import NothingMeasured, RequestFailed
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.sync.tuning import Measurement, OutOfRequests, best, recommend, sweep
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.unit.sync.modelled_catalog import ModelledCatalog


class UnevenCatalog(ModelledCatalog):
    """The first of four pages takes four times as long."""

    def __init__(self, count):
        super().__init__(count)
        self._lock = threading.Lock()

    def seconds_of(self, page_range):
        with self._lock:
            seconds, page = super().seconds_of(page_range)
            return seconds * (4 if len(self.page_ranges) % 4 == 2 else 1), page


def sizes(catalog, concurrencies=(1, 2), most_requests=1_000, target_seconds=10.0):
    measured = sweep(catalog, concurrencies, most_requests, target_seconds)
    return [(each.page_size, each.concurrency) for each in measured]


SMALLEST = [(20, 1), (20, 2)]


class TestSweep:
    @pytest.mark.parametrize(
        ("count", "measured"),
        [(3, SMALLEST), (49, SMALLEST), (50, [*SMALLEST, (50, 1), (50, 2)])],
    )
    def test_measures_the_page_sizes_that_fit_into_the_list_and_the_smallest(self, count, measured):
        assert sizes(ModelledCatalog(count)) == measured

    @pytest.mark.parametrize(("most_requests", "measured"), [(4, 2), (5, 3), (6, 3), (7, 4)])
    def test_uses_the_allowed_requests_and_not_more(self, most_requests, measured):
        catalog, measurements = ModelledCatalog(1_000), []
        with pytest.raises(OutOfRequests, match=rf"^Ran out of requests \({most_requests}\)"):
            measurements.extend(sweep(catalog, (1, 2), most_requests, target_seconds=10.0))
        assert (len(measurements), len(catalog.page_ranges) <= most_requests) == (measured, True)

    def test_needs_no_more_requests_once_all_sizes_are_measured(self):
        assert len(sizes(ModelledCatalog(50), most_requests=7)) == 4

    def test_continues_after_a_page_that_takes_exactly_the_target(self):
        assert sizes(ModelledCatalog(1_000), target_seconds=0.05)[-1] == (100, 1)

    def test_continues_after_a_page_that_is_slow_only_in_parallel(self):
        assert sizes(ModelledCatalog(50), concurrencies=(2,), target_seconds=0.01) == [(20, 2), (50, 2)]

    def test_ends_at_a_page_that_fails(self):
        assert sizes(ModelledCatalog(1_000, fails_from=50)) == SMALLEST

    def test_estimates_from_the_slowest_page_and_all_requests(self):
        """96 course runs in pages of 20 are 6 requests; three in parallel take twice the slowest page."""
        measured = next(sweep(UnevenCatalog(96), (3,), 1_000, 10.0))
        assert measured == Measurement(20, 3, seconds=0.02, total_seconds=0.16, requests=6)


QUICK = Measurement(500, 2, 1.9, 8.0, 7)
TOO_SLOW = Measurement(1_000, 2, 3.8, 7.5, 4)
VERY_SLOW = Measurement(20, 1, 5.0, 60.0, 12)


@pytest.mark.parametrize(
    ("measurements", "expected"),
    [
        ([Measurement(200, 2, 1.1, 9.0, 18), Measurement(500, 2, 2.0, 8.0, 7), TOO_SLOW], 1),
        ([QUICK, TOO_SLOW], 0),
        ([Measurement(500, 4, 1.9, 8.0, 7), QUICK], 1),
        ([VERY_SLOW, TOO_SLOW], 1),
    ],
    ids=[
        "the shortest sync within the target",
        "not one beyond the target",
        "the lowest concurrency of equals",
        "the shortest sync if all are beyond the target",
    ],
)
def test_best_is(measurements, expected):
    assert best(measurements, 2.0) == measurements[expected]


@pytest.mark.django_db
class TestRecommend:
    def recommend(self, most_requests=100, on_measured=lambda measured: None):
        return recommend(conf.catalog_or_unconfigured("default"), most_requests, 10.0, on_measured)

    def test_measures_concurrencies_one_two_and_four_and_reports_each(self, catalog):
        catalog.control.generate(30)
        reported = []
        found = self.recommend(on_measured=reported.append)
        assert [(each.page_size, each.concurrency) for each in reported] == [(20, 1), (20, 2), (20, 4)]
        assert found.measurements == tuple(reported)
        assert found.best == min(reported, key=lambda each: each.total_seconds)
        assert (found.shortage, found.may_be_saved) == ("", True)

    def test_is_not_to_be_saved_if_the_requests_ran_out(self, catalog):
        catalog.control.generate(60)
        found = self.recommend(most_requests=8)
        assert (len(found.measurements), found.may_be_saved) == (3, False)
        assert "Use a higher --requests" in found.shortage

    def test_needs_requests_for_one_page_size(self, catalog):
        with pytest.raises(NothingMeasured, match="Use a higher --requests"):
            self.recommend(most_requests=1)

    def test_names_the_time_limit_if_no_page_is_returned_in_time(self, catalog):
        catalog.control.generate(30)
        CatalogSyncConfig.objects.create(request_timeout_seconds=1)
        catalog.control.fault("hang", match={"params": {"limit": "20"}}, times=None)
        with pytest.raises(NothingMeasured, match="increase request_timeout_seconds"):
            self.recommend()

    def test_does_not_repeat_a_failed_request(self, catalog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, status=503)
        with pytest.raises(RequestFailed):
            self.recommend()
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1
