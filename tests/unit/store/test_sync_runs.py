"""Old sync runs are deleted, but never the last successful full sync."""

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


def test_older_ones_are_deleted_with_two_statements(django_assert_num_queries):
    for _ in range(30):
        run_of(91)
    newer = [run_of(89), run_of(1)]
    with django_assert_num_queries(2):
        prune(90, "default")
    assert kept() == set(newer)


@pytest.mark.parametrize(
    "newer", [{"status": "failed"}, {"dry_run": True}, {"scope": "changed"}, {"scope": "course_keys"}]
)
def test_last_successful_full_sync_is_kept(newer):
    run_of(200)
    last = run_of(100)
    run_of(95, **newer)
    prune(90, "default")
    assert kept() == {last}


def test_running_one_is_kept():
    running = run_of(100, status="running", lease="default")
    prune(90, "default")
    assert running in kept()


@pytest.mark.parametrize("days", [0, 2**31 - 1], ids=["zero", "beyond the calendar"])
def test_all_are_kept(days):
    runs = {run_of(4000), run_of(3000)}
    prune(days, "default")
    assert kept() == runs


class TestSync:
    @pytest.fixture(autouse=True)
    def earlier(self, catalog):
        catalog.control.generate(3)
        CatalogSyncConfig.objects.create(enabled=True, keep_runs_days=7)
        self.old = run_of(8)
        self.recent = run_of(6)

    def kept_after(self, **options):
        run_id = update_catalog_data(**options).run_id
        return kept() - {run_id}

    @pytest.mark.parametrize("fails", [False, True])
    def test_full_one_deletes_old_sync_runs(self, fails, settings):
        if fails:
            settings.COURSE_CATALOG_API_URL = ""
        assert self.kept_after() == {self.recent}

    @pytest.mark.parametrize(
        "options", [{"dry_run": True}, {"course_keys": ["course-v1:a+b+c"]}, {"changed": True}]
    )
    def test_other_ones_do_not(self, options):
        assert self.kept_after(**options) >= {self.old, self.recent}
