"""A crawl: windows in flight, poison narrowed, and a bounded number of requests whatever fails."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client import Crawl, OverlappingPages, Page, crawler
from catalog_sync.catalog_client.schemas import CourseRun
from catalog_sync.exceptions import RequestFailed, Scope
from tests.properties import examples


class List:
    """A Catalog's list of runs named 000, 001, …; ``poison`` are positions that break a page."""

    def __init__(self, size: int, poison: frozenset[int] = frozenset(), scope: Scope = Scope.ROWS) -> None:
        self.size, self.poison, self.scope = size, poison, scope
        self.down_from: int | None = None
        self.asked: list[tuple[int, int, int | None]] = []
        self._lock = threading.Lock()

    def fetch(self, page_range, attempts) -> Page:
        with self._lock:
            self.asked.append((page_range.offset, page_range.limit, attempts))
            is_down = self.down_from is not None and len(self.asked) > self.down_from
        positions = range(self.size)[page_range.offset : page_range.offset + page_range.limit]
        if is_down or self.poison.intersection(positions):
            raise RequestFailed("https://c.example.org/", "answered HTTP 500", "look", scope=self.scope)
        runs = tuple(CourseRun(f"{position:03}") for position in positions)
        return Page(runs, (), len(runs), self.size)

    def crawl(
        self, page_size: int, *, concurrency: int = 1, can_go_on=lambda: True, heartbeat=lambda: None
    ) -> Crawl:
        return Crawl(self.fetch, OverlappingPages(page_size), concurrency, heartbeat, can_go_on)


def seen(crawled: Crawl) -> set[int]:
    return {int(run.key) for page in crawled.pages() for run in page.course_runs}


@given(st.data())
@examples(80)
def test_only_poison_runs_are_missing(data):
    size = data.draw(st.integers(1, 60))
    poison = data.draw(st.frozensets(st.integers(0, size - 1), min_size=1, max_size=4))
    crawled = List(size, poison).crawl(
        data.draw(st.integers(2, 20)), concurrency=data.draw(st.integers(1, 3))
    )
    assert seen(crawled) == set(range(size)) - poison
    assert (crawled.complete, len(crawled.failures)) == (False, len(poison))


@pytest.mark.parametrize("position", [0, 1, 250, 498, 499, 500, 998, 999])
def test_one_poison_run_in_large_pages_costs_few_requests(position):
    listing = List(1000, frozenset({position}))
    assert seen(listing.crawl(500)) == set(range(1000)) - {position}
    # Three pages, one of them or two that overlap there narrowed: one past the end, two for each of nine halvings.
    assert len(listing.asked) <= 3 + 2 * (1 + 2 * 9)


def test_poison_everywhere_costs_a_bounded_number_of_requests():
    listing = List(1000, frozenset(range(1000)))
    crawled = listing.crawl(100)
    assert seen(crawled) == set()
    assert len(listing.asked) <= crawler.MOST_NARROWING_REQUESTS + 2 * 11 + 1


def test_next_windows_are_asked_for_while_one_is_waited_for():
    listing, third_was_asked_for = List(20), threading.Event()

    def fetch(page_range, attempts):
        if page_range.offset == 8:
            third_was_asked_for.set()
        if page_range.offset == 4:
            third_was_asked_for.wait(10)
            assert third_was_asked_for.is_set()
        return listing.fetch(page_range, attempts)

    crawled = Crawl(fetch, OverlappingPages(5), 2, lambda: None, lambda: True)
    assert seen(crawled) == set(range(20))


def test_single_row_is_not_blamed_by_one_attempt():
    listing = List(20, frozenset({7}))
    seen(listing.crawl(5))
    assert {attempts for _, limit, attempts in listing.asked if limit == 1 and attempts != 1} == {2}


def test_neighbors_are_named():
    crawled = List(20, frozenset({7})).crawl(5)
    seen(crawled)
    [failure] = crawled.failures
    assert "position 7 (after 006, before 008)" in failure


def test_neighbors_of_adjacent_poison_runs_are_the_same():
    crawled = List(20, frozenset({6, 7})).crawl(10)
    seen(crawled)
    assert ["(after 005, before 008)" in failure for failure in crawled.failures] == [True, True]


def test_poison_that_two_windows_share_is_told_once():
    crawled = List(20, frozenset({4})).crawl(5)
    seen(crawled)
    assert len(crawled.failures) == 1


def test_windows_that_fail_for_another_reason_are_not_narrowed():
    listing = List(20, frozenset({6}), Scope.WINDOW)
    crawled = listing.crawl(5)
    assert seen(crawled) == set(range(20)) - {5, 6, 7}
    assert {limit for _, limit, _ in listing.asked} == {5, 1}


def test_a_catalog_that_is_down_is_not_narrowed():
    listing = List(20)
    listing.down_from = 0
    with pytest.raises(RequestFailed):
        seen(listing.crawl(5))
    assert len(listing.asked) == 2


def test_a_catalog_that_breaks_down_midway_is_not_narrowed():
    listing = List(100)
    listing.down_from = 2
    crawled = listing.crawl(5)
    assert seen(crawled) == set(range(9))
    # Each window once, and each time one request to see whether the Catalog is back.
    assert len(listing.asked) <= 2 + 2 * 25


def test_window_that_fails_only_as_a_whole_is_read_in_parts():
    listing = List(20)
    fetch = listing.fetch

    def too_large(page_range, attempts):
        if page_range.limit == 10:
            raise RequestFailed("https://c.example.org/", "answered HTTP 500", "look", scope=Scope.ROWS)
        return fetch(page_range, attempts)

    crawled = Crawl(too_large, OverlappingPages(10), 1, lambda: None, lambda: True)
    assert seen(crawled) == set(range(20))
    assert not crawled.complete
    assert "could only be read in parts" in crawled.failures[0]


def test_first_window_that_fails_costs_only_itself():
    listing = List(20, frozenset({0}), Scope.WINDOW)
    assert seen(listing.crawl(5)) == set(range(4, 20))


def test_failure_that_reaches_the_whole_run_ends_it():
    listing = List(20, frozenset({6}), Scope.RUN)
    with pytest.raises(RequestFailed):
        seen(listing.crawl(5))
    assert len(listing.asked) == 2


def test_no_time_left_ends_the_crawl_with_what_it_has():
    listing = List(20, frozenset({6}))
    crawled = listing.crawl(5, can_go_on=lambda: False)
    assert seen(crawled) == set(range(5))
    assert "from 4 to the end of the list are missing" in crawled.failures[0]


def test_no_time_left_at_the_start_is_a_failure():
    with pytest.raises(RequestFailed):
        seen(List(20, frozenset({0})).crawl(5, can_go_on=lambda: False))


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_no_more_requests_in_flight_than_allowed(concurrency):
    listing, lock, flying, most = List(200), threading.Lock(), [0], [0]
    fetch = listing.fetch

    def watched(page_range, attempts):
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
        try:
            threading.Event().wait(0.002)
            return fetch(page_range, attempts)
        finally:
            with lock:
                flying[0] -= 1

    crawled = Crawl(watched, OverlappingPages(5), concurrency, lambda: None, lambda: True)
    assert seen(crawled) == set(range(200))
    assert most[0] <= concurrency


def test_what_a_tick_raises_ends_the_crawl():
    answered = threading.Event()

    def hang(page_range, attempts):
        answered.wait(10)
        raise AssertionError

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        seen(Crawl(hang, OverlappingPages(5), 1, stop, lambda: True))
    answered.set()


def test_whole_list_is_complete():
    crawled = List(30).crawl(10)
    seen(crawled)
    assert (crawled.complete, crawled.failures) == (True, [])


def test_list_with_a_loss_is_not_complete():
    crawled = List(30, frozenset({3}), Scope.WINDOW).crawl(10)
    seen(crawled)
    assert (crawled.complete, len(crawled.failures)) == (False, 1)


@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_each_window_is_asked_for_once_and_none_past_the_end(concurrency):
    listing = List(50)
    seen(listing.crawl(10, concurrency=concurrency))
    assert sorted(offset for offset, _, _ in listing.asked) == [0, 9, 18, 27, 36, 45]


def test_single_run_is_asked_for_twice_before_it_is_blamed():
    """What is wider is only halved once more, and one request past the end tells whether the Catalog answers."""
    listing = List(10, frozenset({6}))
    seen(listing.crawl(10))
    # None: as often as usual, for what is no part of a window.
    narrowed = {(limit, attempts) for _, limit, attempts in listing.asked[2:] if attempts}
    assert narrowed == {(5, 1), (3, 1), (2, 1), (1, 2)}
    assert listing.asked[1][1:] == (1, 1)


def test_nothing_is_asked_for_past_the_end_while_narrowing():
    listing = List(5, frozenset({0}))
    seen(listing.crawl(10))
    assert (5, 5) not in {(offset, limit) for offset, limit, _ in listing.asked}


def test_all_that_there_is_no_time_to_narrow_is_told():
    listing = List(10, frozenset(range(10)))
    answers = iter([True])
    crawled = listing.crawl(10, can_go_on=lambda: next(answers, False))
    seen(crawled)
    first, second, *_ = crawled.failures
    assert first.startswith("course runs 0 to 4 of the list are missing")
    assert second.startswith("course runs 5 to 9 of the list are missing")


def test_list_that_was_not_read_is_not_complete():
    crawled = List(30).crawl(10)
    assert (crawled.complete, crawled.failures) == (False, [])
