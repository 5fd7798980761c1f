"""The sync runs' pages: list, charts, one run, and the buttons."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from catalog_sync.admin import charts
from catalog_sync.control import TASK
from catalog_sync.lease import Lease
from catalog_sync.models import CatalogSyncConfig, SyncRun

pytestmark = pytest.mark.django_db

RUNS = "/admin/catalog_sync/syncrun/"


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def running():
    """A sync that is half-way."""
    lease = Lease.acquire(page_size=500, concurrency=2)
    SyncRun.objects.update(catalog_count=3300, course_runs_retrieved=1650, updated=7)
    return lease


def client_of(*codenames, **options):
    user = get_user_model().objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client(**options)
    client.force_login(user)
    return client


@pytest.fixture
def viewer():
    return client_of("view_syncrun")


@pytest.fixture
def operator():
    return client_of("view_syncrun", "run_sync")


def add_runs(count, **values):
    SyncRun.objects.bulk_create(
        SyncRun(
            **{
                "status": "succeeded",
                "holder": "a worker",
                "finished": timezone.now(),
                "page_size": 500,
                "concurrency": 2,
                "duration_seconds": 9.5,
                "catalog_count": 3300,
            }
            | values
        )
        for _ in range(count)
    )


def content(client, address=""):
    return client.get(f"{RUNS}{address}").content.decode()


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


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
            charts.charts()

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


class TestButtons:
    """Who sees which, and who may press them."""

    def test_operator_sees_run_now(self, operator):
        assert "Run now" in content(operator)

    def test_viewer_sees_none(self, viewer, running):
        page = content(viewer)
        assert "Run now" not in page
        assert "Cancel this sync" not in page

    def test_while_a_sync_runs_there_is_cancel_instead(self, operator, running):
        page = content(operator)
        assert "Run now" not in page
        assert "Cancel this sync" in page

    def test_while_the_sync_is_switched_off_there_is_a_word_instead(self, operator):
        CatalogSyncConfig.objects.create(enabled=False)
        page = content(operator)
        assert "Run now" not in page
        assert "switched off" in page

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_viewer_is_refused(self, address, viewer, broker):
        assert viewer.post(f"{RUNS}{address}").status_code == 403
        assert broker == []

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_permission_to_run_without_that_to_view_is_refused(self, address, broker):
        assert client_of("run_sync").post(f"{RUNS}{address}").status_code == 403

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_get_does_nothing(self, address, operator, broker):
        assert operator.get(f"{RUNS}{address}").status_code == 405

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_form_of_another_site_is_refused(self, address, broker):
        client = client_of("view_syncrun", "run_sync", enforce_csrf_checks=True)
        assert client.post(f"{RUNS}{address}").status_code == 403
        assert broker == []

    @pytest.mark.parametrize("address", ["start/", "1/cancel/", "progress/"])
    def test_stranger_is_sent_to_the_login(self, address, client):
        response = client.post(f"{RUNS}{address}")
        assert response.url.startswith("/admin/login/")


class TestStart:
    """Pressing ``Run now`` and ``Dry run``."""

    @pytest.mark.parametrize(("form", "dry_run"), [({}, False), ({"dry_run": "1"}, True)])
    def test_hands_a_sync_to_a_worker(self, form, dry_run, operator, broker):
        operator.post(f"{RUNS}start/", form)
        assert broker == [(TASK, {"dry_run": dry_run})]

    def test_page_then_says_that_it_waits_for_a_worker(self, operator, broker):
        operator.post(f"{RUNS}start/")
        assert "Waiting for a Celery worker." in content(operator)

    def test_page_says_so_until_the_sync_has_begun(self, operator, broker):
        operator.post(f"{RUNS}start/")
        add_runs(1)
        page = content(operator)
        assert "Waiting for a Celery worker." not in page
        assert "Run now" in page

    def test_page_does_not_wait_for_ever(self, operator, broker, monkeypatch):
        operator.post(f"{RUNS}start/")
        monkeypatch.setattr("catalog_sync.admin.run_control.QUEUED_SECONDS", -1)
        assert "Run now" in content(operator)

    def test_without_a_broker_the_command_is_told(self, operator):
        response = operator.post(f"{RUNS}start/", {"dry_run": "1"})
        [message] = said(response)
        assert message.endswith("Run it from a shell: manage.py update_catalog_data --dry-run")

    def test_while_another_runs_nothing_is_handed_over(self, operator, running, broker):
        response = operator.post(f"{RUNS}start/")
        assert broker == []
        assert said(response) == [f"Sync run {running.run_id} is running: wait for its end, or cancel it."]


class TestProgress:
    """The bar of the running sync."""

    def test_is_in_the_list(self, viewer, running):
        assert '<progress aria-labelledby="catalog-sync-progress-title" value="1650" max="3300">' in content(
            viewer
        )

    def test_is_on_the_page_of_the_run(self, viewer, running):
        assert 'max="3300"' in content(viewer, f"{running.run_id}/change/")

    def test_is_not_on_the_page_of_another_run(self, viewer, running):
        add_runs(1)
        other = SyncRun.objects.latest("pk")
        assert "<progress" not in content(viewer, f"{other.pk}/change/")

    def test_refreshes_without_script(self, viewer, running):
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in content(viewer)

    def test_nothing_is_refreshed_while_nothing_runs(self, viewer):
        assert 'http-equiv="refresh"' not in content(viewer)

    def test_before_the_first_page_it_has_no_end(self, viewer):
        Lease.acquire()
        assert '<progress aria-labelledby="catalog-sync-progress-title">' in content(viewer)

    def test_script_is_told(self, viewer, running):
        told = viewer.get(f"{RUNS}progress/").json()
        assert (told["key"], told["done"], told["total"]) == (f"run-{running.run_id}", 1650, 3300)
        assert told["text"].startswith("1,650 of 3,300 course runs, 7 course overviews updated, ")

    def test_script_is_told_when_nothing_runs(self, viewer):
        assert viewer.get(f"{RUNS}progress/").json() == {"key": ""}

    def test_script_is_told_nothing_without_permission(self, running):
        assert client_of().get(f"{RUNS}progress/").status_code == 403

    def test_bar_is_never_fuller_than_full(self, viewer, running):
        SyncRun.objects.update(course_runs_retrieved=3400)
        assert viewer.get(f"{RUNS}progress/").json()["done"] == 3300

    def test_run_that_seems_dead_is_told_so(self, viewer, running):
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=3))
        assert "No sign of life for 180 s" in content(viewer)


class TestCancel:
    """Pressing ``Cancel this sync``."""

    def test_asks_the_run_to_end(self, operator, running):
        operator.post(f"{RUNS}{running.run_id}/cancel/")
        assert SyncRun.objects.get().cancel_requested

    def test_is_in_the_history_of_the_run(self, operator, running):
        operator.post(f"{RUNS}{running.run_id}/cancel/")
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.user.username) == (str(running.run_id), "staff")

    def test_page_then_has_no_button_and_says_so(self, operator, running):
        page = operator.post(f"{RUNS}{running.run_id}/cancel/", follow=True).content.decode()
        assert "Cancel this sync" not in page
        assert "Canceling: it ends after its page." in page

    def test_run_that_has_ended_stays_as_it_is(self, operator):
        add_runs(1)
        response = operator.post(f"{RUNS}{SyncRun.objects.get().pk}/cancel/")
        assert not SyncRun.objects.get().cancel_requested
        assert "had ended already" in said(response)[0]

    def test_run_that_never_was_is_not_found(self, operator):
        assert operator.post(f"{RUNS}77/cancel/").status_code == 404
