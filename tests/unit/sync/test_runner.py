"""How a run begins and ends: what it leaves in the log and in the history, whatever happened to it."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.store import lease
from catalog_sync.store.lease import Lease
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.runner import Run
from sandbox.catalog.testing import COURSE_RUNS_PATH, COURSES_PATH
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"


def opened() -> Run:
    return Run.open(SyncOptions.of(conf.catalogs()[0]))


def finished(caplog):
    """Return the level of the line that tells of the end, and the line."""
    [record] = [each for each in caplog.records if "catalog_sync.finished" in each.getMessage()]
    return record.levelname, record.getMessage()


class TestEnd:
    def test_success_is_logged_as_info(self, catalog, caplog):
        caplog.set_level("INFO")
        update_catalog_data()
        assert finished(caplog)[0] == "INFO"

    def test_failure_is_logged_as_an_error(self, catalog, caplog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        update_catalog_data()
        assert finished(caplog)[0] == "ERROR"

    def test_database_error_is_reported_and_logged(self, catalog, caplog):
        catalog.control.generate(3)

        def refuse(execute, sql, params, many, context):
            if sql.startswith("INSERT"):
                raise DatabaseError("the disk is full")
            return execute(sql, params, many, context)

        run = opened()
        with connection.execute_wrapper(refuse):
            report = run.carry_out(run.sync_all)
        assert (report.status, "Database error: the disk is full." in report.message) == ("failed", True)
        assert finished(caplog)[0] == "ERROR"

    @pytest.mark.django_db(transaction=True)
    def test_end_is_stored_after_a_lost_connection(self, catalog):
        broken = []

        def lose_once(execute, sql, params, many, context):
            if sql.startswith("UPDATE") and not broken:
                broken.append(sql)
                raise DatabaseError("the server has gone away")
            return execute(sql, params, many, context)

        run = opened()
        with connection.execute_wrapper(lose_once):
            run.close(SyncRun.Status.SUCCEEDED, "")
        assert (len(broken), SyncRun.objects.get().status) == (1, "succeeded")

    def test_each_failure_is_logged(self, catalog, caplog):
        catalog.control.generate(60)
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        for offset in ("19", "38"):
            catalog.control.fault("status", match={"params": {"offset": offset}}, times=None, status=503)
        report = update_catalog_data(page_size=20)
        told = [line for line in caplog.messages if line.startswith("event=catalog_sync.not_applied")]
        assert len(told) == report.failures > 1


class TestDuration:
    def test_is_the_time_since_the_start(self):
        run = opened()
        run._started = time.monotonic() - 1_000
        run.close(SyncRun.Status.SUCCEEDED, "")
        assert 1_000 <= run.report.duration_seconds < 1_900

    def test_of_a_distributed_sync_starts_in_the_first_process(self):
        run = opened()
        SyncRun.objects.update(started=timezone.now() - timedelta(seconds=1_000))
        again = Run.rejoin(SyncRun.objects.get(), run.options)
        again.close(SyncRun.Status.SUCCEEDED, "")
        assert 1_000 <= again.report.duration_seconds < 1_900


class TestHistory:
    @pytest.fixture
    def old_run(self):
        run = SyncRun.objects.create(scope=SyncRun.Scope.ALL, status=SyncRun.Status.FAILED)
        SyncRun.objects.update(started=timezone.now() - timedelta(days=91))
        return run

    @pytest.fixture
    def incremental_syncs(self, catalog):
        """Two incremental syncs that found nothing to do."""
        for status in (SyncRun.Status.SUCCEEDED, SyncRun.Status.FAILED):
            Lease.acquire(scope=SyncRun.Scope.CHANGED).close(status=status)

    def is_kept(self, old_run):
        return SyncRun.objects.filter(pk=old_run.pk).exists()

    def kept_incremental_syncs(self):
        return SyncRun.objects.filter(scope=SyncRun.Scope.CHANGED).count()

    def test_of_long_ago_goes_with_a_full_sync(self, old_run, catalog):
        update_catalog_data()
        assert not self.is_kept(old_run)

    def test_of_long_ago_stays_in_a_dry_run(self, old_run, catalog):
        update_catalog_data(dry_run=True)
        assert self.is_kept(old_run)

    def test_sync_of_one_course_keeps_old_sync_runs(self, old_run, catalog):
        update_catalog_data(course_keys=[KEY])
        assert self.is_kept(old_run)

    def test_of_looks_has_the_last_that_found_nothing(self, incremental_syncs):
        update_catalog_data(changed=True)
        assert self.kept_incremental_syncs() == 2

    def test_of_looks_has_all_that_failed(self, incremental_syncs, catalog):
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        catalog.control.fault("status", match={"path": COURSES_PATH}, times=None, status=500)
        update_catalog_data(changed=True)
        assert self.kept_incremental_syncs() == 3

    def test_sync_of_one_course_keeps_incremental_sync_runs(self, incremental_syncs):
        update_catalog_data(course_keys=[KEY])
        assert self.kept_incremental_syncs() == 2


def test_full_sync_waits_for_an_incremental_sync(catalog, monkeypatch):
    monkeypatch.setattr("catalog_sync.store.lease.ACQUIRE_PAUSE_SECONDS", 0.01)
    look = Lease.acquire(scope=SyncRun.Scope.CHANGED)

    def stop():
        look.close(status=SyncRun.Status.SUCCEEDED)
        return False

    assert update_catalog_data(should_stop=stop).status == "succeeded"


def test_full_sync_waits_for_an_incremental_sync_without_should_stop(catalog, monkeypatch):
    look = Lease.acquire(scope=SyncRun.Scope.CHANGED)

    def end_look(_):
        look.close(status=SyncRun.Status.SUCCEEDED)

    monkeypatch.setattr(lease, "time", SimpleNamespace(monotonic=time.monotonic, sleep=end_look))
    assert update_catalog_data().status == "succeeded"


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
        for key in (KEY, "course-v1:ExampleX+Two+2026", "course-v1:ExampleX+LmsOnly+2026"):
            CourseOverviewFactory(id=key)

    def test_of_unchanged_are_those_that_were_not_updated(self, lms):
        first, second = update_catalog_data(), update_catalog_data()
        assert [(each.updated, each.unchanged) for each in (first, second)] == [(1, 1), (0, 2)]

    def test_of_unchanged_are_none_where_all_was_updated(self, lms):
        assert update_catalog_data(course_keys=[KEY]).unchanged == 0

    def test_of_those_that_the_catalog_lacks_need_a_complete_crawl(self, lms, catalog):
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        complete = update_catalog_data(page_size=2)
        catalog.control.fault("status", match={"params": {"offset": "1"}}, times=None, status=503)
        incomplete = update_catalog_data(page_size=2)
        assert (complete.not_in_catalog, incomplete.status, incomplete.not_in_catalog) == (1, "incomplete", 0)


def test_course_run_that_neither_has_is_told(catalog):
    assert update_catalog_data(course_keys=[KEY]).message == f"Neither the Catalog nor the LMS has {KEY}."


def test_message_about_an_unknown_ccx_course_omits_its_parent(catalog):
    ccx = "ccx-v1:ExampleX+One+2026+ccx@7"
    assert update_catalog_data(course_keys=[ccx]).message == f"Neither the Catalog nor the LMS has {ccx}."


def test_ccx_courses_of_other_course_runs_are_left_alone(catalog):
    other, ccx = "course-v1:ExampleX+Other+2026", "ccx-v1:ExampleX+Other+2026+ccx@7"
    catalog.control.set_runs(
        [{"key": other, "status": "published", "marketing_url": "https://www.example.com/o"}]
    )
    for key in (KEY, other, ccx):
        CourseOverviewFactory(id=key)
    update_catalog_data()
    CourseOverview.objects.filter(id=ccx).update(marketing_url=None)
    update_catalog_data(course_keys=[KEY])
    assert CourseOverview.objects.get(id=ccx).marketing_url is None


def test_nothing_is_missing_in_a_catalog_that_has_all(catalog):
    catalog.control.set_runs([{"key": KEY}])
    CourseOverviewFactory(id=KEY)
    assert update_catalog_data().not_in_catalog == 0


def test_course_run_is_not_ignored_without_orgs(catalog):
    CourseOverviewFactory(id=KEY)
    assert update_catalog_data(course_keys=[KEY]).of_other_orgs == 0
