"""The sync runs' pages: list, charts, and the page of one sync run."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog_sync.admin.charts import charts
from catalog_sync.models import SyncRun
from tests.unit.admin.sync_runs import RUNS, add_runs, content

pytestmark = pytest.mark.django_db

COLUMNS = (
    "state started duration page_size concurrency retrieved updated removed failures what_went_wrong".split()
)


class TestList:
    """The list of sync runs."""

    def test_has_its_columns_and_no_link_to_counts_of_all_filters(self, viewer):
        add_runs(1)
        page = content(viewer)
        assert [column for column in COLUMNS if f'"field-{column}' not in page] == []
        assert "_facets" not in page

    @pytest.mark.parametrize("query", ["status__exact=failed", "scope__exact=changed", "dry_run__exact=1"])
    def test_filter(self, query, viewer):
        add_runs(1)
        assert list(viewer.get(f"{RUNS}?{query}").context["cl"].queryset) == []

    def test_filter_by_date(self, viewer):
        add_runs(1)
        SyncRun.objects.update(started=timezone.now() - timedelta(days=10))
        since = (timezone.now() - timedelta(days=7)).isoformat()
        assert list(viewer.get(RUNS, {"started__gte": since}).context["cl"].queryset) == []

    @pytest.mark.parametrize(
        ("values", "state"),
        [
            ({"status": "failed"}, "canceled"),
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
    """Ten thousand sync runs."""

    @pytest.fixture(autouse=True)
    def many(self):
        add_runs(10_000, log_lines="x" * 50)

    def sent(self, client, query=""):
        with CaptureQueriesContext(connection) as captured:
            response = client.get(f"{RUNS}{query}")
        return response, [query["sql"] for query in captured.captured_queries]

    def test_list_takes_few_queries_and_counts_only_the_next_pages(self, operator):
        response, statements = self.sent(operator)
        counting = [sql for sql in statements if "COUNT(" in sql]
        assert len(statements) <= 15
        assert counting
        assert all("LIMIT 1101" in sql for sql in counting)
        assert not any("log_lines" in sql for sql in statements)
        assert "1,100+ sync runs" in response.content.decode()

    def test_last_page_can_be_reached_and_has_the_total(self, operator):
        response, _ = self.sent(operator, "?p=100")
        assert SyncRun.objects.order_by("pk").first() in response.context["cl"].result_list
        assert "10000 sync runs" in response.content.decode()

    @pytest.mark.parametrize("page", ["0", "-1", "abc", "99999999999999"])
    def test_invalid_page_number_is_not_an_error(self, page, operator):
        assert self.sent(operator, f"?p={page}")[0].status_code in (200, 302)

    def test_page_of_one_sync_run_takes_few_queries(self, operator):
        _, statements = self.sent(operator, f"{SyncRun.objects.first().pk}/change/")
        assert len(statements) <= 8


class TestCharts:
    """The charts above the list."""

    def svgs(self, client):
        page = content(client)
        found = [f"<svg{part.partition('</svg>')[0]}</svg>" for part in page.split("<svg")[1:]]
        return [ElementTree.fromstring(svg) for svg in found if "-desc" in svg]

    def test_there_are_none_without_sync_runs(self, viewer):
        assert "catalog-sync-charts" not in content(viewer)

    def test_each_has_a_title_a_description_a_table_and_no_script_or_style(self, viewer):
        add_runs(5)
        svgs = self.svgs(viewer)
        assert len(svgs) == content(viewer).count("<summary>As a table") == 3
        for root in svgs:
            title, description = list(root)[:2]
            assert root.get("role") == "img"
            assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
            assert title.text
            assert description.text
            assert not [each for each in root.iter() if each.tag in ("script", "style") or each.get("style")]

    @pytest.mark.parametrize(
        ("values", "colors"),
        [
            ({"dry_run": True}, [None, None, {"0"}]),
            ({"status": "failed"}, [{"1"}, set(), None]),
            ({"page_size": 0}, [{"0"}, set(), None]),
            ({"duration_seconds": 0}, [set(), set(), set()]),
            ({"updated": 7, "removed": 2, "failures": 1}, [{"0"}, {"0", "1", "2"}, {"0"}]),
        ],
    )
    def test_colors_of_the_bars(self, values, colors, viewer):
        """None: there is nothing to draw, so there is only the description."""
        add_runs(3, **values)
        drawn = [
            {rect.get("class")[-1] for rect in svg.iter() if rect.tag.endswith("rect")}
            for svg in self.svgs(viewer)
        ]
        assert drawn == [each for each in colors if each is not None]

    def test_heights_of_the_bars_are_proportional(self, viewer):
        for seconds in (3, 6, 9):
            add_runs(1, duration_seconds=seconds)
        heights = [float(rect.get("height")) for rect in self.svgs(viewer)[0].iter() if rect.tag == "rect"]
        assert heights == pytest.approx([heights[0], 2 * heights[0], 3 * heights[0]], abs=0.2)

    def test_fastest_page_size_is_named(self, viewer):
        add_runs(3, page_size=20, duration_seconds=24)
        add_runs(3, page_size=1000, duration_seconds=7.5)
        assert "The fastest was page size 1,000 with concurrency 2: 7.5 s." in content(viewer)

    def test_take_one_query(self, django_assert_num_queries):
        add_runs(300)
        with django_assert_num_queries(1):
            charts("default")


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
        "status": "state",
        "duration_seconds": "duration",
        "not_in_lms": "without_course_overview",
        "not_in_catalog": "without_course_run",
    }
    of_several = {"catalog", "catalogs", "in_other_catalogs", "of_other_orgs"}
    for name in set(SyncReport.__struct_fields__) - of_several:
        assert f"field-{renamed.get(name, name)}" in page
