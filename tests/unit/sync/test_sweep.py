"""What is measured on the way to a page size: windows, requests and seconds, against a model of a Catalog."""

from __future__ import annotations

import threading

import pytest

from catalog_sync.catalog_client import Page, PageRange
from catalog_sync.exceptions import RequestFailed, Scope
from catalog_sync.sync.page_size import Measurement, OutOfRequests, measure, sweep


class ModelledCatalog:
    """A Catalog whose pages take a millisecond a row, and that fails at pages from a size on."""

    def __init__(self, count, fails_from=None, scope=Scope.PAGE):
        self.count, self.fails_from, self.scope = count, fails_from, scope
        self.page_ranges = []

    def seconds_of(self, page_range):
        self.page_ranges.append(page_range)
        if self.fails_from and page_range.limit >= self.fails_from:
            raise RequestFailed("https://x.example.com", "failed", "wait", scope=self.scope)
        return page_range.limit / 1_000, Page((), (), 0, self.count)


class UnevenCatalog(ModelledCatalog):
    """One whose first page of several takes longest."""

    def __init__(self, count):
        super().__init__(count)
        self._one_at_a_time = threading.Lock()

    def seconds_of(self, page_range):
        with self._one_at_a_time:
            seconds, page = super().seconds_of(page_range)
            return seconds * (4 if len(self.page_ranges) % 4 == 2 else 1), page


def swept(catalog, concurrencies=(1, 2), most_requests=1_000, target_seconds=10.0):
    return list(sweep(catalog, concurrencies, most_requests, target_seconds))


def sizes(measurements):
    return [(measured.page_size, measured.concurrency) for measured in measurements]


class TestMeasure:
    def test_length_of_the_list_is_asked_for_with_as_little_as_tells_it(self):
        catalog = ModelledCatalog(300)
        measure(catalog)
        assert catalog.page_ranges == [PageRange(0, 2)]

    def test_seconds_are_of_a_page_of_that_size(self):
        assert measure(ModelledCatalog(300))(100) == 0.1

    def test_page_may_be_as_long_as_the_list(self):
        assert measure(ModelledCatalog(100))(100) == 0.1

    def test_page_longer_than_the_list_is_not_measured(self):
        assert measure(ModelledCatalog(99))(100) is None

    def test_smallest_page_is_measured_however_short_the_list_is(self):
        assert measure(ModelledCatalog(3))(20) == 0.02

    def test_no_other_page_is_measured_of_so_short_a_list(self):
        assert measure(ModelledCatalog(3))(50) is None

    @pytest.mark.parametrize(("count", "size"), [(3, 20), (20, 20), (21, 20), (1_000, 20)])
    def test_windows_lie_within_the_list(self, count, size):
        catalog = ModelledCatalog(count)
        seconds_of = measure(catalog)
        for _ in range(50):
            seconds_of(size)
        assert all(0 <= page_range.offset <= max(0, count - size) for page_range in catalog.page_ranges)

    def test_last_rows_are_measured_too(self):
        catalog = ModelledCatalog(21)
        seconds_of = measure(catalog)
        for _ in range(100):
            seconds_of(20)
        assert {page_range.offset for page_range in catalog.page_ranges} == {0, 1}

    def test_page_that_is_not_answered_has_no_seconds(self):
        assert measure(ModelledCatalog(300, fails_from=100))(100) is None

    def test_catalog_that_answers_nothing_ends_it(self):
        with pytest.raises(RequestFailed):
            measure(ModelledCatalog(300, fails_from=100, scope=Scope.SYNC))(100)


class TestSweep:
    def test_sizes_and_concurrencies_come_smallest_first(self):
        assert sizes(swept(ModelledCatalog(99))) == [(20, 1), (20, 2), (50, 1), (50, 2)]

    def test_page_may_be_as_long_as_the_list(self):
        assert sizes(swept(ModelledCatalog(50)))[-1] == (50, 2)

    def test_smallest_page_is_measured_however_short_the_list_is(self):
        assert sizes(swept(ModelledCatalog(3))) == [(20, 1), (20, 2)]

    @pytest.mark.parametrize(("most_requests", "measured"), [(4, 2), (5, 3), (6, 3), (7, 4)])
    def test_budget_of_requests_is_used_and_kept(self, most_requests, measured):
        catalog, measurements = ModelledCatalog(1_000), []
        with pytest.raises(OutOfRequests):
            measurements.extend(sweep(catalog, (1, 2), most_requests, target_seconds=10.0))
        assert (len(measurements), len(catalog.page_ranges) <= most_requests) == (measured, True)

    def test_budget_that_suffices_for_all_is_no_shortage(self):
        assert len(swept(ModelledCatalog(50), most_requests=7)) == 4

    def test_shortage_says_from_which_page_size_on(self):
        with pytest.raises(OutOfRequests, match=r"4 requests .* from 50 on"):
            swept(ModelledCatalog(1_000), most_requests=4)

    def test_page_that_takes_just_as_long_as_it_may_is_followed_by_a_larger(self):
        assert sizes(swept(ModelledCatalog(1_000), target_seconds=0.05))[-1] == (100, 1)

    def test_slow_page_among_others_does_not_end_it(self):
        assert sizes(swept(ModelledCatalog(50), concurrencies=(2,), target_seconds=0.01)) == [
            (20, 2),
            (50, 2),
        ]

    def test_page_that_is_not_answered_ends_it(self):
        assert sizes(swept(ModelledCatalog(1_000, fails_from=50))) == [(20, 1), (20, 2)]

    def test_catalog_that_answers_nothing_is_told(self):
        with pytest.raises(RequestFailed):
            swept(ModelledCatalog(1_000, fails_from=50, scope=Scope.SYNC))

    def test_estimate_is_of_the_slowest_page_and_all_requests(self):
        """Of 96 rows in pages of 20, 6 requests, three at once: twice the slowest page."""
        measured = swept(UnevenCatalog(96), concurrencies=(3,))[0]
        assert measured == Measurement(20, 3, seconds=0.02, total_seconds=0.16, requests=6)
