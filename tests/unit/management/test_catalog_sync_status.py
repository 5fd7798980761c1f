"""``manage.py catalog_sync_status``."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health
from catalog_sync.store.lease import Lease
from sandbox.catalog.testing import COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy():
    return SyncRun.objects.create(status="succeeded", finished=timezone.now(), course_runs_rejected=3)


@pytest.fixture
def stale():
    return SyncRun.objects.create(status="succeeded", finished=timezone.now() - timedelta(hours=13))


def status(*arguments):
    """Return the output of the command, also if it fails."""
    out = StringIO()
    with suppress(CommandError):
        call_command("catalog_sync_status", *arguments, stdout=out)
    return out.getvalue()


def failure(*arguments):
    """Return the message of the command, which fails with 1."""
    with pytest.raises(CommandError) as raised:
        call_command("catalog_sync_status", *arguments, stdout=StringIO())
    assert raised.value.returncode == 1
    return str(raised.value)


def lines(output):
    return [" ".join(line.split()) for line in output.splitlines()]


def test_stale_sync_exits_with_1_and_the_remedy(stale):
    assert "Run manage.py lms update_catalog_data" in failure()


def test_disabled_sync_prints_the_remedy_and_exits_with_0(healthy):
    CatalogSyncConfig.objects.create(enabled=False)
    err = StringIO()
    call_command("catalog_sync_status", stdout=StringIO(), stderr=err)
    assert "is disabled" in err.getvalue()


def test_prints_one_line_per_value(healthy, catalog):
    assert {
        "status ok",
        "stale_after_hours 12",
        "last_full_run.course_runs_rejected 3",
        "running -",
        "catalog_access.default.source COURSE_CATALOG_API_URL",
        "catalog_access.default.authentication OAuth2 client credentials",
        "catalog_access.default.user catalog-sync-worker",
    } <= set(lines(status()))


def test_values_are_in_one_column(healthy, catalog):
    printed = status().splitlines()
    start = next(line.index("OAuth2 client") for line in printed if "OAuth2 client" in line)
    assert all(line[start - 1] == " " and line[start] != " " for line in printed)


def test_dead_sync_run_is_named(healthy):
    run_id = Lease.acquire().run_id
    assert "is dead" not in status()
    SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
    assert f"Sync run {run_id} is dead: it has had no heartbeat since " in status()


def test_prints_the_warning_about_rejected_course_runs(healthy):
    [line] = [each for each in lines(status()) if each.startswith("warnings ")]
    assert line.startswith("warnings The last full sync rejected course runs (3).")


@pytest.mark.parametrize("fixture", ["healthy", "stale"])
def test_json_is_one_line_with_the_keys_of_the_health_endpoint(fixture, request):
    request.getfixturevalue(fixture)
    [line] = status("--json").splitlines()
    assert json.loads(line).keys() == health.read().keys() | {"catalog_access"}


def test_password_in_the_address_is_not_printed(healthy, settings):
    settings.COURSE_CATALOG_API_URL = "https://me:hush@catalog.example.com/api/v1"
    printed = status() + status("--json")
    assert ("https://catalog.example.com/api/v1" in printed, "hush" in printed) == (True, False)


def test_stale_sync_has_the_message_of_the_last_full_sync():
    run = SyncRun.objects.create(
        scope=SyncRun.Scope.ALL,
        status="failed",
        finished=timezone.now(),
        message="The Catalog is away. Start it.",
    )
    assert failure().splitlines()[1:] == [f"Message of sync run {run.pk}: The Catalog is away. Start it."]


def test_sync_that_is_not_stale_has_the_message_of_a_last_full_sync_that_failed(healthy):
    run = SyncRun.objects.create(
        status="failed", finished=timezone.now(), message="The Catalog is away. Start it."
    )
    assert status().splitlines()[-1] == f"Message of sync run {run.pk}: The Catalog is away. Start it."


def test_message_of_a_sync_that_succeeded_is_not_shown_as_the_cause():
    SyncRun.objects.create(
        status="succeeded", finished=timezone.now() - timedelta(days=3), message="1 course run was rejected."
    )
    assert "rejected." not in failure()


class TestConnect:
    """``--connect``."""

    def test_prints_the_time_and_the_number_of_course_runs_after_one_request(self, healthy, catalog):
        catalog.control.generate(3_300)
        out = StringIO()
        call_command("catalog_sync_status", "--connect", stdout=out)
        assert re.search(r"^The Catalog replied in \d+\.\d\d s: 3,300 course runs\.$", out.getvalue(), re.M)
        [request] = catalog.control.requests(COURSE_RUNS_PATH)
        assert request.params["limit"] == "1"

    def test_stale_sync_is_a_failure_though_the_connection_works(self, stale, catalog):
        assert failure("--connect").startswith("No successful full sync ")

    def test_failed_connection_exits_with_1_and_the_cause(self, healthy, catalog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        message = failure("--connect")
        assert message.startswith("The Catalog answered HTTP 403. Give the user of ")

    def test_message_of_a_sync_run_is_not_among_the_causes_unless_the_sync_is_stale(self, healthy, catalog):
        SyncRun.objects.create(status="failed", finished=timezone.now(), message="The Catalog was away.")
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        [line] = failure("--connect").splitlines()
        assert line.startswith("The Catalog answered HTTP 403. ")

    @pytest.mark.parametrize("http_status", [429, 503])
    def test_failed_request_is_not_retried(self, healthy, catalog, http_status):
        match = {"path": COURSE_RUNS_PATH}
        catalog.control.fault(
            "status", match=match, times=None, status=http_status, headers={"Retry-After": "1"}
        )
        status("--connect")
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1

    def test_json_has_the_reply_or_the_fault(self, healthy, catalog):
        catalog.control.generate(20)
        [access] = json.loads(status("--json", "--connect"))["catalog_access"]
        assert access["connection"]["course_runs"] == 20
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=404)
        [access] = json.loads(status("--json", "--connect"))["catalog_access"]
        assert "HTTP 404" in access["connection"]["fault"]

    def test_each_of_several_catalogs_is_named(self, healthy, catalog, settings):
        settings.CATALOG_SYNC_CATALOGS = {"default": {"URL": catalog.api_url}, "gone": {"URL": ""}}
        with pytest.raises(CommandError, match=r"CATALOG_SYNC_CATALOGS\['gone'\]\['URL'\] is not set"):
            call_command("catalog_sync_status", "--connect", stdout=(out := StringIO()))
        assert "The Catalog default replied in" in out.getvalue()


def test_database_error_is_one_sentence():
    def fail(*args):
        raise DatabaseError("no such\ntable")

    message = r"no such table.*manage\.py lms migrate"
    with connection.execute_wrapper(fail), pytest.raises(CommandError, match=message):
        call_command("catalog_sync_status")
