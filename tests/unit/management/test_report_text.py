"""The report of a sync as a sentence, as a table, as a list of changes and as JSON."""

from __future__ import annotations

import json

import pytest

from catalog_sync.management import report_text
from catalog_sync.models import SyncRun, SyncRunChange
from catalog_sync.sync import SyncReport

KEY, OTHER = "course-v1:edX+A+1", "course-v1:edX+Longer+1"
OLD, NEW = "https://example.com/old", "https://example.com/new"


def report(**values):
    base = {"run_id": None, "status": "succeeded", "dry_run": False, "page_size": 500, "concurrency": 2}
    return SyncReport(**base | {"duration_seconds": 3.721} | values)


def with_changes(*changes, **values):
    """Return the report of a stored sync run with these changes."""
    run = SyncRun.objects.create(catalog=values.get("catalog", "default"))
    names = ("kind", "course_key", "old", "new", "reason")
    for change in changes:
        SyncRunChange.objects.create(sync_run=run, **dict(zip(names, change, strict=True)))
    return report(run_id=run.pk, **values)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {
                "updated": 2914,
                "course_overviews": 3200,
                "matched": 3194,
                "unchanged": 280,
                "not_in_catalog": 6,
            },
            "Updated 2,914 of 3,200 courses in 3.7 s: 280 unchanged, 6 not in the Catalog.",
        ),
        (
            {"course_overviews": 9, "matched": 7, "removed": 2, "unchanged": 5, "not_in_catalog": 2},
            "Updated 0 of 9 courses in 3.7 s: 2 marketing URLs removed, 5 unchanged, 2 not in the Catalog.",
        ),
        (
            {"course_overviews": 9, "matched": 6, "removed": 2, "unchanged": 5, "not_in_catalog": 3},
            "Updated 0 of 9 courses in 3.7 s: 2 marketing URLs removed, 5 unchanged, 2 others not in the Catalog.",
        ),
        (
            {"course_overviews": 9, "matched": 8, "removed": 1, "unchanged": 8, "not_in_catalog": 1},
            "Updated 0 of 9 courses in 3.7 s: 1 marketing URL removed, 8 unchanged.",
        ),
        (
            {"course_overviews": 9, "removed": 12, "course_runs_rejected": 2},
            "Updated 0 of 9 courses in 3.7 s: 12 marketing URLs removed, 2 course runs rejected.",
        ),
        (
            {"dry_run": True, "updated": 1, "course_overviews": 1, "removed": 1},
            "Would update 1 of 1 course (dry run, 3.7 s): 1 marketing URL to remove.",
        ),
        (
            {"status": "incomplete", "updated": 3, "course_overviews": 9},
            "Incomplete: updated 3 of 9 courses in 3.7 s.",
        ),
        (
            {"status": "refused", "course_overviews": 9, "removals_refused": 1_451},
            "Refused: updated 0 of 9 courses in 3.7 s: refused to remove 1,451 marketing URLs.",
        ),
        ({"status": "canceled"}, "Canceled: updated 0 of 0 courses in 3.7 s."),
        ({"status": "disabled"}, "Disabled: nothing was done."),
    ],
)
def test_first_line_is_a_sentence(values, sentence):
    assert report_text.as_text(report(**values)).splitlines()[0] == sentence


def test_each_of_several_catalogs_has_its_sentence_before_the_table():
    several = SyncReport.joined(
        [report(updated=2, course_overviews=5), report(catalog="b", status="skipped")]
    )
    lines = report_text.as_text(several).splitlines()
    assert lines[:4] == [
        "default: Updated 2 of 5 courses in 3.7 s.",
        "b: Skipped: nothing was done.",
        "",
        "run_id                 None       None       None",
    ]


def test_nothing_done_has_no_table():
    assert "\n" not in report_text.as_text(report(status="disabled"))


@pytest.mark.django_db
class TestChanges:
    """The list of changes."""

    def test_each_is_an_aligned_line(self):
        found = with_changes(
            ("changed", KEY, None, NEW, ""),
            ("rejected", OTHER, OLD, "course/one", "the URL is relative"),
            ("removed", OTHER, OLD, None, "the Catalog does not have it"),
            updated=1,
            removed=1,
            course_runs_rejected=1,
        )
        assert report_text.changes_as_text(found).splitlines() == [
            f"changed   {KEY}       (none) -> {NEW}",
            f"rejected  {OTHER}: course/one (the URL is relative); the course keeps {OLD}",
            f"removed   {OTHER}  {OLD} -> (none)  the Catalog does not have it",
        ]

    def test_those_that_were_not_stored_are_counted(self):
        found = with_changes(("changed", KEY, None, NEW, ""), updated=2413, removed=3)
        assert report_text.changes_as_text(found).splitlines()[1:] == [
            "changed   and 2,412 more",
            "removed   and 3 more",
        ]

    def test_refused_removals_that_were_not_stored_are_counted(self):
        found = with_changes(("removed", KEY, OLD, None, "refused: why"), removals_refused=1_451)
        assert report_text.changes_as_text(found).splitlines() == [
            f"refused   {KEY}: the course keeps {OLD} (why)",
            "refused   and 1,450 more",
        ]

    def test_text_of_the_catalog_cannot_end_the_line_or_control_the_terminal(self):
        found = with_changes(("rejected", "x\nremoved  \x1b[2J", None, "a\tb", ""), course_runs_rejected=1)
        assert report_text.changes_as_text(found) == (
            "rejected  x\ufffdremoved  \ufffd[2J: a\ufffdb; the course keeps (none)"
        )

    def test_there_may_be_none(self):
        assert report_text.changes_as_text(with_changes()) == "No changes."

    def test_those_of_several_catalogs_are_named(self):
        several = SyncReport.joined(
            [
                with_changes(("changed", KEY, None, NEW, ""), updated=2),
                with_changes(("changed", OTHER, OLD, NEW, ""), updated=1, catalog="b"),
            ]
        )
        assert report_text.changes_as_text(several).splitlines() == [
            f"changed   default  {KEY}  (none) -> {NEW}",
            "changed   default  and 1 more",
            f"changed   b  {OTHER}  {OLD} -> {NEW}",
        ]

    def test_json_has_all_and_those_of_each_catalog(self):
        several = SyncReport.joined(
            [
                with_changes(("changed", KEY, None, NEW, "")),
                with_changes(("removed", OTHER, OLD, None, "why"), catalog="b"),
            ]
        )
        values = json.loads(report_text.as_json(several))
        first = {"course_key": KEY, "kind": "changed", "old": None, "new": NEW, "reason": ""}
        second = {"course_key": OTHER, "kind": "removed", "old": OLD, "new": None, "reason": "why"}
        assert values["changes"] == [first, second]
        assert [each["changes"] for each in values["catalogs"]] == [[first], [second]]
