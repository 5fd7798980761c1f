"""The sync runs' pages: list, charts, one run, and the buttons."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from catalog_sync.admin import charts
from catalog_sync.models import SyncRun
from tests.unit.admin.sync_runs import RUNS, add_runs, content

pytestmark = pytest.mark.django_db


class TestList:
    """The list of runs."""

    @pytest.mark.parametrize(
        "column",
        "state started duration page_size at_once retrieved updated removed failures what_went_wrong".split(),
    )
    def test_has_column(self, column, viewer):
        add_runs(1)
        assert f'"field-{column}' in content(viewer)

    @pytest.mark.parametrize("query", ["status__exact=failed", "scope__exact=changed", "dry_run__exact=1"])
    def test_filter_leaves_out(self, query, viewer):
        add_runs(1)
        assert list(viewer.get(f"{RUNS}?{query}").context["cl"].queryset) == []

    def test_filter_by_date(self, viewer):
        add_runs(1)
        SyncRun.objects.update(started=timezone.now() - timedelta(days=10))
        since = (timezone.now() - timedelta(days=7)).isoformat()
        listed = viewer.get(RUNS, {"started__gte": since}).context["cl"].queryset
        assert list(listed) == []

    def test_canceled_run_is_named_so(self, viewer):
        add_runs(1, status="failed", cancel_requested=True)
        assert "canceled</span>" in content(viewer)

    def test_run_that_ends_soon_is_named_so(self, viewer):
        add_runs(1, status="running", lease="default", finished=None, cancel_requested=True)
        assert "canceling</span>" in content(viewer)

    @pytest.mark.parametrize("status", ["succeeded", "incomplete", "refused"])
    def test_run_that_was_canceled_too_late_is_named_as_it_ended(self, status, viewer):
        add_runs(1, status=status, cancel_requested=True)
        assert f"{status}</span>" in content(viewer)

    def test_nobody_can_ask_for_counts_of_all_filters(self, viewer):
        assert "_facets" not in content(viewer)


class TestManyRuns:
    """Ten thousand runs."""

    @pytest.fixture(autouse=True)
    def many(self):
        add_runs(10_000, log_lines="x" * 50)

    def sent(self, client, query=""):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            response = client.get(f"{RUNS}{query}")
        return response, [query["sql"] for query in captured.captured_queries]

    def test_takes_few_queries(self, operator):
        _, statements = self.sent(operator)
        assert len(statements) <= 9

    def test_counts_a_part_of_the_table_only(self, operator):
        _, statements = self.sent(operator)
        counting = [sql for sql in statements if "COUNT(" in sql]
        assert counting
        assert all("LIMIT 1101" in sql for sql in counting)

    def test_reads_no_log_lines(self, operator):
        _, statements = self.sent(operator)
        assert not any("log_lines" in sql for sql in statements)

    def test_says_that_there_are_more(self, operator):
        assert "1,100+ sync runs" in self.sent(operator)[0].content.decode()

    def test_last_page_can_be_reached(self, operator):
        response, _ = self.sent(operator, "?p=100")
        assert SyncRun.objects.order_by("pk").first() in response.context["cl"].result_list

    def test_says_how_many_where_it_has_counted_all(self, operator):
        assert "10000 sync runs" in self.sent(operator, "?p=100")[0].content.decode()

    @pytest.mark.parametrize("page", ["0", "-1", "abc", "99999999999999"])
    def test_page_that_is_none_is_no_error(self, page, operator):
        assert self.sent(operator, f"?p={page}")[0].status_code in (200, 302)

    def test_page_of_a_run_takes_few_queries(self, operator):
        _, statements = self.sent(operator, f"{SyncRun.objects.first().pk}/change/")
        assert len(statements) <= 8


class TestCharts:
    """The charts above the list."""

    def svgs(self, client):
        return [chart.svg for chart in client.get(RUNS).context["charts"]]

    def test_there_are_none_without_runs(self, viewer):
        assert self.svgs(viewer) == []

    def test_there_are_three(self, viewer):
        add_runs(5)
        assert [ElementTree.fromstring(svg).tag for svg in self.svgs(viewer)] == [
            "{http://www.w3.org/2000/svg}svg"
        ] * 3

    @pytest.mark.parametrize(
        "values", [{"dry_run": True}, {"status": "failed"}, {"page_size": 0}, {"duration_seconds": 0}]
    )
    def test_are_drawn_of_any_runs(self, values, viewer):
        add_runs(3, **values)
        assert viewer.get(RUNS).status_code == 200

    def test_have_title_and_description(self, viewer):
        add_runs(5)
        for svg in self.svgs(viewer):
            root = ElementTree.fromstring(svg)
            first, second = list(root)[:2]
            assert root.get("role") == "img"
            assert root.get("aria-labelledby").split() == [first.get("id"), second.get("id")]
            assert first.text
            assert second.text

    def test_have_no_script_and_no_style(self, viewer):
        add_runs(5)
        for svg in self.svgs(viewer):
            assert "<script" not in svg
            assert "<style" not in svg

    def test_have_a_table(self, viewer):
        add_runs(5)
        assert content(viewer).count("<summary>As a table") == 3

    def test_say_which_page_size_took_least(self, viewer):
        add_runs(3, page_size=20, duration_seconds=24)
        add_runs(3, page_size=1000, duration_seconds=7.5)
        told = "Page size 1,000 with 2 requests at once took least: 7.5 s in the median."
        assert told in content(viewer)

    def test_cost_one_query(self, django_assert_num_queries):
        add_runs(300)
        with django_assert_num_queries(1):
            charts.charts("default")

    def test_without_the_library_there_are_tables_and_a_word(self, viewer, monkeypatch):
        monkeypatch.setattr(charts, "pygal", None)
        add_runs(5)
        page = content(viewer)
        assert "openedx-catalog-sync[charts]" in page
        assert page.count("As a table") == 3
        assert "<svg" not in page.split("catalog-sync-charts")[1].split("changelist")[0]

    def test_leave_the_import_of_modules_as_it_was(self):
        import sys

        assert not [finder for finder in sys.meta_path if type(finder).__module__ == "pygal"]


class TestPageOfARun:
    """One run, with all that is known of it."""

    @pytest.fixture
    def page(self, viewer):
        add_runs(
            1,
            status="failed",
            message="The Catalog is away.",
            log_lines="05:00:01 WARNING event=<b>",
            retries=17,
        )
        return content(viewer, f"{SyncRun.objects.get().pk}/change/")

    def test_has_the_message(self, page):
        assert "The Catalog is away." in page

    def test_has_the_log_lines_as_text(self, page):
        assert "05:00:01 WARNING event=&lt;b&gt;" in page

    def test_says_what_to_search_the_logs_for(self, page):
        assert f"event=catalog_sync.* run_id={SyncRun.objects.get().pk}" in page

    def test_has_every_number(self, page):
        from catalog_sync.sync import SyncReport

        instead = {
            "run_id": "log_search",
            "status": "state",
            "duration_seconds": "duration",
            "not_in_lms": "without_course_overview",
            "not_in_catalog": "without_course_run",
        }
        of_several = {"catalog", "catalogs", "in_other_catalogs", "of_other_orgs"}
        for name in set(SyncReport.__struct_fields__) - of_several:
            assert f"field-{instead.get(name, name)}" in page
