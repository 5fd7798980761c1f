"""What could not be read, in sentences that name positions and neighbors."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import Page, PageRange
from catalog_sync.catalog_client.losses import Losses
from catalog_sync.catalog_client.schemas import CourseRun
from catalog_sync.exceptions import RequestFailed

ERROR = RequestFailed("https://c.example.org/", "answered HTTP 500", "look")


@pytest.fixture
def losses():
    return Losses()


def page(*keys):
    return Page(tuple(map(CourseRun, keys)), (), len(keys), 9)


def test_nothing_is_lost_at_first(losses):
    losses.end()
    assert (losses.failures, losses.noticed) == ([], 0)


def test_window_is_told_by_its_first_and_last_position(losses):
    losses.lose(PageRange(4, 5), 9, ERROR)
    assert losses.failures == [
        "course runs 4 to 8 of the list are missing: https://c.example.org/ answered HTTP 500: look"
    ]


def test_window_is_told_no_further_than_the_list_goes(losses):
    losses.lose(PageRange(4, 500), 9, ERROR)
    assert losses.failures[0].startswith("course runs 4 to 8 of the list are missing")


def test_window_that_was_read_in_parts_is_told_so(losses):
    losses.doubt(PageRange(4, 5))
    [failure] = losses.failures
    assert failure.startswith("course runs 4 to 8 of the list could only be read in parts")


def test_rest_is_told_by_where_it_begins(losses):
    losses.lose_rest(8, ERROR)
    [failure] = losses.failures
    assert failure.startswith("the course runs from 8 to the end of the list are missing")


def test_poison_is_told_with_both_neighbors_once_the_next_is_known(losses):
    losses.note(page("a", "b"))
    losses.poison(2, ERROR)
    assert losses.failures == []
    losses.note(page("d", "e"))
    [failure] = losses.failures
    assert failure == (
        "the course run at position 2 (after b, before d) breaks the Catalog, and only it is missing: "
        "https://c.example.org/ answered HTTP 500 for limit=1&offset=2, so correct that run in the Catalog"
    )


def test_first_and_last_have_one_neighbor(losses):
    losses.poison(0, ERROR)
    losses.note(page("b", "c"))
    losses.poison(3, ERROR)
    losses.end()
    first, last = losses.failures
    assert "(the first, before b)" in first
    assert "(after c, the last that was read)" in last


def test_page_without_course_runs_is_no_neighbor(losses):
    losses.note(page("a"))
    losses.poison(1, ERROR)
    losses.note(page())
    assert losses.failures == []


def test_poison_that_two_windows_share_is_told_once(losses):
    for _ in range(2):
        losses.poison(2, ERROR)
        losses.note(page("d"))
    assert len(losses.failures) == 1


def test_each_loss_is_noticed(losses):
    """A crawl compares the number before and after it narrows a window."""
    losses.lose(PageRange(0, 5), 9, ERROR)
    losses.poison(2, ERROR)
    losses.poison(2, ERROR)
    assert losses.noticed == 3


def test_neighbor_does_not_turn_the_direction_of_the_sentence(losses):
    losses.note(page("a\N{RIGHT-TO-LEFT OVERRIDE}"))
    losses.poison(1, ERROR)
    losses.end()
    assert "(after 'a\\u202e', the last that was read)" in losses.failures[0]
