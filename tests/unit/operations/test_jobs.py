"""Starting, watching and canceling a sync from elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from catalog_sync import api, tasks
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import jobs
from catalog_sync.store.lease import Lease

pytestmark = pytest.mark.django_db


class TestStart:
    """Handing a sync to a worker."""

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_sends_the_task(self, dry_run, broker):
        api.start_sync(dry_run=dry_run)
        assert broker == [("catalog_sync.tasks.update_catalog_data", {"dry_run": dry_run})]

    def test_task_of_that_name_exists(self):
        assert tasks.update_catalog_data.name == jobs.TASK

    def test_is_logged_with_who(self, broker, caplog):
        caplog.set_level("INFO")
        api.start_sync(user_id=7)
        assert "event=catalog_sync.requested run_id=None dry_run=false user_id=7" in caplog.messages

    @pytest.mark.parametrize("url", [None, "", "memory://"])
    def test_without_a_broker_it_says_how_to_run_it(self, url, broker, settings):
        settings.CELERY_BROKER_URL = url
        with pytest.raises(jobs.SyncNotStarted, match=r"manage\.py update_catalog_data --dry-run$"):
            api.start_sync(dry_run=True)

    def test_with_tasks_that_run_where_they_are_sent_it_says_how_to_run_it(self, broker, settings):
        settings.CELERY_TASK_ALWAYS_EAGER = True
        with pytest.raises(jobs.SyncNotStarted, match=r"manage\.py update_catalog_data$"):
            api.start_sync()

    def test_broker_that_is_away_is_told(self, broker, monkeypatch):
        def refuse(*args, **options):
            raise ConnectionRefusedError("connection refused")

        monkeypatch.setattr(current_app, "send_task", refuse)
        with pytest.raises(jobs.SyncNotStarted, match=r"cannot be reached \(connection refused\)"):
            api.start_sync()

    def test_while_one_runs_nothing_is_handed_over(self, broker):
        run_id = Lease.acquire().run_id
        with pytest.raises(jobs.SyncNotStarted, match=f"^Sync run {run_id} is running"):
            api.start_sync(course_keys=["course-v1:ExampleX+One+2026"])
        assert broker == []

    def test_look_at_what_changed_is_in_nobodys_way(self, broker):
        Lease.acquire(scope=SyncRun.Scope.CHANGED)
        api.start_sync()
        api.start_sync(course_keys=["course-v1:ExampleX+One+2026"])
        assert len(broker) == 2

    def test_sync_beside_an_older_look_is_in_the_way(self, broker):
        Lease.acquire("partner", scope=SyncRun.Scope.CHANGED)
        run_id = Lease.acquire().run_id
        with pytest.raises(jobs.SyncNotStarted, match=f"^Sync run {run_id} is running"):
            api.start_sync()

    def test_one_that_died_is_in_nobodys_way(self, broker):
        run_id = Lease.acquire().run_id
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
        api.start_sync()
        assert (len(broker), SyncRun.objects.get(pk=run_id).status) == (1, "failed")

    def test_switched_off_nothing_is_handed_over(self, broker):
        CatalogSyncConfig.objects.create(enabled=False)
        with pytest.raises(jobs.SyncNotStarted, match="switched off"):
            api.start_sync(course_keys=["course-v1:ExampleX+One+2026"])
        assert broker == []

    def test_no_course_keys_are_not_all(self, broker):
        with pytest.raises(api.UsageError, match="no course key is named"):
            api.start_sync(course_keys=[])


class TestRunning:
    """Which sync is running."""

    def test_none(self):
        SyncRun.objects.create(status="succeeded")
        assert api.running_sync() is None

    def test_one(self):
        run_id = Lease.acquire().run_id
        assert api.running_sync().pk == run_id


class TestCancel:
    """Asking a sync to end."""

    def test_one_that_runs(self):
        assert api.cancel_sync(Lease.acquire().run_id)

    def test_one_that_has_ended(self):
        assert not api.cancel_sync(SyncRun.objects.create(status="succeeded").pk)

    def test_one_that_died_is_buried(self):
        run_id = Lease.acquire().run_id
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
        assert not api.cancel_sync(run_id)
        assert SyncRun.objects.get(pk=run_id).status == "failed"

    def test_is_logged_with_who(self, caplog):
        caplog.set_level("INFO")
        run_id = Lease.acquire().run_id
        api.cancel_sync(run_id, user_id=7)
        assert f"event=catalog_sync.cancel_requested run_id={run_id} user_id=7" in caplog.messages


class TestCanceledSync:
    """What becomes of the run."""

    @pytest.fixture
    def canceled(self, catalog):
        """A sync that is canceled after its second page."""
        catalog.control.generate(100)
        pages = []

        def cancel(*progress):
            pages.append(progress)
            if len(pages) == 2:
                api.cancel_sync(api.running_sync().pk)

        return api.update_catalog_data(page_size=20, concurrency=1, on_progress=cancel)

    def test_ends_after_its_page(self, canceled):
        assert SyncRun.objects.get().pages in (2, 3)
        assert canceled.course_runs_retrieved == 39

    def test_has_failed(self, canceled):
        assert canceled.status == "failed"

    def test_says_why(self, canceled):
        assert canceled.message.startswith("The sync run was canceled in Django admin.")

    def test_gives_the_lease_back(self, canceled):
        assert api.running_sync() is None

    def test_next_sync_brings_the_rest(self, canceled):
        report = api.update_catalog_data(page_size=20)
        assert (report.status, report.course_runs_retrieved) == ("succeeded", 100)

    @pytest.mark.parametrize("options", [{"dry_run": True}, {"page_size": "auto"}])
    def test_of_any_kind_ends_so(self, options, catalog):
        catalog.control.generate(100)

        def cancel(*progress):
            SyncRun.objects.filter(lease="default").update(cancel_requested=True)

        report = api.update_catalog_data(**{"page_size": 20} | options, on_progress=cancel)
        assert report.message.startswith("The sync run was canceled in Django admin.")

    def test_removes_nothing(self, catalog):
        catalog.control.generate(30)
        api.update_catalog_data()
        catalog.control.generate(10)

        def cancel(*progress):
            SyncRun.objects.filter(lease="default").update(cancel_requested=True)

        report = api.update_catalog_data(allow_removals=True, on_progress=cancel)
        assert (report.status, report.removed) == ("failed", 0)


class TestLogLines:
    """What a run keeps of its own log."""

    def test_rejected_course_run_is_there(self, catalog):
        catalog.control.set_runs([{"key": "course-v1:a+b+c", "marketing_url": "javascript:alert(1)"}])
        run_id = api.update_catalog_data().run_id
        [line] = SyncRun.objects.get(pk=run_id).log_lines.splitlines()
        assert "WARNING event=catalog_sync.course_run_rejected course_key=course-v1:a+b+c reason=" in line

    def test_run_without_trouble_has_none(self, catalog):
        catalog.control.generate(3)
        run_id = api.update_catalog_data().run_id
        assert SyncRun.objects.get(pk=run_id).log_lines == ""

    def test_are_kept_at_whatever_level_is_logged(self, catalog, caplog):
        caplog.set_level("CRITICAL", logger="catalog_sync")
        catalog.control.set_runs([{"key": "not a key"}])
        run_id = api.update_catalog_data().run_id
        assert "not a course key" in SyncRun.objects.get(pk=run_id).log_lines

    def test_are_bounded(self, catalog):
        catalog.control.set_runs(
            [{"key": f"course-v1:a+b+c{n}", "marketing_url": "no" + "x" * 900} for n in range(150)]
        )
        run_id = api.update_catalog_data().run_id
        lines = SyncRun.objects.get(pk=run_id).log_lines.splitlines()
        assert len(lines) == 100
        assert max(map(len, lines)) < 550


@pytest.mark.parametrize("distribute", [False, True])
def test_task_that_finds_another_sync_running_leaves_it_to_that(distribute, caplog):
    caplog.set_level("INFO")
    Lease.acquire()
    tasks.update_catalog_data.apply(kwargs={"distribute": distribute}, throw=True)
    assert any(line.startswith("event=catalog_sync.skipped ") for line in caplog.messages)
