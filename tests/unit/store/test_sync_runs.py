"""The stored sync runs: which are deleted, when the cache must be bypassed, how many requests were sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun, SyncRunChange
from catalog_sync.store import sync_runs
from catalog_sync.store.sync_runs import must_bypass_cache, prune, requests_of_last_hour

pytestmark = pytest.mark.django_db


def run_of(days_ago, **values):
    run = SyncRun.objects.create(**{"status": "succeeded", "holder": "a worker"} | values)
    SyncRun.objects.filter(pk=run.pk).update(started=timezone.now() - timedelta(days=days_ago))
    return run.pk


def kept():
    return set(SyncRun.objects.values_list("pk", flat=True))


def add_changes(run_id, number):
    SyncRunChange.objects.bulk_create(
        SyncRunChange(sync_run_id=run_id, kind="changed", course_key=f"course-v1:a+b+{n}")
        for n in range(number)
    )


def test_older_ones_are_deleted_with_few_statements(django_assert_max_num_queries):
    for _ in range(30):
        run_of(91)
    newer = [run_of(89), run_of(1)]
    with django_assert_max_num_queries(6):
        prune("default", 90)
    assert kept() == set(newer)


def test_their_changes_are_deleted_in_statements_of_bounded_size(monkeypatch):
    monkeypatch.setattr(sync_runs, "CHUNK", 10)
    old, newer = run_of(91), run_of(1)
    for run_id in (old, newer):
        add_changes(run_id, 25)
    with CaptureQueriesContext(connection) as sent:
        prune("default", 90)
    assert (kept(), set(SyncRunChange.objects.values_list("sync_run", flat=True))) == ({newer}, {newer})
    deletions = [each for each in sent if each["sql"].startswith("DELETE") and "change" in each["sql"]]
    assert len(deletions) >= 3


@pytest.mark.parametrize(
    "newer", [{"status": "failed"}, {"dry_run": True}, {"scope": "changed"}, {"scope": "course_keys"}]
)
def test_last_successful_full_sync_is_kept(newer):
    run_of(200)
    last = run_of(100)
    run_of(95, **newer)
    prune("default", 90)
    assert kept() == {last}


def test_running_one_is_kept():
    running = run_of(100, status="running", lease="default")
    prune("default", 90)
    assert running in kept()


@pytest.mark.parametrize("days", [0, 2**31 - 1], ids=["zero", "beyond the calendar"])
def test_all_are_kept(days):
    runs = {run_of(4000), run_of(3000)}
    prune("default", days)
    assert kept() == runs


class TestMustBypassCache:
    """Whether a full sync is due that bypasses the Catalog's cache."""

    def test_not_if_one_has_bypassed_it_lately(self):
        run_of(0.9, bypassed_cache=True)
        assert not must_bypass_cache("default", 24)

    @pytest.mark.parametrize(
        "values",
        [
            {"days_ago": 1.1},
            # Each day a second earlier than the day before.
            {"days_ago": 0.9999},
            {"bypassed_cache": False},
            {"dry_run": True},
            {"status": "incomplete"},
            {"scope": "course_keys"},
            {"catalog": "partner"},
        ],
    )
    def test_if_the_last_that_did_is_old_or_of_another_kind(self, values):
        run_of(**{"days_ago": 0.1, "bypassed_cache": True} | values)
        assert must_bypass_cache("default", 24)

    def test_never_with_0_hours(self):
        assert not must_bypass_cache("default", 0)


def test_requests_of_last_hour_are_those_of_all_sync_runs_of_the_catalog():
    now = timezone.now()
    for requests, values in enumerate(
        [{}, {"dry_run": True}, {"status": "failed", "scope": "changed"}, {"catalog": "partner"}], start=1
    ):
        run_of(0, requests=requests, finished=now, **values)
    run_of(0, requests=100, finished=now - timedelta(hours=2))
    assert requests_of_last_hour("default") == 1 + 2 + 3


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
