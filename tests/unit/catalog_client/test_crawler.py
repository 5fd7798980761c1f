"""A crawl: pages in flight, smaller pages around failures, and a bounded number of requests whatever fails."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client import Crawl, OverlappingPages, Page, PageRange, crawler
from catalog_sync.catalog_client.crawler import MissingRecords
from catalog_sync.catalog_client.schemas import CourseRun
from catalog_sync.exceptions import FailureScope, RequestFailed
from tests.properties import examples


def failure(scope: FailureScope = FailureScope.ROWS) -> RequestFailed:
    return RequestFailed("https://c.example.org/", "the Catalog answered HTTP 500", "check it", scope=scope)


class List:
    """A Catalog's list of course runs 000, 001, …; a page with one of ``failing`` fails."""

    def __init__(
        self, size: int, failing: frozenset[int] = frozenset(), scope: FailureScope = FailureScope.ROWS
    ) -> None:
        self.size, self.failing, self.scope = size, failing, scope
        self.requests: list[tuple[int, int, int | None]] = []
        self._lock = threading.Lock()

    def fetch(self, page_range, attempts) -> Page:
        with self._lock:
            self.requests.append((page_range.offset, page_range.limit, attempts))
        positions = range(self.size)[page_range.offset : page_range.offset + page_range.limit]
        if self.failing.intersection(positions):
            raise failure(self.scope)
        runs = tuple(CourseRun(f"{position:03}") for position in positions)
        return Page(runs, (), len(runs), self.size)

    def crawl(self, page_size: int, concurrency: int = 1, expected: int = 0, **changes) -> Crawl:
        how = {"fetch": self.fetch, "heartbeat": lambda: None}
        how |= {"can_go_on": lambda: True, "can_retry": lambda: True} | changes
        return Crawl(pagination=OverlappingPages(page_size, count=expected), concurrency=concurrency, **how)


def read(crawl: Crawl) -> set[int]:
    return {int(run.key) for page in crawl.pages() for run in page.course_runs}


@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_reads_each_page_once_and_none_past_the_end(concurrency):
    listing = List(50)
    crawl = listing.crawl(10, concurrency)
    assert not crawl.complete
    assert read(crawl) == set(range(50))
    assert sorted(offset for offset, _, _ in listing.requests) == [0, 9, 18, 27, 36, 45]
    assert (crawl.complete, crawl.failures) == (True, [])


def test_with_an_expected_length_no_page_is_requested_alone():
    listing, both = List(50), threading.Barrier(2, timeout=30)

    def fetch(page_range, attempts):
        if page_range.offset in (0, 9):
            both.wait()  # a BrokenBarrierError if the second page waits for the first
        return listing.fetch(page_range, attempts)

    assert read(listing.crawl(10, 2, expected=50, fetch=fetch)) == set(range(50))


@pytest.mark.parametrize("concurrency", [1, 2, 4])
@pytest.mark.parametrize("expected", [0, 1, 10, 49, 51, 80, 10_000])
def test_wrong_expected_length_costs_no_course_run_and_few_pages(expected, concurrency):
    listing = List(50)
    crawl = listing.crawl(10, concurrency, expected)
    assert (read(crawl), crawl.complete) == (set(range(50)), True)
    assert len(listing.requests) == 6


@given(st.integers(0, 60), st.integers(0, 200), st.integers(2, 20), st.integers(1, 4))
@examples(80)
def test_any_expected_length_leaves_the_list_complete(size, expected, page_size, concurrency):
    listing = List(size)
    crawl = listing.crawl(page_size, concurrency, expected)
    assert (read(crawl), crawl.complete) == (set(range(size)), True)


@given(st.data())
@examples(80)
def test_only_failing_course_runs_are_missing(data):
    size = data.draw(st.integers(5, 60))
    failing = data.draw(st.frozensets(st.integers(0, size - 1), min_size=1, max_size=4))
    crawl = List(size, failing).crawl(data.draw(st.integers(2, 20)), data.draw(st.integers(1, 3)))
    assert read(crawl) == set(range(size)) - failing
    assert (crawl.complete, len(crawl.failures)) == (False, len(failing))


@pytest.mark.parametrize("position", [0, 1, 250, 498, 499, 500, 998, 999])
def test_one_failing_course_run_in_large_pages_costs_few_requests(position):
    listing = List(1000, frozenset({position}))
    assert read(listing.crawl(500)) == set(range(1000)) - {position}
    # Three pages. For one of them, or two that overlap there: one past the end, and two for each of nine halvings.
    assert len(listing.requests) <= 3 + 2 * (1 + 2 * 9)


def test_failures_everywhere_cost_a_bounded_number_of_requests():
    listing = List(1000, frozenset(range(1, 1000)))
    assert read(listing.crawl(100)) == {0}
    assert len(listing.requests) <= crawler.MAX_NARROWING_REQUESTS + 2 * 11 + 1


def test_requests_next_pages_during_a_request():
    listing, third_is_requested = List(20), threading.Event()

    def fetch(page_range, attempts):
        if page_range.offset == 8:
            third_is_requested.set()
        if page_range.offset == 4:
            assert third_is_requested.wait(30)
        return listing.fetch(page_range, attempts)

    assert read(listing.crawl(5, 2, fetch=fetch)) == set(range(20))


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_no_more_requests_in_flight_than_allowed(concurrency):
    listing, lock, flying, most = List(200), threading.Lock(), [0], [0]

    def watched(page_range, attempts):
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
        try:
            threading.Event().wait(0.002)
            return listing.fetch(page_range, attempts)
        finally:
            with lock:
                flying[0] -= 1

    assert read(listing.crawl(5, concurrency, fetch=watched)) == set(range(200))
    assert most[0] <= concurrency


def test_single_course_run_is_requested_twice_before_it_is_reported():
    """Larger parts are only halved once more, and one request past the end shows whether the Catalog answers."""
    listing = List(10, frozenset({6}))
    read(listing.crawl(10))
    # None is the usual number of attempts, for a whole page and for the request past the end.
    narrowed = {(limit, attempts) for _, limit, attempts in listing.requests[2:] if attempts}
    assert narrowed == {(5, 1), (3, 1), (2, 1), (1, 2)}
    assert listing.requests[1][1:] == (1, None)


def test_halves_past_the_end_are_not_requested():
    listing = List(5, frozenset({0}))
    read(listing.crawl(10))
    assert (5, 5) not in {(offset, limit) for offset, limit, _ in listing.requests}


@pytest.mark.parametrize(
    ("size", "failing", "missing"),
    [(20, 6, {5, 6, 7}), (20, 0, {0, 1, 2, 3})],
    ids=["second page", "first page"],
)
def test_page_that_fails_for_another_reason_is_not_halved(size, failing, missing):
    listing = List(size, frozenset({failing}), FailureScope.PAGE)
    crawl = listing.crawl(5)
    assert read(crawl) == set(range(size)) - missing
    assert {limit for _, limit, _ in listing.requests} == {5, 1}
    assert (crawl.complete, len(crawl.failures)) == (False, 1)


def test_page_that_fails_only_as_a_whole_is_read_in_parts():
    listing = List(20)

    def too_large(page_range, attempts):
        if page_range.limit == 10:
            raise failure()
        return listing.fetch(page_range, attempts)

    crawl = listing.crawl(10, fetch=too_large)
    assert read(crawl) == set(range(20))
    assert not crawl.complete
    assert crawl.failures[0] == (
        "course runs 0 to 9 of the list could only be read in parts, so some may be missing: run the command again "
        "with a smaller page size"
    )


@pytest.mark.parametrize("concurrency", [1, 3])
def test_page_that_fails_for_a_moment_is_read_again(concurrency):
    listing, failures = List(50), iter([failure()])

    def fail_once(page_range, attempts):
        if page_range.offset == 18 and (error := next(failures, None)):
            raise error
        return listing.fetch(page_range, attempts)

    crawl = listing.crawl(10, concurrency, fetch=fail_once)
    assert read(crawl) == set(range(50))
    assert (crawl.complete, crawl.failures) == (True, [])
    pages = sorted(offset for offset, limit, _ in listing.requests if limit == 10)
    assert pages == [0, 9, 18, 27, 36, 45]


class Outage(List):
    """A list whose pages fail from this position on; ``is_down``: the request past the end fails as well."""

    def __init__(self, size: int, start: int, *, is_down: bool, scope: FailureScope) -> None:
        super().__init__(size, frozenset(range(start, size)), scope)
        self.is_down = is_down

    def fetch(self, page_range, attempts) -> Page:
        page = super().fetch(page_range, attempts)
        if self.is_down and page_range.offset >= crawler.FAR_OFFSET:
            raise failure(self.scope)
        return page


class TestCatalogThatGoesDown:
    @pytest.mark.parametrize(("scope", "attempts"), [(FailureScope.PAGE, 1), (FailureScope.ROWS, None)])
    def test_ends_the_crawl(self, scope, attempts):
        """After HTTP 500 a page has not waited, so the request past the end does."""
        listing = Outage(1000, 100, is_down=True, scope=scope)
        crawl = listing.crawl(50)
        assert read(crawl) == set(range(99))
        assert crawl.failures == [
            "the course runs from 98 to the end of the list are missing, because the Catalog answered HTTP 500: "
            "check it"
        ]
        assert listing.requests[2:] == [(98, 50, None), (crawler.FAR_OFFSET + 98, 1, attempts)]

    def test_waits_after_a_failure_that_is_not_repeated(self):
        listing = Outage(1000, 0, is_down=True, scope=FailureScope.PAGE)

        def refuse(page_range, attempts):
            try:
                return listing.fetch(page_range, attempts)
            except RequestFailed as error:
                error.retryable = False
                raise

        with pytest.raises(RequestFailed):
            read(listing.crawl(50, fetch=refuse))
        assert [attempts for _, _, attempts in listing.requests] == [None, None]

    @pytest.mark.parametrize("scope", [FailureScope.PAGE, FailureScope.ROWS])
    @pytest.mark.parametrize("is_down", [True, False])
    @pytest.mark.parametrize("size", [1, 20, 1000])
    def test_fails_the_crawl_once_if_nothing_was_read(self, scope, is_down, size):
        listing = Outage(size, 0, is_down=is_down, scope=scope)
        crawl = listing.crawl(50)
        with pytest.raises(RequestFailed):
            read(crawl)
        assert (crawl.failures, crawl.complete) == ([], False)


@pytest.mark.parametrize("limit", [1, 5], ids=["request past the end", "half of a page"])
def test_failure_of_the_whole_sync_ends_the_search_for_the_cause(limit):
    listing = List(20, frozenset({6}))

    def throttle(page_range, attempts):
        if page_range.limit == limit:
            raise failure(FailureScope.SYNC)
        return listing.fetch(page_range, attempts)

    with pytest.raises(RequestFailed) as caught:
        read(listing.crawl(10, fetch=throttle))
    assert caught.value.scope is FailureScope.SYNC


class TestPagesThatFailInARow:
    def test_end_the_crawl(self):
        """The request past the end is answered, since its reply is short."""
        listing = Outage(1000, 100, is_down=False, scope=FailureScope.PAGE)
        crawl = listing.crawl(50)
        assert read(crawl) == set(range(99))
        assert crawl.failures == [
            f"{missing} missing, because the Catalog answered HTTP 500: check it"
            for missing in (
                "course runs 98 to 147 of the list are",
                "course runs 147 to 196 of the list are",
                "the course runs from 196 to the end of the list are",
            )
        ]

    def test_are_tried_less_often(self):
        listing = Outage(1000, 100, is_down=False, scope=FailureScope.PAGE)
        read(listing.crawl(50))
        assert [attempts for _, limit, attempts in listing.requests if limit == 50] == [
            None,
            None,
            None,
            1,
            2,
            2,
        ]

    def test_do_not_end_it_if_the_catalog_fails_on_their_course_runs(self):
        """After the last request for halves, whole pages are missing."""
        crawl = List(1000, frozenset(range(400))).crawl(100)
        assert read(crawl) == set(range(495, 1000))

    def test_do_not_end_it_if_others_are_read_in_between(self):
        listing = List(1000, frozenset(range(20, 1000, 150)), FailureScope.PAGE)
        crawl = listing.crawl(50)
        read(crawl)
        assert len(crawl.failures) == 7
        assert {attempts for _, limit, attempts in listing.requests if limit == 50} == {None, 1, 2}

    def test_first_is_read_again_after_the_request_past_the_end(self):
        listing, failing = List(100), [failure(FailureScope.PAGE)]

        def fail_once(page_range, attempts):
            if page_range.offset == 49 and failing:
                raise failing.pop()
            return listing.fetch(page_range, attempts)

        crawl = listing.crawl(50, fetch=fail_once)
        assert (read(crawl), crawl.failures) == (set(range(100)), [])


class TestNoTimeForRetries:
    def test_ends_the_crawl(self):
        crawl = List(20, frozenset({6})).crawl(5, can_go_on=lambda: False)
        assert read(crawl) == set(range(5))
        assert crawl.failures == [
            "the course runs from 4 to the end of the list are missing, because retry_deadline_seconds is used up "
            "(the Catalog answered HTTP 500): check it"
        ]

    def test_reads_no_failed_page_again(self):
        listing = List(20, frozenset({6}), FailureScope.PAGE)
        read(listing.crawl(5, can_retry=lambda: False))
        assert [offset for offset, limit, _ in listing.requests if limit == 5] == [0, 4, 8, 12, 16]

    def test_fails_the_crawl_if_nothing_was_read(self):
        with pytest.raises(RequestFailed):
            read(List(20, frozenset({0})).crawl(5, can_go_on=lambda: False))

    def test_ends_halving(self):
        answers = iter([True])
        listing = List(20, frozenset(range(10, 20)))
        crawl = listing.crawl(10, can_go_on=lambda: next(answers, False))
        read(crawl)
        assert crawl.failures[:2] == [
            f"course runs {part} of the list are missing, because the Catalog answered HTTP 500: check it"
            for part in ("9 to 13", "14 to 18")
        ]


def test_exception_of_the_heartbeat_ends_the_crawl():
    answered = threading.Event()

    def hang(page_range, attempts):
        answered.wait(30)
        raise AssertionError

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        read(List(20).crawl(5, fetch=hang, heartbeat=stop))
    answered.set()


def test_page_without_course_runs_is_not_a_neighbor():
    missing = MissingRecords()
    missing.note(Page((CourseRun("a"),), (), 1, 9))
    missing.add_course_run(1, failure())
    missing.note(Page((), (), 0, 9))
    assert missing.failures == []


def test_missing_page_ends_with_the_list():
    missing = MissingRecords()
    missing.add_page(PageRange(4, 500), 9, failure())
    assert missing.failures[0].startswith("course runs 4 to 8 of the list are missing")
