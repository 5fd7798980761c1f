"""The chain of windows: complete only if every run that stayed listed was on a page, and it always ends."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client import OverlappingPages, Page
from catalog_sync.catalog_client.schemas import CourseRun, RejectedRecord
from tests.properties import examples

MOST_READS = 2_000


def page(keys: list[str], count: int, rejected: frozenset[str] = frozenset()) -> Page:
    return Page(
        tuple(CourseRun(key) for key in dict.fromkeys(keys) if key not in rejected),
        tuple(RejectedRecord(key, "") for key in keys if key in rejected),
        rows=len(keys),
        count=count,
    )


def crawl(pagination: OverlappingPages, answer) -> tuple[set[str], int]:
    """Read until the chain ends; return the keys met and the number of reads."""
    seen: set[str] = set()
    for reads in range(1, MOST_READS):
        answered = answer(pagination.next())
        pagination.add(answered)
        seen |= answered.keys()
        if pagination.ended:
            return seen, reads
    raise AssertionError("the crawl does not end")


def listing(size: int) -> list[str]:
    return [f"{n:04}" for n in range(size)]


def honest(keys: list[str]):
    return lambda page_range: page(keys[page_range.offset : page_range.offset + page_range.limit], len(keys))


@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 10, 20, 21, 500])
@pytest.mark.parametrize("size", [0, 1, 2, 10, 19, 20, 21])
def test_a_list_at_rest_is_complete(page_size, size):
    pagination = OverlappingPages(page_size)
    seen, _ = crawl(pagination, honest(listing(size)))
    assert (pagination.complete, seen) == (True, set(listing(size)))


@pytest.mark.parametrize(("page_size", "size"), [(5, 20), (5, 21), (500, 3490), (20, 3490)])
def test_a_list_at_rest_takes_no_read_too_many(page_size, size):
    _, reads = crawl(OverlappingPages(page_size), honest(listing(size)))
    assert reads <= -(-size // (page_size - 1)) + 1


@given(st.data())
@examples(300)
def test_complete_means_that_every_run_that_stayed_was_met(data):
    """Whatever enters or leaves between any two reads."""
    page_size = data.draw(st.integers(2, 8))
    listed = set(data.draw(st.lists(st.integers(0, 60), max_size=40)))
    stayed, left = set(listed), data.draw(st.integers(0, 30))
    dice = random.Random(data.draw(st.integers(0, 2**32)))

    def answer(page_range):
        nonlocal left
        while left and dice.random() < 0.6:
            left -= 1
            run = dice.randrange(60)
            listed.symmetric_difference_update({run})
            stayed.intersection_update(listed)
        keys = [f"{run:02}" for run in sorted(listed)]
        return page(keys[page_range.offset : page_range.offset + page_range.limit], len(keys))

    pagination = OverlappingPages(page_size)
    seen, _ = crawl(pagination, answer)
    if pagination.complete:
        assert {f"{run:02}" for run in stayed} <= seen


@given(st.data())
@examples(200)
def test_it_ends_whatever_is_answered(data):
    """Pages that are short, long, repeated or out of order, with counts that lie."""
    page_size = data.draw(st.integers(2, 8))
    dice = random.Random(data.draw(st.integers(0, 2**32)))
    keys = listing(data.draw(st.integers(0, 40)))

    def answer(page_range):
        first = max(0, page_range.offset + dice.choice([0, 0, 0, -page_range.offset, -3, 3]))
        rows = keys[first : first + page_range.limit + dice.choice([0, 0, -2, 3])]
        return page(rows * dice.choice([1, 1, 2]), max(0, len(keys) + dice.choice([0, 0, -5, 5, 1000])))

    crawl(OverlappingPages(page_size), answer)


@pytest.mark.parametrize("count", [0, 3, 10, 19, 100, 3490, 2**31 - 1])
@pytest.mark.parametrize("rows", [1, 2, 10, 15])
def test_a_service_that_passes_over_the_offset_is_never_complete(count, rows):
    """Unless it says that these few rows are all."""
    pagination = OverlappingPages(10)
    _, reads = crawl(pagination, lambda page_range: page(listing(rows), count))
    assert not pagination.complete or count <= rows < 10
    assert reads < 100


@pytest.mark.parametrize("delta", [1, 5, 1000])
def test_a_count_that_is_too_high_is_not_complete(delta):
    pagination = OverlappingPages(5)
    seen, reads = crawl(
        pagination, lambda page_range: page(listing(20)[page_range.offset :][: page_range.limit], 20 + delta)
    )
    assert (pagination.complete, seen) == (False, set(listing(20)))
    assert reads < 20


def test_a_count_that_is_too_low_ends_nothing():
    pagination = OverlappingPages(5)
    seen, _ = crawl(
        pagination, lambda page_range: page(listing(20)[page_range.offset :][: page_range.limit], 7)
    )
    assert (pagination.complete, seen) == (True, set(listing(20)))


def test_rejected_records_link_windows():
    keys = listing(20)
    pagination = OverlappingPages(5)
    seen, reads = crawl(
        pagination,
        lambda page_range: page(
            keys[page_range.offset :][: page_range.limit], 20, rejected=frozenset(keys[::4])
        ),
    )
    assert (pagination.complete, seen, reads) == (True, set(keys), 5)


def test_rejected_records_without_a_key_link_nothing():
    """So the window is read further back, where its neighbors link it."""
    keys = listing(20)

    def answer(page_range):
        rows = keys[page_range.offset :][: page_range.limit]
        runs = tuple(CourseRun(key) for key in rows if key != keys[4])
        return Page(runs, (RejectedRecord("", ""),) * (len(rows) - len(runs)), len(rows), 20)

    pagination = OverlappingPages(5)
    seen, _ = crawl(pagination, answer)
    assert (pagination.complete, seen) == (True, set(keys) - {keys[4]})


def test_windows_of_a_list_at_rest_are_those_of_the_next_crawl():
    """So that the service can answer them from its cache."""
    asked: list[list[int]] = [[], []]
    for offsets in asked:

        def answer(page_range, offsets=offsets):
            offsets.append(page_range.offset)
            return honest(listing(50))(page_range)

        crawl(OverlappingPages(10), answer)
    assert asked[0] == asked[1] == [0, 9, 18, 27, 36, 45]


def test_given_up_is_not_complete():
    pagination = OverlappingPages(5)
    pagination.add(page(listing(5), 20))
    pagination.give_up()
    assert (pagination.ended, pagination.complete) == (True, False)
