"""Windows over a list that moves: a chain that ends complete has shown every run that stayed."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st

from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.catalog_client.pagination import OverlappingPages, PageRange
from tests.properties import examples

MOST_RUNS = 60


@dataclass
class MovingList:
    """A list of runs, each a number in the order of the list, that changes after each read.

    Attributes:
        stayed: the runs that were listed at every moment since the first read.
    """

    listed: set[int]
    changes: list[tuple[set[int], set[int]]]
    shown: set[int] = field(default_factory=set)
    reads: int = 0
    longest: int = 0

    def __post_init__(self) -> None:
        self.stayed = set(self.listed)

    def read(self, page_range: PageRange) -> Page:
        """Answer a window as the service does, then change."""
        rows = sorted(self.listed)[page_range.offset :][: page_range.limit]
        page = Page(tuple(CourseRun(f"{row:04}") for row in rows), (), len(rows), len(self.listed))
        self.longest = max(self.longest, len(self.listed))
        entering, leaving = self.changes[self.reads] if self.reads < len(self.changes) else (set(), set())
        self.listed = (self.listed | entering) - leaving
        self.stayed &= self.listed
        self.reads += 1
        return page


def crawl(pagination: OverlappingPages, moving: MovingList, ahead: int) -> int:
    """Read as a crawl does, some windows ahead of their time; return how many pages the chain was given."""
    in_flight: dict[PageRange, Page] = {}
    pages = 0
    while not pagination.ended:
        page_range = pagination.next()
        page = in_flight.pop(page_range) if page_range in in_flight else moving.read(page_range)
        pagination.add(page)
        pages += 1
        moving.shown.update(int(run.key) for run in page.course_runs)
        assert pages <= reads_allowed(pagination.page_size, moving.longest), "the chain does not end"
        wanted = [] if pagination.ended else [pagination.next(), *pagination.following(ahead)]
        in_flight = {each: in_flight.get(each) or moving.read(each) for each in wanted}
    return pages


def reads_allowed(page_size: int, longest: int) -> int:
    """Return a bound that an operator may count on: about nine reads a window of the longest list, and a few."""
    return 9 * (longest // (page_size - 1) + 1) + 41


def partition(start: int, length: int) -> set[int]:
    return set(range(start, start + length))


positions = st.integers(0, MOST_RUNS)
# A few runs anywhere, or all of a stretch: rows at the front move every later row.
some_runs = st.sets(positions, max_size=4) | st.builds(partition, positions, st.integers(0, MOST_RUNS))
moving_lists = st.builds(
    MovingList,
    st.sets(positions) | st.builds(partition, st.just(0), positions),
    st.lists(st.tuples(some_runs, some_runs), max_size=40),
)
page_sizes = st.integers(2, 20)


@given(moving_lists, page_sizes, st.integers(0, 3))
@examples(1500)
@example(MovingList(partition(0, 30), [(set(), partition(0, 1))] * 8), 10, 0)
def test_complete_chain_has_shown_every_run_that_stayed(moving, page_size, ahead):
    pagination = OverlappingPages(page_size)
    crawl(pagination, moving, ahead)
    assert not pagination.complete or moving.stayed <= moving.shown


@given(st.sets(positions), some_runs, some_runs, positions, page_sizes, st.integers(0, 3))
@examples(500)
@example(partition(0, 14), set(), partition(0, 14), 12, 2, 0)
@example(partition(0, 14), set(), partition(0, 14), 12, 2, 3)
@example(partition(0, 60), set(), partition(0, 60), 20, 2, 0)
def test_chain_completes_when_the_list_moves_once(listed, entering, leaving, moment, page_size, ahead):
    quiet_before = [(set(), set())] * min(moment, 20)
    pagination = OverlappingPages(page_size)
    crawl(pagination, MovingList(listed, [*quiet_before, (entering, leaving)]), ahead)
    assert pagination.complete


@given(st.integers(0, 500), page_sizes, st.integers(0, 3))
@examples(300)
def test_quiet_list_takes_one_read_a_window(length, page_size, ahead):
    moving = MovingList(partition(0, length), [])
    crawl(OverlappingPages(page_size), moving, ahead)
    assert moving.reads == max(0, length - 1) // (page_size - 1) + 1


@given(moving_lists, page_sizes, st.integers(0, 3), st.integers(1, 4))
@examples(500)
def test_joined_stretches_have_shown_every_run_that_stayed(moving, page_size, ahead, page_ranges):
    """Two chains over one list, the second from where the first stops, are one proof if they share a run."""
    border = page_ranges * (page_size - 1)
    left, right = OverlappingPages(page_size, stop=border), OverlappingPages(page_size, start=border)
    crawl(left, moving, ahead)
    last_of_left = left.shared or frozenset()
    first_of_right = moving.read(right.next())
    right.add(first_of_right)
    moving.shown.update(int(run.key) for run in first_of_right.course_runs)
    crawl(right, moving, ahead)
    joined = left.complete and right.complete and last_of_left & first_of_right.keys()
    assert not joined or moving.stayed <= moving.shown


@given(st.integers(0, 500), st.integers(0, 500), st.integers(2, 20))
@examples(200)
def test_service_that_ignores_the_offset_is_no_endless_crawl(count, rows, page_size):
    pagination, page = (
        OverlappingPages(page_size),
        Page(tuple(CourseRun(str(n)) for n in range(rows)), (), rows, count),
    )
    reads = 0
    while not pagination.ended:
        pagination.add(page)
        reads += 1
        assert reads <= reads_allowed(page_size, max(count, rows))


@given(st.integers(0, 100), st.integers(1, 50), page_sizes)
@examples(200)
def test_count_above_the_list_is_no_success(length, too_many, page_size):
    runs = partition(0, length)
    pagination = OverlappingPages(page_size)
    while not pagination.ended:
        page_range = pagination.next()
        rows = sorted(runs)[page_range.offset :][: page_range.limit]
        pagination.add(Page(tuple(CourseRun(str(row)) for row in rows), (), len(rows), length + too_many))
    assert not pagination.complete
