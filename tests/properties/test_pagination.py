"""Overlapping pages of a list that changes: if they are complete, they have every course run that stayed listed."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.catalog_client.pagination import OverlappingPages, PageRange
from tests.properties import examples

MAX_RUNS = 60


@dataclass
class MovingList:
    """A list of course runs, each a number, that changes after each read.

    Attributes:
        stayed: the course runs that were listed at every moment since the first read.
        seen: those on a page that was added.
    """

    listed: set[int]
    changes: list[tuple[set[int], set[int]]]
    seen: set[int] = field(default_factory=set)
    reads: int = 0
    longest: int = 0

    def __post_init__(self) -> None:
        self.stayed = set(self.listed)

    def read(self, page_range: PageRange) -> Page:
        """Answer as the Catalog does, then change."""
        rows = sorted(self.listed)[page_range.offset :][: page_range.limit]
        page = Page(tuple(CourseRun(f"{row:04}") for row in rows), (), len(rows), len(self.listed))
        self.longest = max(self.longest, len(self.listed))
        entering, leaving = self.changes[self.reads] if self.reads < len(self.changes) else (set(), set())
        self.listed = (self.listed | entering) - leaving
        self.stayed &= self.listed
        self.reads += 1
        return page


def crawl(pagination: OverlappingPages, moving: MovingList, ahead: int) -> int:
    """Read as a crawl does, some pages ahead of their time; return how many pages were added."""
    in_flight: dict[PageRange, Page] = {}
    pages = 0
    while not pagination.ended:
        page_range = pagination.next()
        page = in_flight.pop(page_range) if page_range in in_flight else moving.read(page_range)
        pagination.add(page)
        pages += 1
        moving.seen.update(int(run.key) for run in page.course_runs)
        assert pages <= reads_allowed(pagination.page_size, moving.longest), "the crawl does not end"
        wanted = [] if pagination.ended else [pagination.next(), *pagination.following(ahead)]
        in_flight = {each: in_flight.get(each) or moving.read(each) for each in wanted}
    return pages


def reads_allowed(page_size: int, longest: int) -> int:
    """Return the largest number of reads: about nine per page of the longest list, and a few."""
    return 9 * (longest // (page_size - 1) + 1) + 41


def partition(start: int, length: int) -> set[int]:
    return set(range(start, start + length))


positions = st.integers(0, MAX_RUNS)
# A few course runs anywhere, or all of a partition: rows at the front move every later row.
some_runs = st.sets(positions, max_size=4) | st.builds(partition, positions, st.integers(0, MAX_RUNS))
moving_lists = st.builds(
    MovingList,
    st.sets(positions) | st.builds(partition, st.just(0), positions),
    st.lists(st.tuples(some_runs, some_runs), max_size=40),
)
page_sizes = st.integers(2, 20)


@given(moving_lists, page_sizes, st.integers(0, 3))
@examples(1500)
@example(MovingList(partition(0, 30), [(set(), partition(0, 1))] * 8), 10, 0)
def test_complete_list_has_every_course_run_that_stayed(moving, page_size, ahead):
    pagination = OverlappingPages(page_size)
    crawl(pagination, moving, ahead)
    assert not pagination.complete or moving.stayed <= moving.seen


@given(st.sets(positions), some_runs, some_runs, positions, page_sizes, st.integers(0, 3))
@examples(500)
@example(partition(0, 14), set(), partition(0, 14), 12, 2, 0)
@example(partition(0, 14), set(), partition(0, 14), 12, 2, 3)
@example(partition(0, 60), set(), partition(0, 60), 20, 2, 0)
def test_list_that_changes_once_is_complete(listed, entering, leaving, moment, page_size, ahead):
    quiet_before = [(set(), set())] * min(moment, 20)
    pagination = OverlappingPages(page_size)
    crawl(pagination, MovingList(listed, [*quiet_before, (entering, leaving)]), ahead)
    assert pagination.complete


@given(st.integers(0, 500), page_sizes, st.integers(0, 3))
@examples(300)
def test_quiet_list_takes_one_read_per_page(length, page_size, ahead):
    moving, pagination = MovingList(partition(0, length), []), OverlappingPages(page_size)
    crawl(pagination, moving, ahead)
    assert moving.reads == max(0, length - 1) // (page_size - 1) + 1
    assert (pagination.complete, moving.seen) == (True, partition(0, length))


@given(moving_lists, page_sizes, st.integers(0, 3), st.integers(1, 4))
@examples(500)
def test_joined_partitions_have_every_course_run_that_stayed(moving, page_size, ahead, pages):
    """Two partitions, the second from where the first stops, are complete together if they share a course run."""
    border = pages * (page_size - 1)
    left, right = OverlappingPages(page_size, stop=border), OverlappingPages(page_size, start=border)
    crawl(left, moving, ahead)
    last_of_left = left.shared or frozenset()
    first_of_right = moving.read(right.next())
    right.add(first_of_right)
    moving.seen.update(int(run.key) for run in first_of_right.course_runs)
    crawl(right, moving, ahead)
    joined = left.complete and right.complete and last_of_left & first_of_right.keys()
    assert not joined or moving.stayed <= moving.seen


@given(st.integers(0, 500) | st.just(2**31 - 1), st.integers(0, 500), page_sizes)
@examples(200)
def test_catalog_that_ignores_the_offset_is_not_complete(count, rows, page_size):
    """Unless it counts no more than these few rows. And the crawl ends soon."""
    pagination, reads = OverlappingPages(page_size), 0
    page = Page(tuple(CourseRun(str(n)) for n in range(rows)), (), rows, count)
    while not pagination.ended:
        pagination.add(page)
        reads += 1
        assert reads < 100
    assert not pagination.complete or count <= rows < page_size


@given(st.integers(0, 100), st.integers(-20, 50) | st.just(1_000), page_sizes)
@examples(200)
@example(20, 1, 5)
@example(20, 5, 5)
@example(20, -13, 5)
def test_list_is_complete_if_the_count_is_not_too_high(length, delta, page_size):
    moving, pagination = MovingList(partition(0, length), []), OverlappingPages(page_size)
    while not pagination.ended:
        page = moving.read(pagination.next())
        pagination.add(msgspec.structs.replace(page, count=max(0, length + delta)))
        moving.seen.update(int(run.key) for run in page.course_runs)
        assert moving.reads <= length // (page_size - 1) + 10
    assert (pagination.complete, moving.seen) == (delta <= 0, partition(0, length))


@given(st.integers(0, 40), st.integers(2, 8), st.randoms(use_true_random=False))
@examples(200)
def test_crawl_ends_whatever_the_catalog_returns(length, page_size, dice):
    """Pages that are short, long, repeated or out of order, with wrong counts."""
    pagination, keys, reads = OverlappingPages(page_size), [f"{n:04}" for n in range(length)], 0
    while not pagination.ended:
        offset = pagination.next().offset
        first = max(0, offset + dice.choice([0, 0, 0, -offset, -3, 3]))
        rows = keys[first : first + page_size + dice.choice([0, 0, -2, 3])] * dice.choice([1, 1, 2])
        count = max(0, length + dice.choice([0, 0, -5, 5, 1000]))
        course_runs = tuple(CourseRun(key) for key in dict.fromkeys(rows))
        pagination.add(Page(course_runs, (), len(rows), count))
        reads += 1
        assert reads < 2_000
