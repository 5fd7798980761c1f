"""How many pages are requested at the same time: fewer while pages wait in the Catalog's queue for long."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client.in_flight import InFlightLimit

SLOW_SECONDS = 3


def limit_after(*seconds, concurrency=4):
    """Return the limit after pages that took so long."""
    limit = InFlightLimit(concurrency, SLOW_SECONDS)
    for each in seconds:
        limit.note(each)
    return limit.number


@pytest.mark.parametrize(
    ("seconds", "number"),
    [
        ([], 4),
        ([0.1, SLOW_SECONDS], 4),
        ([0.1, 3.1], 3),
        ([2, 4], 4),
        ([2, 4.1], 3),
        ([5, 9, 9.9], 4),
        ([4.1, 2, 4.1], 3),
    ],
)
def test_page_was_in_the_queue_for_long_if_it_is_slow_and_took_twice_as_long_as_the_fastest(seconds, number):
    assert limit_after(*seconds) == number


@pytest.mark.parametrize(("slow", "fast", "number"), [(2, 0, 2), (9, 0, 1), (9, 1, 2), (2, 1, 3), (1, 9, 4)])
def test_each_slow_page_allows_one_less_and_each_fast_one_one_more(slow, fast, number):
    assert limit_after(1, *[9] * slow, *[1] * fast) == number
