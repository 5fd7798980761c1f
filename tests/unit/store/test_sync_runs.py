"""Old sync runs go, the last that succeeded stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store.sync_runs import prune

pytestmark = pytest.mark.django_db


def run_of(days_ago, **values):
    run = SyncRun.objects.create(**{"status": "succeeded", "holder": "a worker"} | values)
    SyncRun.objects.filter(pk=run.pk).update(started=timezone.now() - timedelta(days=days_ago))
    return run.pk


def kept():
    return set(SyncRun.objects.values_list("pk", flat=True))


def test_older_runs_go():
    run_of(91)
    newer = [run_of(89), run_of(1)]
    prune(90, "default")
    assert kept() == set(newer)


def test_last_that_succeeded_stays_however_old():
    run_of(200)
    last = run_of(100)
    run_of(95, status="failed")
    prune(90, "default")
    assert kept() == {last}


@pytest.mark.parametrize("values", [{"dry_run": True}, {"scope": "changed"}, {"scope": "course_keys"}])
def test_only_a_full_run_is_the_last_that_succeeded(values):
    full = run_of(100)
    run_of(95, **values)
    prune(90, "default")
    assert kept() == {full}


def test_run_that_holds_the_lease_stays():
    running = run_of(100, status="running", lease="default")
    prune(90, "default")
    assert running in kept()


def test_zero_days_keep_all():
    runs = [run_of(4000), run_of(3000)]
    prune(0, "default")
    assert kept() == set(runs)


def test_days_beyond_the_calendar_keep_all():
    runs = [run_of(4000), run_of(3000)]
    prune(2**31 - 1, "default")
    assert kept() == set(runs)


def test_costs_two_statements(django_assert_num_queries):
    for _ in range(30):
        run_of(100)
    with django_assert_num_queries(2):
        prune(90, "default")


class TestOfARun:
    """Which syncs prune, and how they are told for how long."""

    @pytest.fixture(autouse=True)
    def old(self, catalog):
        catalog.control.generate(3)
        CatalogSyncConfig.objects.create(enabled=True, keep_runs_days=7)
        self.old = run_of(8)
        self.recent = run_of(6)

    def test_full_run_prunes(self):
        assert kept_after() == {self.recent}

    @pytest.mark.parametrize(
        "options", [{"dry_run": True}, {"course_keys": ["course-v1:a+b+c"]}, {"changed": True}]
    )
    def test_other_runs_do_not(self, options):
        assert kept_after(**options) >= {self.old, self.recent}

    def test_failed_run_prunes_too(self, settings):
        settings.COURSE_CATALOG_API_URL = ""
        assert kept_after() == {self.recent}


def kept_after(**options):
    run_id = update_catalog_data(**options).run_id
    return kept() - {run_id}
