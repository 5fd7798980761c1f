"""The chain of windows, step by step: where it looks next after each kind of page."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import OverlappingPages, Page, PageRange
from catalog_sync.catalog_client.schemas import CourseRun

KEYS = [f"{n:04}" for n in range(200)]


def page(first: int, rows: int = 10, count: int = 100) -> Page:
    """The page of so many rows from this position of the list."""
    return Page(tuple(CourseRun(key) for key in KEYS[first : first + rows]), (), rows, count)


def chain_after(*pages: Page, page_size: int = 10, **where: int) -> OverlappingPages:
    pagination = OverlappingPages(page_size, **where)
    for each in pages:
        pagination.add(each)
    return pagination


def offset(pagination: OverlappingPages) -> int:
    return pagination.next().offset


def reads_until_it_ends(pagination: OverlappingPages, answer: Page) -> int:
    for reads in range(1, 1_000):
        pagination.add(answer)
        if pagination.ended:
            return reads
    raise AssertionError("it does not end")


@pytest.mark.parametrize(("page_size", "rows"), [(1, 2), (2, 2), (3, 3)])
def test_window_holds_two_rows_at_least(page_size, rows):
    assert OverlappingPages(page_size).next().limit == rows


def test_linked_page_is_followed_by_the_next_window():
    pagination = chain_after(page(0), page(9))
    assert (offset(pagination), pagination.has_accepted(page(9))) == (18, True)


def test_page_that_is_not_linked_is_looked_for_half_a_page_back():
    pagination = chain_after(page(0), page(30))
    assert (offset(pagination), pagination.has_accepted(page(30))) == (4, False)


def test_nothing_is_before_the_first_row():
    assert offset(chain_after(page(0), page(30), page(30))) == 0


def test_first_row_needs_no_link():
    assert offset(chain_after(page(0), page(30), page(30), page(50))) == 9


def test_stretch_begins_without_a_link():
    assert offset(chain_after(page(18), start=18)) == 27


def test_stretch_ends_where_the_next_one_begins():
    assert not chain_after(page(0), stop=18).ended
    assert chain_after(page(0), page(9), stop=18).ended


def test_stretch_ends_though_the_next_one_begins_within_a_window():
    assert chain_after(page(0), page(9), stop=15).ended


def test_window_that_was_read_further_back_leads_to_the_usual_ones():
    assert offset(chain_after(page(0), page(9, rows=5), page(13))) == 18


def test_short_page_that_was_read_further_back_is_followed_by_its_last_row():
    """And not by a window before it."""
    assert offset(chain_after(page(0), page(30), page(4, rows=3))) == 6


def test_windows_ahead_are_the_usual_ones():
    """So that the service has them in its cache from the last crawl."""
    pagination = chain_after(page(0), page(30))
    assert [page_range.offset for page_range in pagination.following(3)] == [9, 18, 27]


@pytest.mark.parametrize(("where", "ahead"), [({}, [9, 18]), ({"stop": 18}, [9])])
def test_windows_ahead_end_with_the_stretch(where, ahead):
    pagination = chain_after(page(0, count=19), page(30, count=19), **where)
    assert [page_range.offset for page_range in pagination.following(9)] == ahead


class TestGap:
    """Once the proof is lost nothing is won by looking back."""

    def test_after_a_window_that_was_given_up_no_link_is_asked_for(self):
        pagination = chain_after(page(0))
        pagination.skip()
        pagination.add(page(18))
        pagination.add(page(60))
        assert offset(pagination) == 36

    def test_after_a_gap_no_link_is_asked_for(self):
        pagination = chain_after(page(0))
        pagination.gaps.append("a gap")
        pagination.add(page(60))
        assert offset(pagination) == 18

    def test_window_that_was_given_up_is_no_proof(self):
        pagination = chain_after(page(0, count=24))
        pagination.skip()
        pagination.add(page(18, rows=6, count=24))
        assert (pagination.ended, pagination.complete) == (True, False)

    @pytest.mark.parametrize(("count", "ended"), [(9, True), (18, True), (19, False)])
    def test_given_up_at_the_end_of_the_list_it_ends(self, count, ended):
        pagination = chain_after(page(0, count=count))
        pagination.skip()
        assert pagination.ended is ended

    def test_list_that_never_rests_is_read_on_at_last(self):
        pagination, reads = OverlappingPages(10), 0
        while not pagination.gaps:
            reads += 1
            pagination.add(Page(tuple(CourseRun(f"{reads} {n}") for n in range(10)), (), 10, 100))
        # Four reads a window, and twenty; then the next one without a link is taken as it is.
        assert reads == 4 * (100 // 9 + 1) + 20 + 1
        assert pagination.gaps == [
            "the list kept moving around position 4: run the command again when fewer people edit it"
        ]


class TestRepeated:
    """A page further down that begins with the same run."""

    def test_is_not_accepted(self):
        assert offset(chain_after(page(0), page(0))) == 4

    def test_is_where_it_belongs_if_as_many_runs_were_listed_before_it(self):
        assert offset(chain_after(page(0), page(0, count=109))) == 18

    def test_further_down_too(self):
        assert offset(chain_after(page(0), page(9), page(9, count=109))) == 27

    def test_is_not_repeated_if_one_too_few_was_listed(self):
        assert offset(chain_after(page(0), page(0, count=108))) == 4

    def test_is_where_it_belongs_if_more_runs_were_listed(self):
        assert offset(chain_after(page(0), page(0, count=110))) == 18

    def test_further_back_it_is_none(self):
        """One run has left before it, and four after it."""
        assert offset(chain_after(page(0), page(9), page(30), page(50), page(9, count=95))) == 9

    def test_same_position_read_again_is_no_repetition(self):
        """Though a run has left meanwhile."""
        assert offset(chain_after(page(0), page(30), page(30), page(0, count=99))) == 9

    def test_is_a_finding_after_three(self):
        pagination = chain_after(page(0))
        assert reads_until_it_ends(pagination, page(0)) == 5
        assert pagination.gaps == [
            "the Catalog answers the same course runs for different positions: look for a cache before it that "
            "passes over the query"
        ]


class TestStuck:
    """A page of one row that is known already, where the service says that there are more."""

    def test_is_asked_for_by_another_request(self):
        assert offset(chain_after(page(0), page(9, rows=1))) == 8

    def test_nothing_is_before_the_first_row(self):
        assert offset(chain_after(page(0, rows=1))) == 0

    def test_is_a_finding_after_two(self):
        pagination = OverlappingPages(10)
        assert reads_until_it_ends(pagination, page(0, rows=1)) == 3
        assert pagination.gaps == ["the Catalog counts 100 course runs and lists 1: look at its own log"]


@pytest.mark.parametrize(
    ("page_range", "halves"),
    [
        (PageRange(10, 7), (PageRange(10, 3), PageRange(13, 4))),
        (PageRange(4, 2), (PageRange(4, 1), PageRange(5, 1))),
    ],
)
def test_halves_of_a_window_are_all_of_it(page_range, halves):
    assert page_range.halves() == halves


def test_windows_are_told_apart_by_what_they_cover():
    assert len({PageRange(4, 2), PageRange(4, 2), PageRange(4, 3), PageRange(5, 2)}) == 3
