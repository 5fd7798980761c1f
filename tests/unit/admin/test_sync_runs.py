"""The sync runs' pages: the list and the page of one sync run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog_sync.models import SyncRun
from tests.unit.admin.sync_runs import RUNS, add_runs, content

pytestmark = pytest.mark.django_db

COLUMNS = "state kind start duration updated removed rejected what_went_wrong".split()


class TestList:
    """The list of sync runs."""

    def test_has_its_columns_and_no_link_to_counts_of_all_filters(self, viewer):
        add_runs(1)
        page = content(viewer)
        assert [column for column in COLUMNS if f'"field-{column}' not in page] == []
        assert "_facets" not in page

    def test_times_have_seconds_and_the_time_zone(self, viewer):
        add_runs(1)
        SyncRun.objects.update(started=datetime(2026, 11, 2, 5, 0, 7, tzinfo=UTC))
        assert '2026-11-02 <span class="catalog-sync-nowrap">05:00:07 UTC</span>' in content(viewer)

    @pytest.mark.parametrize(
        "query", ["q=down", "q=agent+7", "status__exact=failed", "scope__exact=changed", "dry_run__exact=1"]
    )
    def test_search_and_filters(self, query, viewer):
        add_runs(1)
        values = {"scope": "changed", "dry_run": True, "message": "The Catalog is down.", "holder": "agent 7"}
        add_runs(1, status="failed", **values)
        response = viewer.get(f"{RUNS}?{query}")
        assert [run.status for run in response.context["cl"].queryset] == ["failed"]
        offered = content(viewer)
        assert ("q=" in query or f"?{query}" in offered, "?started__gte=" in offered) == (True, True)

    @pytest.mark.parametrize(
        ("values", "state"),
        [
            ({"status": "canceled"}, "canceled"),
            ({"status": "failed"}, "failed"),
            ({"status": "running", "lease": "default", "finished": None}, "canceling"),
            ({"status": "succeeded"}, "succeeded"),
            ({"status": "incomplete"}, "incomplete"),
            ({"status": "refused"}, "refused"),
        ],
    )
    def test_state_after_a_request_to_cancel(self, values, state, viewer):
        add_runs(1, cancel_requested=True, **values)
        assert f"{state}</span>" in content(viewer)


class TestManyRuns:
    """More sync runs than the list counts."""

    @pytest.fixture(autouse=True)
    def many(self):
        add_runs(1_250, log_lines="x" * 50)

    def sent(self, client, query=""):
        with CaptureQueriesContext(connection) as captured:
            response = client.get(f"{RUNS}{query}")
        return response, [query["sql"] for query in captured.captured_queries]

    def test_list_takes_few_queries_and_counts_only_the_next_pages(self, operator):
        response, statements = self.sent(operator)
        counting = [sql for sql in statements if "COUNT(" in sql]
        assert len(statements) <= 18
        assert counting
        assert all("LIMIT 1101" in sql for sql in counting)
        [rows] = [sql for sql in statements if sql.endswith("LIMIT 100")]
        assert "log_lines" not in rows
        assert "1,100+ sync runs" in response.content.decode()

    def test_last_page_can_be_reached_and_has_the_total(self, operator):
        response, _ = self.sent(operator, "?p=13")
        assert SyncRun.objects.order_by("pk").first() in response.context["cl"].result_list
        assert "1250 sync runs" in response.content.decode()

    def test_invalid_page_number_is_not_an_error(self, operator):
        statuses = {
            page: operator.get(f"{RUNS}?p={page}").status_code for page in ("0", "-1", "abc", "9" * 14)
        }
        assert {page: status for page, status in statuses.items() if status not in (200, 302)} == {}

    def test_page_of_one_sync_run_takes_few_queries(self, operator):
        address = f"{SyncRun.objects.first().pk}/change/"
        self.sent(operator, address)  # fills the cache of content types
        _, statements = self.sent(operator, address)
        assert len(statements) <= 9


class TestDead:
    """A sync run whose process has stopped before its end."""

    @pytest.fixture(autouse=True)
    def dead(self, running):
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=3))
        return running

    def test_list_has_the_status_and_the_remedy(self, viewer, dead):
        page = content(viewer)
        assert '<span class="catalog-sync-status failed">dead</span>' in page
        assert "</a> is dead" in page
        assert "No heartbeat for 180 s" in page
        assert "Start a sync, or wait for the next one" in page
        # Another key, so that the page reloads.
        assert viewer.get(f"{RUNS}progress/").json()["key"] == f"run-{dead.run_id}-dead"

    def test_page_has_the_title_and_the_remedy(self, viewer, dead):
        page = content(viewer, f"{dead.run_id}/change/")
        assert f"<h1>Sync run {dead.run_id}: dead</h1>" in page
        assert "Start a sync, or wait for the next one" in page
        assert "<progress" not in page


class TestSummary:
    """The sentence on top of the page of a sync run."""

    def summary(self, client, **values):
        numbers = {"course_runs_retrieved": 3300, "course_overviews": 3200, "duration_seconds": 3.7}
        add_runs(1, **numbers | values)
        page = content(client, f"{SyncRun.objects.latest('pk').pk}/change/")
        return page.partition('<p class="catalog-sync-summary">')[2].partition("</p>")[0]

    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            (
                {"updated": 2914, "course_runs_rejected": 3},
                "Updated 2,914 of 3,200 courses in 3.7 s, removed none, rejected 3.",
            ),
            (
                {"status": "refused", "removed": 0},
                "Refused to remove marketing URLs. Updated none of 3,200 courses in 3.7 s, removed none, "
                "rejected none.",
            ),
            (
                {"status": "canceled", "updated": 12},
                "Canceled. Updated 12 of 3,200 courses in 3.7 s, removed none, rejected none.",
            ),
            (
                {"status": "failed", "course_runs_retrieved": 0},
                "Failed. It read no course run and changed nothing. It took 3.7 s.",
            ),
            (
                {"dry_run": True, "updated": 7, "removed": 1},
                "Would update 7 of 3,200 courses and remove 1; rejected none. This dry run took 3.7 s and "
                "changed nothing.",
            ),
        ],
    )
    def test_has_the_outcome_and_the_numbers(self, values, sentence, viewer):
        assert self.summary(viewer, **values) == sentence

    def test_running_sync_run_has_its_start(self, viewer, running):
        page = content(viewer, f"{running.run_id}/change/")
        assert '<p class="catalog-sync-summary">Running since 20' in page

    def test_list_has_that_of_the_last_full_sync(self, viewer):
        add_runs(1, updated=9, course_runs_retrieved=3300)
        full = SyncRun.objects.get()
        add_runs(1, updated=8, dry_run=True, course_runs_retrieved=3300)
        add_runs(1, updated=7, scope="changed", course_runs_retrieved=3300)
        [top] = content(viewer).split('<p class="catalog-sync-summary">')[1:]
        top = top.partition("</p>")[0]
        assert (f"{RUNS}{full.pk}/change/" in top, "Updated 9 of" in top) == (True, True)


def test_page_of_one_sync_run_has_everything_that_is_known(viewer):
    from catalog_sync.sync import SyncReport

    add_runs(1, status="failed", message="The Catalog is down.", log_lines="05:00:01 WARNING event=<b>")
    run_id = SyncRun.objects.get().pk
    page = content(viewer, f"{run_id}/change/")
    assert "The Catalog is down." in page
    assert "05:00:01 WARNING event=&lt;b&gt;" in page
    assert f"event=catalog_sync.* run_id={run_id}" in page
    renamed = {
        "run_id": "log_search",
        "dry_run": "is_dry_run",
        "bypassed_cache": "has_bypassed_cache",
        "status": "state",
        "duration_seconds": "duration",
        "not_in_lms": "without_course_overview",
        "not_in_catalog": "without_course_run",
    }
    # The message is above the fields.
    of_several = {"message", "catalog", "catalogs", "in_other_catalogs", "of_other_orgs"}
    for name in set(SyncReport.__struct_fields__) - of_several:
        assert f"field-{renamed.get(name, name)}" in page


@pytest.mark.parametrize(("value", "text"), [(True, "yes"), (False, "no")])
def test_no_is_shown_as_text_and_not_as_a_red_cross(value, text, viewer):
    add_runs(1, dry_run=value, bypassed_cache=value)
    page = content(viewer, f"{SyncRun.objects.get().pk}/change/")
    shown = [
        page.partition(f"field-{name}")[2].partition('<div class="readonly">')[2].partition("</div>")[0]
        for name in ("is_dry_run", "has_bypassed_cache")
    ]
    assert shown == [text, text]
    assert "icon-no" not in page


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "0"),
        ({"status": "refused"}, "0"),
        ({"status": "incomplete"}, "-"),
        ({"status": "incomplete", "not_in_catalog": 7}, "7"),
        ({"status": "failed"}, "-"),
        ({"scope": "course_keys"}, "0"),
        ({"scope": "course_keys", "status": "refused"}, "-"),
        ({"scope": "changed"}, "-"),
    ],
)
def test_number_that_was_not_determined_is_not_shown_as_0(values, shown, viewer):
    add_runs(1, **values)
    page = content(viewer, f"{SyncRun.objects.get().pk}/change/")
    field = page.partition("field-without_course_run")[2].partition('class="readonly">')[2]
    assert field.partition("<")[0] == shown
