"""The changes of a sync run: the table on its page, and the CSV file."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_sync.models import SyncRun, SyncRunChange
from tests.admin_client import client_of
from tests.unit.admin.sync_runs import RUNS, add_runs

pytestmark = pytest.mark.django_db

OLD, NEW = "https://www.example.com/old", "https://www.example.com/new"


def run_with(*changes, **values):
    """Store a sync run with changes: kind and how many."""
    add_runs(1, **values)
    run = SyncRun.objects.latest("pk")
    SyncRunChange.objects.bulk_create(
        SyncRunChange(
            sync_run=run,
            kind=kind,
            course_key=f"course-v1:{kind}+{number:04}+1",
            old=OLD,
            new=None if kind == "removed" else NEW,
            reason=_reason(run, kind),
        )
        for kind, count in changes
        for number in range(count)
    )
    return run


def _reason(run, kind):
    if kind == "removed" and run.status == "refused":
        return "refused: because"
    return "because" if kind == "rejected" else ""


def shown(client, run, query=""):
    return client.get(f"{RUNS}{run.pk}/change/{query}").context["changes"]


def text_of(client, run, query=""):
    return client.get(f"{RUNS}{run.pk}/change/{query}").content.decode()


class TestTable:
    """The table on the page of a sync run."""

    def test_has_the_key_the_urls_and_the_reason(self, viewer):
        run_with(("rejected", 2))
        run = run_with(("rejected", 1))
        page = text_of(viewer, run)
        assert f'href="{RUNS}{run.pk}/changes.csv"' in page
        assert "course-v1:rejected+0001" not in page  # of another sync run
        assert [each for each in ("course-v1:rejected+0000+1", OLD, NEW, "because") if each not in page] == []

    def test_begins_with_what_needs_attention(self, viewer):
        run = run_with(("changed", 2), ("rejected", 3), ("removed", 1))
        changes = shown(viewer, run)
        assert [(each.kind, each.count) for each in changes.kinds] == [
            ("removed", 1),
            ("rejected", 3),
            ("changed", 2),
        ]
        assert changes.shown.kind == "removed"

    @pytest.mark.parametrize(("kind", "expected"), [("changed", "changed"), ("nonsense", "removed")])
    def test_kind_can_be_selected(self, kind, expected, viewer):
        run = run_with(("changed", 2), ("removed", 1))
        assert shown(viewer, run, f"?kind={kind}").shown.kind == expected

    @pytest.mark.parametrize(
        ("page", "first"), [("1", 0), ("2", 20), ("x", 0), ("9" * 20, 40), ("9" * 5_000, 0)]
    )
    def test_has_pages_of_twenty(self, page, first, viewer):
        run = run_with(("changed", 45))
        assert shown(viewer, run, f"?page={page}").rows[0][0] == f"course-v1:changed+{first:04}+1"

    def test_last_page_leads_back(self, viewer):
        page = text_of(viewer, run_with(("changed", 45)), "?page=3")
        assert ("41 to 45 of 45" in page, "page=2" in page, "page=4" in page) == (True, True, False)

    @pytest.mark.parametrize(
        ("kind", "column"),
        [("changed", "updated"), ("removed", "removed"), ("rejected", "course_runs_rejected")],
    )
    def test_counts_those_that_are_not_stored(self, kind, column, viewer):
        run = run_with((kind, 1_000), **{column: 3_412})
        page = text_of(viewer, run)
        assert (", and 2,412 more that are not stored" in page, "(3,412)" in page) == (True, True)

    def test_of_a_refused_sync_run_are_those_that_it_refused(self, viewer):
        page = text_of(viewer, run_with(("changed", 1), ("removed", 2), status="refused"))
        assert "Refused (2)" in page
        assert page.index("course-v1:removed+0000+1") < page.index("field-state")

    def test_of_a_refused_sync_run_may_be_more_than_are_stored(self, viewer):
        run = run_with(("removed", 1_000), status="refused", removals_refused=1_451)
        page = text_of(viewer, run)
        assert "Refused (1,451)" in page
        assert "1 to 20 of 1,000, and 451 more that are not stored" in page
        assert "Refused: the first 1,000 of 1,451" in page.partition("Export as CSV")[2]

    def test_is_not_called_the_first_if_all_are_stored(self, viewer):
        assert "the first" not in text_of(viewer, run_with(("removed", 12), removed=12))

    def test_of_a_dry_run_would_be_made(self, viewer):
        page = text_of(viewer, run_with(("changed", 1), ("removed", 1), dry_run=True))
        assert ("Would be changed (1)" in page, "Would be removed (1)" in page) == (True, True)

    def test_course_key_leads_to_the_course_only_those_who_may_view_it(self, viewer, admin_client):
        run = run_with(("changed", 1))
        link = "course/?q=course-v1%3Achanged%2B0000%2B1"
        assert (link in text_of(viewer, run), link in text_of(admin_client, run)) == (False, True)

    def test_takes_three_queries_of_which_none_reads_all_changes(self, viewer):
        run = run_with(("changed", 1_000), ("removed", 1_000))
        with CaptureQueriesContext(connection) as captured:
            text_of(viewer, run)
        statements = [each["sql"] for each in captured.captured_queries if "syncrunchange" in each["sql"]]
        assert len(statements) == 3
        assert all("COUNT(" in sql or "LIMIT 20" in sql for sql in statements)


class TestCsv:
    """``Export as CSV``."""

    def rows(self, client, run):
        response = client.get(f"{RUNS}{run.pk}/changes.csv")
        return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode(), newline="")))

    def test_has_every_stored_change_of_the_sync_run(self, viewer):
        run_with(("changed", 1))
        rows = self.rows(viewer, run_with(("changed", 30), ("removed", 1), ("rejected", 1)))
        assert rows[0] == ["course_key", "kind", "old", "new", "reason"]
        assert rows[1] == ["course-v1:changed+0000+1", "changed", OLD, NEW, ""]
        assert rows[31:] == [
            ["course-v1:rejected+0000+1", "rejected", OLD, NEW, "because"],
            ["course-v1:removed+0000+1", "removed", OLD, "", ""],
        ]

    def test_of_a_refused_sync_run_are_called_refused(self, viewer):
        rows = self.rows(viewer, run_with(("removed", 1), ("rejected", 1), status="refused"))
        assert [row[1] for row in rows[1:]] == ["rejected", "refused"]

    def test_is_a_file(self, viewer):
        run = run_with()
        response = viewer.get(f"{RUNS}{run.pk}/changes.csv")
        assert {name: response[name] for name in ("Content-Type", "Content-Disposition")} == {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="sync-run-{run.pk}-changes.csv"',
        }
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "no-cache" in response["Cache-Control"]

    def test_is_for_those_who_may_view_sync_runs(self):
        run = run_with(("changed", 1))
        client = client_of("view_catalogcourserun", "run_sync", "allow_removals")
        assert client.get(f"{RUNS}{run.pk}/changes.csv").status_code == 403

    def test_of_an_unknown_sync_run_is_not_found(self, viewer):
        assert viewer.get(f"{RUNS}77/changes.csv").status_code == 404
