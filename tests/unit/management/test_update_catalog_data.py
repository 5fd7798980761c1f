"""``update_catalog_data`` called in this process: its options, where they come from, what it prints."""

from __future__ import annotations

import json
import os
import signal
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog_sync.models import CatalogSyncConfig, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.processes import Worker

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
OLD_STYLE = "ExampleX/One/2026"
DISABLED = "The sync is switched off in Django admin (Catalog sync configuration); nothing was done."


def update(*arguments):
    """Run the command; return what it wrote to standard output and to standard error."""
    out, err = StringIO(), StringIO()
    call_command("update_catalog_data", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def report(*arguments):
    return json.loads(update("--json", *arguments)[0])


@pytest.fixture(autouse=True)
def runs(catalog):
    catalog.control.set_runs({"key": key} for key in (KEY, OTHER, OLD_STYLE))


class TestConfiguration:
    """Options, else Django admin, else the defaults."""

    def test_defaults_hold_without_a_row(self):
        values = report()
        assert (values["page_size"], values["concurrency"]) == (500, 2)

    def test_row_of_the_admin_holds(self):
        CatalogSyncConfig.objects.create(enabled=True, page_size=123, concurrency=5)
        values = report()
        assert (values["page_size"], values["concurrency"]) == (123, 5)

    def test_newest_row_holds(self):
        CatalogSyncConfig.objects.create(enabled=True, page_size=123)
        CatalogSyncConfig.objects.create(enabled=True, page_size=321)
        assert report()["page_size"] == 321

    def test_row_changed_by_another_process_holds_at_once(self):
        report()
        # Without a signal, without this process's cache.
        CatalogSyncConfig.objects.bulk_create([CatalogSyncConfig(enabled=True, page_size=77)])
        assert report()["page_size"] == 77

    def test_option_wins_over_the_row(self):
        CatalogSyncConfig.objects.create(enabled=True, page_size=123, concurrency=5)
        values = report("--page-size", "20", "--concurrency", "3")
        assert (values["page_size"], values["concurrency"]) == (20, 3)

    def test_option_holds_for_one_run_only(self):
        report("--page-size", "20")
        assert report()["page_size"] == 500

    def test_page_size_reaches_the_catalog(self, catalog):
        update("--page-size", "123")
        assert catalog.control.requests("/api/")[0].params["limit"] == "123"

    def test_time_out_of_the_row_is_kept(self, catalog):
        CatalogSyncConfig.objects.create(enabled=True, request_timeout_seconds=1, retry_deadline_seconds=0)
        catalog.control.fault("slow", seconds=20, match={"path": "/api/"})
        with pytest.raises(CommandError, match="time"):
            update()


class TestSwitchedOff:
    """``enabled`` off in Django admin."""

    @pytest.fixture(autouse=True)
    def off(self):
        CatalogSyncConfig.objects.create(enabled=False)

    def test_says_so(self):
        assert DISABLED in update()[1]

    def test_logs_so(self, caplog):
        update()
        assert [message.split()[0] for message in caplog.messages] == ["event=catalog_sync.disabled"]

    def test_reports_so(self):
        assert report()["status"] == "disabled"

    def test_asks_the_catalog_nothing(self, catalog):
        update()
        assert catalog.control.requests() == []

    def test_is_no_run(self):
        update()
        assert not SyncRun.objects.exists()

    def test_wrong_usage_stays_wrong(self):
        with pytest.raises(CommandError):
            update("--page-size", "0")


class TestWrongUsage:
    """What exits with 2."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--page-size", "0"],
            ["--page-size", "10001"],
            ["--page-size", "-1"],
            ["--concurrency", "0"],
            ["--concurrency", "17"],
            ["--course-key", "nonsense"],
            ["--course-key", KEY, "--course-key", ""],
        ],
    )
    def test_exits_with_2(self, arguments):
        with pytest.raises(CommandError) as raised:
            update(*arguments)
        assert raised.value.returncode == 2

    @pytest.mark.parametrize("option", ["--page-size", "--concurrency"])
    def test_what_is_no_number_is_refused(self, option):
        with pytest.raises(CommandError, match=f"argument {option}"):
            update(option, "abc")

    def test_what_is_no_page_size_is_told_in_words(self):
        with pytest.raises(CommandError, match="a number or auto, not 'abc'"):
            update("--page-size", "abc")

    def test_asks_the_catalog_nothing(self, catalog):
        with pytest.raises(CommandError):
            update("--page-size", "0")
        assert catalog.control.requests() == []

    def test_is_no_run(self):
        with pytest.raises(CommandError):
            update("--page-size", "0")
        assert not SyncRun.objects.exists()

    @pytest.mark.parametrize("page_size", ["1", "10000"])
    def test_page_size_at_the_end_of_the_range_is_right(self, page_size):
        assert report("--page-size", page_size)["status"] == "succeeded"

    def test_error_within_a_run_is_not_taken_for_it(self, settings):
        settings.CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.broken_factory"
        with pytest.raises(CommandError) as raised:
            update()
        assert raised.value.returncode == 1


def broken_factory():
    raise ValueError("of the host's own")


class TestCourseKey:
    """``--course-key``."""

    @pytest.fixture(autouse=True)
    def course_overviews(self):
        for key in (KEY, OTHER, CCX, OLD_STYLE):
            CourseOverviewFactory(id=key)

    def having_urls(self):
        rows = CourseOverview.objects.exclude(marketing_url=None)
        return {str(key) for key in rows.values_list("id", flat=True)}

    @pytest.mark.parametrize(
        ("keys", "written"),
        [([OTHER], {OTHER}), ([OLD_STYLE], {OLD_STYLE}), ([OTHER, OLD_STYLE], {OTHER, OLD_STYLE})],
    )
    def test_syncs_just_these(self, keys, written):
        update(*(argument for key in keys for argument in ("--course-key", key)))
        assert self.having_urls() == written

    def test_of_a_ccx_gives_it_a_url(self):
        update("--course-key", CCX)
        assert CCX in self.having_urls()

    def test_that_nobody_knows_is_a_success(self):
        assert report("--course-key", "course-v1:NobodyX+Nothing+2026")["status"] == "succeeded"


class TestOutcome:
    """What became of it."""

    def test_dry_run_is_passed_on(self):
        CourseOverviewFactory(id=KEY)
        update("--dry-run")
        assert CourseOverview.objects.get(pk=KEY).marketing_url is None

    def test_refusal_exits_with_1(self, shrunk):
        with pytest.raises(CommandError) as raised:
            update()
        assert raised.value.returncode == 1

    def test_refusal_names_the_remedy(self, shrunk):
        with pytest.raises(CommandError, match="--allow-removals"):
            update()

    def test_removals_can_be_allowed(self, shrunk):
        assert report("--allow-removals")["removed"] == 20

    def test_incomplete_sync_exits_with_1(self, catalog):
        catalog.control.upsert([{"key": KEY, "marketing_url": "course/one"}])
        with pytest.raises(CommandError, match="rejected") as raised:
            update()
        assert raised.value.returncode == 1

    def test_incomplete_sync_prints_its_report_all_the_same(self, catalog):
        catalog.control.upsert([{"key": KEY, "marketing_url": "course/one"}])
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("update_catalog_data", "--json", stdout=out)
        assert json.loads(out.getvalue())["status"] == "incomplete"

    def test_incomplete_sync_that_cannot_print_exits_with_1(self, catalog):
        catalog.control.upsert([{"key": KEY, "marketing_url": "course/one"}])
        with open("/dev/full", "w") as full, pytest.raises(CommandError) as raised:
            call_command("update_catalog_data", stdout=full, stderr=StringIO())
        assert raised.value.returncode == 1

    def test_success_says_nothing_to_stderr(self):
        assert update()[1] == ""

    def test_held_lease_exits_with_75(self):
        SyncRun.objects.create(lease="default", holder="worker-7 process 4711")
        with pytest.raises(CommandError, match="worker-7 process 4711") as raised:
            update()
        assert raised.value.returncode == 75

    @pytest.fixture
    def shrunk(self, catalog):
        keys = [f"course-v1:ExampleX+C{n}+2026" for n in range(20)]
        for key in keys:
            CourseOverviewFactory(id=key)
        catalog.control.set_runs({"key": key} for key in keys)
        update()
        catalog.control.set_runs([])


class TestSignals:
    """SIGTERM and Ctrl-C while it runs, and afterwards."""

    @pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
    def number(self, request):
        """The signal; one that comes when the command has ended already must not end the tests."""
        before = signal.signal(request.param, signal.SIG_IGN)
        yield request.param
        signal.signal(request.param, before)

    def test_ends_the_run_after_its_page(self, number, catalog):
        catalog.control.generate(300)
        catalog.control.fault("slow", seconds=2, match={"path": "/api/", "nth": 4}, times=None)

        def send() -> None:
            while len(catalog.control.requests("/api/")) < 4:
                time.sleep(0.05)
            os.kill(os.getpid(), number)

        sender = Worker(send)
        with pytest.raises(CommandError, match="was stopped before its end"):
            update("--page-size", "20", "--concurrency", "1")
        sender.finish()

    def test_are_handled_as_before_afterwards(self, number):
        update()
        assert signal.getsignal(number) == signal.SIG_IGN
