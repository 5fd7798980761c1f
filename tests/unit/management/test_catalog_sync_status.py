"""``manage.py catalog_sync_status``."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health
from sandbox.catalog.testing import COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy():
    return SyncRun.objects.create(status="succeeded", finished=timezone.now(), course_runs_rejected=3)


@pytest.fixture
def stale():
    return SyncRun.objects.create(status="succeeded", finished=timezone.now() - timedelta(hours=13))


def status(*arguments):
    """Return what the command prints, also if it fails."""
    out = StringIO()
    with suppress(CommandError):
        call_command("catalog_sync_status", *arguments, stdout=out)
    return out.getvalue()


def test_healthy_sync_is_no_failure(healthy):
    call_command("catalog_sync_status", stdout=StringIO())


def test_stale_sync_exits_with_1(stale):
    with pytest.raises(CommandError) as failure:
        call_command("catalog_sync_status", stdout=StringIO())
    assert failure.value.returncode == 1


def test_stale_sync_says_what_to_do(stale):
    with pytest.raises(CommandError, match=r"Run manage\.py update_catalog_data"):
        call_command("catalog_sync_status", stdout=StringIO())


def test_sync_that_is_switched_off_is_told_before_it_is_stale(healthy):
    CatalogSyncConfig.objects.create(enabled=False)
    err = StringIO()
    call_command("catalog_sync_status", stdout=StringIO(), stderr=err)
    assert "is switched off" in err.getvalue()


@pytest.mark.parametrize(
    "line", ["status ok", "stale_after_hours 12", "last_full_run.course_runs_rejected 3", "running -"]
)
def test_prints_a_line_a_number(healthy, line):
    assert line in [" ".join(printed.split()) for printed in status().splitlines()]


def test_json_is_one_line(healthy):
    assert len(status("--json").splitlines()) == 1


@pytest.mark.parametrize("fixture", ["healthy", "stale"])
def test_json_has_the_names_of_the_url(fixture, request):
    request.getfixturevalue(fixture)
    assert json.loads(status("--json")).keys() == health.look().keys() | {"catalog_access"}


@pytest.mark.parametrize(
    "line",
    [
        "catalog_access.default.source COURSE_CATALOG_API_URL",
        "catalog_access.default.authentication OAuth2 client credentials",
        "catalog_access.default.user catalog-sync-worker",
    ],
)
def test_prints_how_the_lms_reaches_the_catalog(healthy, catalog, line):
    assert line in [" ".join(printed.split()) for printed in status().splitlines()]


def test_password_in_the_address_is_not_printed(healthy, settings):
    settings.COURSE_CATALOG_API_URL = "https://me:hush@catalog.example.com/api/v1"
    printed = status() + status("--json")
    assert ("https://catalog.example.com/api/v1" in printed, "hush" in printed) == (True, False)


class TestConnect:
    """``--connect``."""

    def test_prints_how_long_the_catalog_took_and_what_it_has(self, healthy, catalog):
        catalog.control.generate(3_300)
        assert re.search(
            r"^The Catalog answered in \d+\.\d\d s: 3,300 course runs\.$", status("--connect"), re.M
        )

    def test_sends_one_request_for_one_row(self, healthy, catalog):
        status("--connect")
        [request] = catalog.control.requests(COURSE_RUNS_PATH)
        assert request.params["limit"] == "1"

    def test_working_connection_is_not_a_failure(self, healthy, catalog):
        call_command("catalog_sync_status", "--connect", stdout=StringIO())

    def test_stale_sync_is_a_failure_though_the_connection_works(self, stale, catalog):
        with pytest.raises(CommandError, match=r"^No full sync has succeeded .*") as failure:
            call_command("catalog_sync_status", "--connect", stdout=StringIO())
        assert failure.value.returncode == 1

    def test_fault_is_one_sentence_with_the_remedy(self, healthy, catalog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        with pytest.raises(
            CommandError, match=r"^\S+ answered HTTP 403: give the user of \S+ access .*"
        ) as failure:
            call_command("catalog_sync_status", "--connect", stdout=StringIO())
        assert failure.value.returncode == 1

    @pytest.mark.parametrize("http_status", [429, 503])
    def test_fault_is_not_tried_again(self, healthy, catalog, http_status):
        match = {"path": COURSE_RUNS_PATH}
        catalog.control.fault(
            "status", match=match, times=None, status=http_status, headers={"Retry-After": "1"}
        )
        status("--connect")
        assert len(catalog.control.requests(COURSE_RUNS_PATH)) == 1

    def test_address_that_is_not_set_is_a_fault(self, healthy, catalog, settings):
        settings.COURSE_CATALOG_API_URL = None
        with pytest.raises(CommandError, match=r"^COURSE_CATALOG_API_URL is not set: "):
            call_command("catalog_sync_status", "--connect", stdout=StringIO())

    def test_json_has_the_answer(self, healthy, catalog):
        catalog.control.generate(20)
        [access] = json.loads(status("--json", "--connect"))["catalog_access"]
        assert access["connection"]["course_runs"] == 20

    def test_json_has_the_fault(self, healthy, catalog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=404)
        [access] = json.loads(status("--json", "--connect"))["catalog_access"]
        assert "answered HTTP 404" in access["connection"]["fault"]

    def test_several_catalogs_are_named(self, healthy, catalog, settings):
        settings.CATALOG_SYNC_CATALOGS = {"default": {"URL": catalog.api_url}, "gone": {"URL": ""}}
        with pytest.raises(CommandError, match=r"^CATALOG_SYNC_CATALOGS\['gone'\]\['URL'\] is not set: "):
            call_command("catalog_sync_status", "--connect", stdout=(out := StringIO()))
        assert "The Catalog default answered in" in out.getvalue()


def test_database_that_fails_is_one_sentence(monkeypatch):
    def fail():
        raise DatabaseError("no such\ntable")

    monkeypatch.setattr(health, "look", fail)
    with pytest.raises(CommandError, match=r"no such table.*Run manage\.py migrate"):
        call_command("catalog_sync_status")
