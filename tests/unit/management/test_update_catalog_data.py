"""``update_catalog_data`` called in this process: its options, their defaults, its output and exit status."""

from __future__ import annotations

import json
import os
import re
import signal
from io import StringIO
from typing import ClassVar

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from catalog_sync.models import CatalogSyncConfig, SyncRun
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.factories import CourseOverviewFactory
from tests.integration.processes import Worker, wait_until

pytestmark = pytest.mark.django_db

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"
URL = "https://www.example.com/one"
DISABLED = "The sync is disabled in Django admin (Catalog sync configuration). Nothing was done."


def update(*arguments):
    """Run the command; return what it wrote to standard output and to standard error."""
    out, err = StringIO(), StringIO()
    call_command("update_catalog_data", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def report(*arguments):
    return json.loads(update("--json", *arguments)[0])


@pytest.fixture(autouse=True)
def runs(catalog):
    catalog.control.set_runs({"key": key} for key in (KEY, OTHER))


def failure(*arguments):
    """Run the command, which fails; return its exit status, its message and its output."""
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("update_catalog_data", *arguments, stdout=out)
    return raised.value.returncode, str(raised.value), out.getvalue()


class TestConfiguration:
    """Options, else Django admin, else the defaults."""

    def test_defaults_are_used_without_a_row(self):
        values = report()
        assert (values["page_size"], values["concurrency"]) == (500, 2)

    def test_option_overrides_the_row_for_one_sync_run(self, catalog):
        CatalogSyncConfig.objects.create(enabled=True, page_size=123, concurrency=5)
        values = report("--page-size", "20", "--concurrency", "3")
        assert (values["page_size"], values["concurrency"]) == (20, 3)
        assert catalog.control.requests("/api/")[0].params["limit"] == "20"
        assert report()["page_size"] == 123

    def test_time_out_of_the_row_is_used(self, catalog):
        CatalogSyncConfig.objects.create(enabled=True, request_timeout_seconds=1, retry_deadline_seconds=0)
        catalog.control.fault("slow", seconds=20, match={"path": "/api/"})
        with pytest.raises(CommandError, match="time"):
            update()

    def test_disabled_sync_prints_and_logs_it_and_does_nothing(self, catalog, caplog):
        CatalogSyncConfig.objects.create(enabled=False)
        out, err = update("--json")
        assert (json.loads(out)["status"], DISABLED in err) == ("disabled", True)
        assert [message.split()[0] for message in caplog.messages] == ["event=catalog_sync.disabled"]
        assert catalog.control.requests() == []
        assert not SyncRun.objects.exists()
        assert failure("--page-size", "-1")[0] == 2


class TestWrongUsage:
    """What exits with 2, and what does not."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--page-size", "10001"], "--page-size must be between 1 and 10,000, or 'auto' (got 10001)."),
            (["--page-size", "-1"], "--page-size must be between 1 and 10,000, or 'auto' (got -1)."),
            (["--page-size", "abc"], "--page-size must be between 1 and 10,000, or 'auto' (got abc)."),
            (["--concurrency", "0"], "--concurrency must be between 1 and 16 (got 0)."),
            (["--concurrency", "17"], "--concurrency must be between 1 and 16 (got 17)."),
            (["--course-key", "nonsense"], "'nonsense' is not a course key."),
            (["--course-key", KEY, "--course-key", ""], "'' is not a course key."),
            (["--catalog", "nope"], "Unknown Catalog 'nope'. Choose from: default."),
            (["--changed", "--distribute"], "Use only one of --course-key, --changed and --distribute."),
            (
                ["--dry-run", "--distribute"],
                "--dry-run and --distribute cannot be combined: one process has to compare all pages.",
            ),
        ],
    )
    def test_message_names_the_option_and_nothing_is_done(self, arguments, message, catalog):
        assert failure(*arguments) == (2, message, "")
        assert catalog.control.requests() == []
        assert not SyncRun.objects.exists()

    def test_concurrency_must_be_a_number(self):
        with pytest.raises(CommandError, match="argument --concurrency"):
            update("--concurrency", "abc")

    @pytest.mark.parametrize("page_size", ["0", "1", "10000", "auto"])
    def test_page_size_within_the_range_is_accepted(self, page_size):
        assert report("--page-size", page_size)["status"] == "succeeded"

    def test_value_error_of_the_host_is_a_failed_sync(self, settings):
        settings.CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.broken_factory"
        assert failure()[0] == 1


def broken_factory():
    raise ValueError("of the host's own")


UNKNOWN = "course-v1:NobodyX+Nothing+2026"
NOT_FOUND = f"Neither the Catalog nor the LMS has {UNKNOWN}."


class TestUnknownCourseKey:
    """A course key that neither the Catalog nor the LMS has, as after a typing error."""

    def test_exits_with_1_and_names_the_key_first(self):
        returncode, message, out = failure("--course-key", UNKNOWN)
        assert (returncode, message) == (1, f"{NOT_FOUND} Check the course key.")
        assert "Updated 0 of 0 courses" in out

    def test_is_a_message_above_the_report_if_another_key_is_known(self):
        both = StringIO()
        arguments = ("--course-key", UNKNOWN, "--course-key", KEY)
        call_command("update_catalog_data", *arguments, stdout=both, stderr=both)
        assert both.getvalue().startswith(f"{NOT_FOUND}\nUpdated 0 of 0 courses")

    @pytest.mark.parametrize("course_overview", [KEY, UNKNOWN])
    def test_key_that_one_of_them_has_is_a_success(self, course_overview, catalog):
        CourseOverviewFactory(id=course_overview)
        catalog.control.set_runs([{"key": OTHER}])
        assert update("--course-key", course_overview)[1] == ""
        assert update("--course-key", OTHER)[1] == ""

    def test_organization_of_no_catalog_exits_with_1(self, catalog, settings):
        settings.CATALOG_SYNC_CATALOGS = {"default": {"URL": catalog.api_url, "ORGS": ["ExampleX"]}}
        returncode, message, _ = failure("--course-key", UNKNOWN)
        assert (returncode, message.startswith("No Catalog's ORGS contains")) == (1, True)
        assert UNKNOWN in message

    def test_disabled_sync_exits_with_0(self):
        CatalogSyncConfig.objects.create(enabled=False)
        assert DISABLED in update("--course-key", UNKNOWN)[1]


def add_relative_url(catalog):
    catalog.control.upsert([{"key": KEY, "marketing_url": "course/one"}])


class TestOutcome:
    """The exit status and the output."""

    @pytest.fixture
    def fails_on_other(self, catalog):
        CatalogSyncConfig.objects.create(enabled=True, retry_deadline_seconds=0)
        match = {"path": COURSE_RUNS_PATH, "covers_key": OTHER}
        catalog.control.fault("status", match=match, times=None, status=500)

    def test_success_prints_the_sentence_first_and_nothing_to_stderr(self):
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id="course-v1:LmsX+Only+2026")
        out, err = update()
        assert re.match(r"Updated 1 of 2 courses in \d\.\d s: 1 not in the Catalog\.\n\nrun_id ", out)
        assert err == ""

    def test_refused_removal_exits_with_1_and_can_be_allowed(self, catalog):
        keys = [f"course-v1:ExampleX+C{n}+2026" for n in range(20)]
        for key in keys:
            CourseOverviewFactory(id=key)
        catalog.control.set_runs({"key": key} for key in keys)
        update()
        catalog.control.set_runs([])
        returncode, message, _ = failure()
        assert (returncode, "--allow-removals" in message) == (1, True)
        assert report("--allow-removals")["removed"] == 20

    def test_incomplete_sync_exits_with_1_and_prints_its_report(self, fails_on_other):
        returncode, message, out = failure("--json")
        assert (returncode, message.startswith("Incomplete: ")) == (1, True)
        assert json.loads(out)["status"] == "incomplete"

    def test_incomplete_sync_that_cannot_print_exits_with_1(self, fails_on_other):
        with open("/dev/full", "w") as full, pytest.raises(CommandError) as raised:
            call_command("update_catalog_data", stdout=full, stderr=StringIO())
        assert raised.value.returncode == 1

    def test_other_catalogs_are_reported_if_another_sync_is_running(self, catalog, settings):
        url = {"URL": catalog.api_url}
        settings.CATALOG_SYNC_CATALOGS = {"default": url, "partner": url}
        SyncRun.objects.create(lease="partner", catalog="partner", holder="worker-7 process 4711")
        returncode, message, out = failure()
        assert (returncode, "worker-7 process 4711" in message) == (75, True)
        assert re.match(
            r"default: Updated 0 of 0 courses .*\npartner: Skipped: nothing was done\.\n\nrun_id", out
        )

    def test_bypassing_the_cache_sends_requests_that_the_catalog_cannot_have_cached(self, catalog):
        CatalogSyncConfig.objects.create(enabled=True, bypass_cache_hours=0)
        update()
        usual = catalog.control.requests(COURSE_RUNS_PATH)[-1].params
        update("--bypass-cache")
        request = catalog.control.requests(COURSE_RUNS_PATH)[-1].params
        assert usual.items() < request.items()


class TestRejectedCourseRuns:
    """A course run without a usable URL is a warning, except with ``--strict``."""

    def test_is_a_warning(self, catalog):
        add_relative_url(catalog)
        assert "rejected" in update()[1]

    def test_strict_exits_with_1_and_prints_the_report(self, catalog):
        add_relative_url(catalog)
        returncode, message, out = failure("--strict", "--json")
        assert (returncode, json.loads(out)["status"]) == (1, "succeeded")
        assert message.startswith(f"1 course run was rejected ({KEY}: ")
        assert message.endswith(" The exit status is 1 because of --strict.")

    def test_strict_exits_with_0_if_there_is_none(self):
        assert update("--strict")[1] == ""


class TestQuiet:
    """``-v 0``, for cron, which mails what is printed."""

    def test_warning_is_not_printed(self, catalog):
        add_relative_url(catalog)
        assert update("-v0") == ("", "")

    def test_disabled_sync_prints_nothing(self):
        CatalogSyncConfig.objects.create(enabled=False)
        assert update("-v0") == ("", "")

    def test_json_is_printed(self):
        assert json.loads(update("-v0", "--json")[0])["status"] == "succeeded"


class TestDiff:
    """``--diff``, and ``changes`` of ``--json``."""

    CHANGE: ClassVar = {"course_key": KEY, "kind": "changed", "old": None, "new": URL, "reason": ""}

    @pytest.fixture(autouse=True)
    def course(self, catalog):
        CourseOverviewFactory(id=KEY)
        catalog.control.set_runs([{"key": KEY, "marketing_url": URL}])

    def test_dry_run_lists_the_changes(self):
        out = update("--dry-run", "--diff")[0]
        assert out.startswith(f"changed   {KEY}  (none) -> {URL}\n\nWould update 1 of 1 course")

    def test_quiet_prints_only_the_changes(self):
        assert update("-v0", "--diff")[0] == f"changed   {KEY}  (none) -> {URL}\n"

    def test_json_of_a_dry_run_and_of_the_sync_have_the_same_changes(self):
        assert report("--dry-run")["changes"] == report()["changes"] == [self.CHANGE]


class TestSignals:
    """SIGTERM and Ctrl-C."""

    @pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
    def number(self, request):
        # A signal that comes after the end of the command must not end the tests.
        before = signal.signal(request.param, signal.SIG_IGN)
        yield request.param
        signal.signal(request.param, before)

    def test_ends_the_sync_run_after_its_page(self, number, catalog):
        catalog.control.generate(300)
        catalog.control.fault("slow", seconds=2, match={"path": "/api/", "nth": 4}, times=None)

        def send() -> None:
            wait_until(lambda: len(catalog.control.requests("/api/")) >= 4, "the fourth page")
            os.kill(os.getpid(), number)

        sender = Worker(send)
        returncode, message, _ = failure("--page-size", "20", "--concurrency", "1")
        sender.finish()
        assert returncode == {signal.SIGTERM: 1, signal.SIGINT: 130}[number]
        assert "stopped" in message
        run = SyncRun.objects.get()
        assert (run.status, 0 < run.pages < 15) == ("canceled", True)

    def test_before_the_first_request_no_request_is_sent(self, number, catalog):
        catalog.control.clear_requests()
        sent = []

        def send(execute, *statement):
            if not sent:
                sent.append(number)
                os.kill(os.getpid(), number)
            return execute(*statement)

        # The first statement reads the configuration or acquires the lease.
        with connection.execute_wrapper(send):
            returncode, message, _ = failure()
        assert returncode == {signal.SIGTERM: 1, signal.SIGINT: 130}[number]
        assert "stopped" in message
        assert (SyncRun.objects.get().status, catalog.control.requests()) == ("canceled", [])

    def test_has_its_former_handler_afterwards(self, number):
        update()
        assert signal.getsignal(number) == signal.SIG_IGN
