"""The set of row ids, against Python's set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.sync.id_set import BLOCK_BYTES, IdSet

# Neighbors within a byte, across bytes and across blocks, and the ids of a table that has long been in use.
EDGES = [0, 1, 7, 8, 9, 8 * BLOCK_BYTES - 1, 8 * BLOCK_BYTES, 8 * BLOCK_BYTES + 1, 2**31, 2**63 - 1]
IDS = st.sets(st.sampled_from(EDGES) | st.integers(0, 4 * 8 * BLOCK_BYTES), max_size=20)


def id_set(row_ids):
    made = IdSet()
    for row_id in row_ids:
        made.add(row_id)
    return made


def is_equal(rows, expected, others):
    return {row_id for row_id in expected | others | set(EDGES) if row_id in rows} == expected and len(
        rows
    ) == len(expected)


@given(IDS, IDS)
def test_contains_and_counts_what_was_added(added, others):
    assert is_equal(id_set([*added, *added]), added, others)


def test_add_returns_whether_the_id_is_new():
    rows = IdSet()
    assert [rows.add(row_id) for row_id in (7, 8, 7)] == [True, True, False]


@given(IDS, IDS)
def test_merge_adds_another_set_and_returns_what_is_in_both(mine, theirs):
    rows = id_set(mine)
    assert sorted(rows.merge(id_set(theirs).to_bytes())) == sorted(mine & theirs)
    rows.add(3)
    copy = IdSet()
    copy.merge(rows.to_bytes())
    for each in (rows, copy):
        assert is_equal(each, mine | theirs | {3}, set())


def test_block_takes_a_kilobyte():
    """So a million rows take 125 kB, which is what a worker returns."""
    assert BLOCK_BYTES == 1024
    assert len(id_set(range(8 * BLOCK_BYTES)).to_bytes()) == 8 + BLOCK_BYTES
