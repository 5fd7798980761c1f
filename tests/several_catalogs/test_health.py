"""The health of several Catalogs is that of the enabled one whose last success is the oldest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import health

pytestmark = [pytest.mark.usefixtures("named"), pytest.mark.django_db]


def fault():
    return health.worst_of(health.of_each_catalog()).fault


def succeeded(name, hours_ago):
    run = SyncRun.objects.create(catalog=name, status="succeeded", holder="worker")
    SyncRun.objects.filter(pk=run.pk).update(finished=timezone.now() - timedelta(hours=hours_ago))
    return run.pk


class TestOneStale:
    """The last success of the second Catalog is too old."""

    @pytest.fixture(autouse=True)
    def runs(self, named):
        succeeded("default", 1)
        self.stale = succeeded("partner", 20)

    def test_health_is_that_of_the_stale_catalog(self):
        seen = health.read()
        assert (seen["status"], seen["catalog"]) == ("stale", "partner")
        assert seen["last_success"]["run_id"] == self.stale
        statuses = {name: each["status"] for name, each in seen["catalogs"].items()}
        assert statuses == {"default": "ok", "partner": "stale"}
        assert fault().startswith("No successful full sync of the Catalog partner in the last")

    def test_disabled_catalog_is_not_stale(self):
        CatalogSyncConfig.objects.create(catalog="partner", enabled=False)
        current = health.read()
        assert (current["status"], current["catalogs"]["partner"]["status"]) == ("ok", "disabled")

    def test_remedy_names_the_catalog_if_all_are_disabled(self):
        for name in ("default", "partner"):
            CatalogSyncConfig.objects.create(catalog=name, enabled=False)
        current = health.read()
        assert current["status"] == "disabled"
        assert fault().startswith("The sync of the Catalog partner is disabled")

    def test_status_command_prints_the_status_of_each_catalog(self, capsys):
        with pytest.raises(CommandError, match="of the Catalog partner"):
            call_command("catalog_sync_status")
        lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        assert "catalogs.default.status ok" in lines


def test_catalog_without_a_success_is_the_oldest():
    succeeded("partner", 500)
    assert health.read()["catalog"] == "default"


def test_two_recent_successes_are_healthy():
    succeeded("default", 1)
    succeeded("partner", 2)
    assert fault() == ""


def test_warning_names_the_catalog_with_rejected_course_runs():
    run_id = succeeded("partner", 1)
    SyncRun.objects.filter(pk=run_id).update(course_runs_rejected=3)
    [warning] = health.read()["warnings"]
    assert warning.startswith("The last full sync of the Catalog partner rejected course runs (3).")


def test_running_sync_is_listed_under_its_catalog():
    run = SyncRun.objects.create(catalog="partner", lease="partner", holder="worker")
    seen = health.read()["catalogs"]
    assert (seen["default"]["running"], seen["partner"]["running"]["run_id"]) == (None, run.pk)


def test_single_catalog_has_no_list(settings):
    settings.CATALOG_SYNC_CATALOGS = None
    assert not {"catalog", "catalogs"} & health.read().keys()
