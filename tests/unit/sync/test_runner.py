"""How a sync run ends: what it leaves in the log and in the history, whatever happened to it."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store.lease import Lease
from catalog_sync.sync.runner import Run
from catalog_sync.sync.scopes import sync_all
from sandbox.catalog.testing import COURSE_RUNS_PATH, COURSES_PATH
from tests.factories import add_course_overviews
from tests.unit.sync.sync_runs import opened

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"


class TestEnd:
    @pytest.mark.parametrize(
        ("http_status", "is_stopped", "status", "level"),
        [
            (200, False, "succeeded", "INFO"),
            (403, False, "failed", "ERROR"),
            (200, True, "canceled", "WARNING"),
        ],
    )
    def test_is_logged_with_the_level_of_the_status(
        self, http_status, is_stopped, status, level, catalog, caplog
    ):
        caplog.set_level("INFO")
        if http_status != 200:
            catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=http_status)
        report = update_catalog_data(should_stop=lambda: is_stopped)
        [record] = [each for each in caplog.records if "catalog_sync.finished" in each.getMessage()]
        assert (report.status, record.levelname) == (status, level)

    @pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
    def test_interrupted_sync_is_canceled(self, interruption, catalog):
        def interrupt(retrieved, total):
            raise interruption

        with pytest.raises(interruption):
            update_catalog_data(on_progress=interrupt)
        assert SyncRun.objects.get().status == "canceled"

    def test_database_error_is_reported(self, catalog):
        catalog.control.generate(3)

        def refuse(execute, sql, params, many, context):
            if sql.startswith("INSERT"):
                raise DatabaseError("the disk is full")
            return execute(sql, params, many, context)

        run = opened()
        with connection.execute_wrapper(refuse):
            report = run.do_and_close(partial(sync_all, run))
        assert (report.status, "Database error: the disk is full." in report.message) == ("failed", True)

    def test_each_cause_of_a_failure_is_logged_once(self, catalog, caplog):
        catalog.control.generate(100)
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        for offset, status in (("19", 503), ("38", 503), ("57", 400)):
            catalog.control.fault("status", match={"params": {"offset": offset}}, times=None, status=status)
        report = update_catalog_data(page_size=20)
        logged = [line for line in caplog.messages if line.startswith("event=catalog_sync.not_applied")]
        assert (report.failures, len(logged)) == (3, 2)

    def test_sync_that_could_not_read_any_page_has_failed_for_one_cause(self, catalog, caplog):
        catalog.control.generate(100)
        catalog.control.fault("status", match={"params": {"limit": "20"}}, times=None, status=400)
        report = update_catalog_data(page_size=20)
        assert report.status == "failed"
        assert report.message.startswith("The Catalog answered HTTP 400. ")
        assert "event=catalog_sync.not_applied" not in caplog.text


class TestDuration:
    def test_is_the_time_since_the_start(self, monkeypatch):
        run = opened()
        later = time.monotonic() + 1_000
        monkeypatch.setattr("time.monotonic", lambda: later)
        run.close(SyncRun.Status.SUCCEEDED, "")
        assert 1_000 <= run.report.duration_seconds < 1_900

    def test_of_a_distributed_sync_starts_in_the_first_process(self):
        run = opened()
        SyncRun.objects.update(started=timezone.now() - timedelta(seconds=1_000))
        again = Run.rejoin(SyncRun.objects.get(), run.options)
        again.close(SyncRun.Status.SUCCEEDED, "")
        assert 1_000 <= again.report.duration_seconds < 1_900


class TestIncrementalSyncsWithoutChanges:
    """Earlier ones that ended in the same way are deleted."""

    @pytest.fixture(autouse=True)
    def earlier(self, catalog):
        for status in SyncRun.Status.SUCCEEDED, SyncRun.Status.FAILED, SyncRun.Status.CANCELED:
            Lease.acquire(scope=SyncRun.Scope.CHANGED).close(status=status)

    def kept(self):
        return SyncRun.objects.filter(scope=SyncRun.Scope.CHANGED).count()

    @pytest.mark.parametrize("is_stopped", [False, True])
    def test_are_not_deleted_by_one_that_failed_or_was_canceled(self, is_stopped, catalog):
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        catalog.control.fault("status", match={"path": COURSES_PATH}, times=None, status=500)
        report = update_catalog_data(changed=True, should_stop=lambda: is_stopped)
        assert (report.status, self.kept()) == ("canceled" if is_stopped else "failed", 4)

    def test_are_not_deleted_by_a_sync_of_one_course(self):
        update_catalog_data(course_keys=[KEY])
        assert self.kept() == 3


class TestNumbers:
    @pytest.fixture
    def lms(self, catalog):
        """An LMS with two course runs that the Catalog lists, one of them with a marketing URL, and one of its own."""
        catalog.control.set_runs(
            [
                {"key": KEY, "marketing_url": "https://www.example.com/one"},
                {"key": "course-v1:ExampleX+Two+2026", "marketing_url": None},
            ]
        )
        add_course_overviews(KEY, "course-v1:ExampleX+Two+2026", "course-v1:ExampleX+LmsOnly+2026")

    def test_of_unchanged_are_those_that_were_not_updated(self, lms):
        first, second = update_catalog_data(), update_catalog_data()
        assert [(each.updated, each.unchanged) for each in (first, second)] == [(1, 1), (0, 2)]

    def test_of_unchanged_are_not_those_that_lost_their_url(self, lms, catalog):
        add_course_overviews("ccx-v1:ExampleX+One+2026+ccx@7", "ccx-v1:ExampleX+Two+2026+ccx@7")
        update_catalog_data()
        catalog.control.upsert([{"key": KEY, "marketing_url": None}])
        dry_run, report = update_catalog_data(dry_run=True), update_catalog_data()
        expected = {"matched": 4, "updated": 0, "removed": 2, "unchanged": 2, "not_in_catalog": 1}
        for each in (dry_run, report):
            assert {name: getattr(each, name) for name in expected} == expected

    def test_of_unchanged_do_not_depend_on_those_that_the_catalog_does_not_list(self, lms, catalog):
        update_catalog_data()
        catalog.control.delete([KEY])
        report = update_catalog_data()
        numbers = (report.matched, report.removed, report.unchanged, report.not_in_catalog)
        assert numbers == (1, 1, 1, 2)

    def test_of_those_that_the_catalog_lacks_need_a_complete_crawl(self, lms, catalog):
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        complete = update_catalog_data(page_size=2)
        catalog.control.upsert([{"key": f"course-v1:ExampleX+Zz{n}+2026"} for n in range(2)])
        catalog.control.fault("status", match={"params": {"offset": "1"}}, times=None, status=503)
        incomplete = update_catalog_data(page_size=2)
        assert (complete.not_in_catalog, incomplete.status, incomplete.not_in_catalog) == (1, "incomplete", 0)


def test_list_without_a_usable_record_is_incomplete(catalog):
    catalog.control.set_runs([{"key": f"no course key {number}"} for number in range(3)])
    report = update_catalog_data()
    assert (report.status, report.course_runs_rejected) == ("incomplete", 3)
    assert report.message.startswith("Incomplete: every record of the list was rejected")


class TestBypassedCache:
    """When a sync run bypasses the Catalog's reply cache."""

    @pytest.fixture(autouse=True)
    def course_runs(self, catalog):
        catalog.control.generate(3)
        self.known = {None}

    def bypassed(self, catalog, **options):
        """Run a sync, and return whether its requests had a new parameter, which gets past the cache."""
        catalog.control.clear_requests()
        report = update_catalog_data(**options)
        assert SyncRun.objects.latest("pk").bypassed_cache is report.bypassed_cache
        sent = {each.params.get("bypass_cache") for each in catalog.control.requests(COURSE_RUNS_PATH)}
        assert sent.isdisjoint(self.known) is report.bypassed_cache
        self.known |= sent
        return report.bypassed_cache

    def test_once_in_the_configured_hours(self, catalog):
        assert [self.bypassed(catalog) for _ in range(3)] == [True, False, False]
        SyncRun.objects.update(started=timezone.now() - timedelta(hours=25))
        assert self.bypassed(catalog)

    def test_never_with_0_hours_unless_requested(self, catalog):
        CatalogSyncConfig.objects.create(bypass_cache_hours=0)
        assert [self.bypassed(catalog), self.bypassed(catalog, bypass_cache=True)] == [False, True]

    @pytest.mark.parametrize("options", [{"course_keys": [KEY]}, {"changed": True}])
    def test_always_by_a_sync_of_some_courses(self, options, catalog):
        CatalogSyncConfig.objects.create(bypass_cache_hours=0)
        update_catalog_data()
        catalog.control.upsert([{"key": KEY}])
        assert self.bypassed(catalog, **options)

    def test_again_by_the_full_sync_after_a_sync_of_one_course(self, catalog):
        self.bypassed(catalog)
        self.bypassed(catalog, course_keys=[KEY], dry_run=True)
        assert not self.bypassed(catalog)
        self.bypassed(catalog, course_keys=[KEY])
        assert [self.bypassed(catalog), self.bypassed(catalog)] == [True, False]

    def test_dry_run_bypasses_it_and_leaves_that_to_the_next_sync(self, catalog):
        assert [self.bypassed(catalog, dry_run=True), self.bypassed(catalog)] == [True, True]

    def test_is_logged_at_the_start(self, caplog):
        caplog.set_level("INFO")
        update_catalog_data()
        [started] = [each for each in caplog.messages if "catalog_sync.started" in each]
        assert " bypassed_cache=true" in started
