"""The summaries of rejected records of several workers are joined."""

from __future__ import annotations

from catalog_sync.sync.rejections import RejectedForReason, join


def test_counts_are_added_and_a_few_course_keys_are_kept():
    summary = {"bad": RejectedForReason(2, ["a", "b"])}
    join(summary, {"bad": RejectedForReason(9, ["c", "d", "e", "f"]), "worse": RejectedForReason(1, ["g"])})
    assert summary == {
        "bad": RejectedForReason(11, ["a", "b", "c", "d", "e"]),
        "worse": RejectedForReason(1, ["g"]),
    }
