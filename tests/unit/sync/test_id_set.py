"""Which rows a crawl has met, told from those it has not, also by several processes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.sync.id_set import BLOCK_BYTES, IdSet

# Neighbors within a byte, across bytes and across blocks, and the ids of a table that has long been in use.
EDGES = [0, 1, 7, 8, 9, 8 * BLOCK_BYTES - 1, 8 * BLOCK_BYTES, 8 * BLOCK_BYTES + 1, 2**31, 2**63 - 1]
IDS = st.sets(st.sampled_from(EDGES) | st.integers(0, 4 * 8 * BLOCK_BYTES), max_size=20)


def seen(row_ids):
    made = IdSet()
    for row_id in row_ids:
        made.add(row_id)
    return made


def test_nothing_has_been_met_at_first():
    assert (len(IdSet()), 0 in IdSet()) == (0, False)


def test_adding_tells_what_is_new():
    rows = IdSet()
    assert [rows.add(row_id) for row_id in (7, 8, 7)] == [True, True, False]


@given(IDS, IDS)
def test_only_what_was_added_has_been_met(added, others):
    rows = seen(added)
    assert {row_id for row_id in added | others | set(EDGES) if row_id in rows} == added


@given(IDS)
def test_it_is_counted_once(added):
    assert len(seen([*added, *added])) == len(added)


@given(IDS, IDS)
def test_what_two_processes_have_met_is_joined(mine, theirs):
    rows = seen(mine)
    rows.merge(seen(theirs).to_bytes())
    assert {row_id for row_id in mine | theirs | set(EDGES) if row_id in rows} == mine | theirs
    assert len(rows) == len(mine | theirs)


@given(IDS, IDS)
def test_joining_tells_what_both_have_met(mine, theirs):
    assert sorted(seen(mine).merge(seen(theirs).to_bytes())) == sorted(mine & theirs)


@given(IDS)
def test_what_was_joined_can_be_added_to_and_handed_on(theirs):
    rows = IdSet()
    rows.merge(seen(theirs).to_bytes())
    rows.add(3)
    again = IdSet()
    again.merge(rows.to_bytes())
    assert len(again) == len(theirs | {3})


def test_a_block_costs_a_kilobyte():
    """A million rows cost 125 kB, which is what a worker hands back."""
    assert BLOCK_BYTES == 1024
    assert len(seen(range(8 * BLOCK_BYTES)).to_bytes()) == 8 + BLOCK_BYTES
