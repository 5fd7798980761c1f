"""Overlapping pages, step by step: which page is read after each kind of reply, and what is reported."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import OverlappingPages, Page, PageRange
from catalog_sync.catalog_client.schemas import CourseRun, RejectedRecord

KEYS = [f"{n:04}" for n in range(200)]


def page(first: int, rows: int = 10, count: int = 100) -> Page:
    """Return the page of so many rows from this position of the list."""
    # Equal keys are different objects, as in replies.
    return Page(tuple(CourseRun(f"{n:04}") for n in range(first, first + rows)), (), rows, count)


def after(*pages: Page, page_size: int = 10, **partition: int) -> OverlappingPages:
    pagination = OverlappingPages(page_size, **partition)
    for each in pages:
        pagination.add(each)
    return pagination


def read_all(pagination: OverlappingPages, answer) -> list[int]:
    """Read until the list ends; return the offsets."""
    offsets = []
    while not pagination.ended:
        offsets.append(pagination.next().offset)
        assert len(offsets) < 1_000, "the crawl does not end"
        pagination.add(answer(pagination.next()))
    return offsets


@pytest.mark.parametrize(
    ("pages", "offset"),
    [
        pytest.param([page(0), page(9)], 18, id="linked: the next page"),
        pytest.param([page(0), page(30)], 4, id="not linked: half a page back"),
        pytest.param([page(0), page(30), page(30)], 0, id="not before the first row"),
        pytest.param([page(0), page(30), page(30), page(50)], 9, id="the first row needs no link"),
        pytest.param(
            [page(0), page(9, rows=5), page(13)], 18, id="after a short page: the usual offsets again"
        ),
        pytest.param([page(0), page(30), page(4, rows=3)], 6, id="short and read further back: its last row"),
        pytest.param([page(0), page(0)], 4, id="repeated: half a page back"),
        pytest.param(
            [page(0), page(0, count=108)], 4, id="repeated: one course run too few was added before it"
        ),
        pytest.param([page(0), page(0, count=109)], 18, id="not repeated: as many were added before it"),
        pytest.param([page(0), page(0, count=110)], 18, id="not repeated: more were added before it"),
        pytest.param(
            [page(0), page(9), page(9, count=109)], 27, id="not repeated: added before a later page"
        ),
        # One course run was removed before it, and four after it.
        pytest.param(
            [page(0), page(9), page(30), page(50), page(9, count=95)], 9, id="not repeated: further back"
        ),
        pytest.param(
            [page(0), page(30), page(30), page(0, count=99)], 9, id="not repeated: the same position"
        ),
        pytest.param([page(0), page(9, rows=1)], 8, id="a known row alone: another request"),
        pytest.param([page(0, rows=1)], 0, id="a row alone, not before the first row"),
    ],
)
def test_next_page_is_further_back_unless_the_last_one_was_linked(pages, offset):
    assert after(*pages).next().offset == offset


@pytest.mark.parametrize(
    ("second", "is_accepted"),
    [(page(9), True), (page(30), False), (page(9, rows=0), False), (page(0, rows=12), False)],
    ids=["linked", "not linked", "empty", "repeated"],
)
def test_accepts_only_a_linked_page(second, is_accepted):
    assert after(page(0), second).has_accepted(second) is is_accepted


@pytest.mark.parametrize(("page_size", "rows"), [(1, 2), (2, 2), (3, 3)])
def test_page_has_at_least_two_rows(page_size, rows):
    assert OverlappingPages(page_size).next().limit == rows


def test_partition_begins_without_a_link():
    assert after(page(18), start=18).next().offset == 27


@pytest.mark.parametrize("stop", [15, 18])
def test_partition_ends_where_the_next_one_begins(stop):
    assert not after(page(0), stop=stop).ended
    assert after(page(0), page(9), stop=stop).ended


@pytest.mark.parametrize(
    ("count", "partition", "offsets"),
    [(100, {}, [9, 18, 27]), (19, {}, [9, 18]), (19, {"stop": 18}, [9])],
    ids=["usual offsets", "to the end of the list", "to the end of the partition"],
)
def test_prefetched_pages_overlap_and_end_with_the_list_or_the_partition(count, partition, offsets):
    pagination = after(page(0, count=count), page(30, count=count), **partition)
    assert [page_range.offset for page_range in pagination.following(3)] == offsets


def test_two_crawls_send_the_same_requests():
    """So the Catalog can answer the second one from its cache."""

    def quiet(page_range):
        return page(page_range.offset, len(KEYS[page_range.offset : 50][: page_range.limit]), count=50)

    assert [read_all(OverlappingPages(10), quiet) for _ in range(2)] == [[0, 9, 18, 27, 36, 45]] * 2


def test_rejected_records_link_pages():
    def answer(page_range):
        keys = KEYS[page_range.offset : 20][: page_range.limit]
        runs = tuple(CourseRun(key) for key in keys if key not in KEYS[::4])
        rejected = tuple(RejectedRecord(key, "") for key in keys if key in KEYS[::4])
        return Page(runs, rejected, len(keys), 20)

    pagination = OverlappingPages(5)
    assert read_all(pagination, answer) == [0, 4, 8, 12, 16]
    assert pagination.complete


def test_rejected_record_without_a_key_does_not_link_pages():
    """So the page is read again further back, where other records link it."""

    def answer(page_range):
        keys = KEYS[page_range.offset : 20][: page_range.limit]
        runs = tuple(CourseRun(key) for key in keys if key != KEYS[4])
        return Page(runs, (RejectedRecord("", ""),) * (len(keys) - len(runs)), len(keys), 20)

    pagination = OverlappingPages(5)
    assert read_all(pagination, answer)[:3] == [0, 4, 2]
    assert pagination.complete


class TestMissingPage:
    """A page that could not be read. Without the proof, links are of no use."""

    def test_later_pages_need_no_link(self):
        pagination = after(page(0))
        pagination.skip()
        pagination.add(page(18))
        pagination.add(page(60))
        assert pagination.next().offset == 36

    def test_list_is_not_complete(self):
        pagination = after(page(0, count=24))
        pagination.skip()
        pagination.add(page(18, rows=6, count=24))
        assert (pagination.ended, pagination.complete) == (True, False)

    @pytest.mark.parametrize(("count", "ended"), [(9, True), (18, True), (19, False)])
    def test_last_page_ends_the_list(self, count, ended):
        pagination = after(page(0, count=count))
        pagination.skip()
        assert pagination.ended is ended

    def test_rest_of_the_list_is_given_up(self):
        pagination = after(page(0))
        pagination.give_up()
        assert (pagination.ended, pagination.complete) == (True, False)


class TestGap:
    """What else may be missing, as a clause for the operator."""

    def test_later_pages_need_no_link(self):
        pagination = after(page(0))
        pagination.gaps.append("a gap")
        pagination.add(page(60))
        assert pagination.next().offset == 18

    def test_list_keeps_changing(self):
        pagination, reads = OverlappingPages(10), 0
        while not pagination.gaps:
            reads += 1
            pagination.add(Page(tuple(CourseRun(f"{reads} {n}") for n in range(10)), (), 10, 100))
        # Four reads per page, and twenty; then the next page is accepted without a link.
        assert reads == 4 * (100 // 9 + 1) + 20 + 1
        assert pagination.gaps == [
            "the list kept changing around position 4: run the command again while fewer people edit"
        ]

    def test_three_repeated_pages_end_the_crawl(self):
        pagination = OverlappingPages(10)
        assert len(read_all(pagination, lambda page_range: page(0))) == 6
        assert pagination.gaps == [
            "the Catalog returns the same course runs for different positions: check for a cache in front of it that "
            "ignores the query string"
        ]

    def test_two_pages_without_a_new_row_end_the_crawl(self):
        pagination = OverlappingPages(10)
        assert len(read_all(pagination, lambda page_range: page(0, rows=1))) == 3
        assert pagination.gaps == ["the Catalog counts 100 course runs but lists 1: check the Catalog's log"]


@pytest.mark.parametrize(
    ("page_range", "halves"),
    [
        (PageRange(10, 7), (PageRange(10, 3), PageRange(13, 4))),
        (PageRange(4, 2), (PageRange(4, 1), PageRange(5, 1))),
    ],
)
def test_halves_of_a_page_are_all_of_it(page_range, halves):
    assert page_range.halves() == halves


def test_pages_differ_by_offset_and_limit():
    assert len({PageRange(4, 2), PageRange(4, 2), PageRange(4, 3), PageRange(5, 2)}) == 3
