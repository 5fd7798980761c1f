"""``manage.py catalog_sync_status``."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from catalog_sync import health
from catalog_sync.models import CatalogSyncConfig, SyncRun

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
    assert json.loads(status("--json")).keys() == health.look().keys()


def test_database_that_fails_is_one_sentence(monkeypatch):
    def fail():
        raise DatabaseError("no such\ntable")

    monkeypatch.setattr(health, "look", fail)
    with pytest.raises(CommandError, match=r"no such table.*run manage\.py migrate"):
        call_command("catalog_sync_status")
