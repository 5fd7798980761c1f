"""Starting a sync in a worker, reading its progress, canceling it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from catalog_sync import api, tasks
from catalog_sync.models import CatalogSyncConfig, SyncRequest, SyncRun
from catalog_sync.operations import jobs
from catalog_sync.store.lease import Lease

pytestmark = pytest.mark.django_db


KEY = "course-v1:ExampleX+One+2026"


class TestStart:
    """Handing a sync to a worker."""

    @pytest.mark.parametrize(
        ("options", "arguments"),
        [
            ({"dry_run": True}, {"dry_run": True}),
            ({}, {"dry_run": False}),
            ({"course_keys": [KEY]}, {"dry_run": False, "course_keys": [KEY]}),
        ],
    )
    def test_sends_the_task_and_logs_the_user(self, options, arguments, broker, admin_user, caplog):
        caplog.set_level("INFO")
        api.start_sync(**options, user_id=admin_user.pk)
        request_id = SyncRequest.objects.get().pk
        assert broker == [(tasks.update_catalog_data.name, arguments | {"request_id": request_id})]
        [line] = caplog.messages
        assert line.startswith("event=catalog_sync.requested run_id=- dry_run=")
        assert line.endswith(f" user_id={admin_user.pk}")

    @pytest.mark.parametrize("url", [None, "", "memory://"])
    def test_message_without_a_broker_contains_the_command(self, url, broker, settings):
        settings.CELERY_BROKER_URL = url
        with pytest.raises(api.SyncNotStarted, match=r"manage\.py lms update_catalog_data --dry-run$"):
            api.start_sync(dry_run=True)

    def test_tasks_that_run_in_the_web_process_are_like_no_broker(self, broker, settings):
        settings.CELERY_TASK_ALWAYS_EAGER = True
        with pytest.raises(api.SyncNotStarted, match=r"manage\.py lms update_catalog_data$"):
            api.start_sync()

    def test_unreachable_broker_is_reported(self, broker, monkeypatch):
        def refuse(*args, **options):
            raise ConnectionRefusedError("connection refused.")

        monkeypatch.setattr(current_app, "send_task", refuse)
        with pytest.raises(api.SyncNotStarted, match=r"cannot be reached \(connection refused\)"):
            api.start_sync()
        assert not SyncRequest.objects.exists()

    def test_running_sync_prevents_another_also_beside_an_incremental_sync(self, broker):
        Lease.acquire("partner", scope=SyncRun.Scope.CHANGED)
        run_id = Lease.acquire().run_id
        with pytest.raises(api.SyncNotStarted, match=f"^Sync run {run_id} is running"):
            api.start_sync(course_keys=[KEY])
        assert broker == []

    def test_incremental_sync_does_not_prevent_another(self, broker):
        Lease.acquire(scope=SyncRun.Scope.CHANGED)
        api.start_sync()
        assert len(broker) == 1

    def test_dead_sync_run_is_closed_and_does_not_prevent_another(self, broker):
        run_id = Lease.acquire().run_id
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
        api.start_sync()
        assert (len(broker), SyncRun.objects.get(pk=run_id).status) == (1, "failed")

    def test_disabled_sync_is_not_started(self, broker):
        CatalogSyncConfig.objects.create(enabled=False)
        with pytest.raises(api.SyncNotStarted, match="disabled"):
            api.start_sync(course_keys=[KEY])
        assert broker == []

    def test_empty_list_of_course_keys_is_refused(self, broker):
        with pytest.raises(api.UsageError, match=r"^course_keys must contain a course key"):
            api.start_sync(course_keys=[])


class TestRequested:
    """A sync that was requested, until a worker starts it."""

    @pytest.fixture
    def requested(self, admin_user, broker):
        api.start_sync(course_keys=[KEY], user_id=admin_user.pk)
        return SyncRequest.objects.get()

    def wait(self):
        SyncRequest.objects.update(requested=timezone.now() - timedelta(seconds=jobs.WAITING_SECONDS))

    def test_stores_the_user_and_the_command(self, requested, admin_user):
        assert requested.requested_by == admin_user
        assert requested.command == f"manage.py lms update_catalog_data --course-key {KEY}"

    def test_is_waiting_at_first(self, requested):
        assert (jobs.is_waiting(), jobs.overdue_requests()) == (True, [])

    def test_is_overdue_after_a_minute(self, requested):
        self.wait()
        assert (jobs.is_waiting(), jobs.overdue_requests()) == (False, [requested])

    def test_can_be_dismissed_once(self, requested, caplog):
        caplog.set_level("INFO")
        assert [jobs.dismiss_request(requested.pk, user_id=7) for _ in range(2)] == [True, False]
        line = f"event=catalog_sync.request_dismissed run_id=- request_id={requested.pk} user_id=7"
        assert caplog.messages.count(line) == 1

    @pytest.mark.parametrize(
        ("command", "values", "is_done"),
        [
            ("update_catalog_data", {}, True),
            ("update_catalog_data", {"status": "incomplete"}, False),
            ("update_catalog_data", {"scope": "course_keys"}, False),
            ("update_catalog_data", {"dry_run": True}, False),
            ("update_catalog_data --dry-run", {"dry_run": True}, True),
            (f"update_catalog_data --course-key {KEY}", {"scope": "course_keys"}, True),
            (f"update_catalog_data --course-key {KEY}", {}, True),
            ("update_catalog_data --catalog partner", {}, False),
            ("update_catalog_data --catalog partner", {"catalog": "partner"}, True),
        ],
    )
    def test_is_not_overdue_after_a_sync_of_its_scope_succeeded(self, command, values, is_done):
        request = SyncRequest.objects.create(command=f"manage.py lms {command}")
        self.wait()
        SyncRun.objects.create(**{"status": "succeeded"} | values)
        assert jobs.overdue_requests() == ([] if is_done else [request])

    def test_is_overdue_although_an_earlier_sync_succeeded(self, requested):
        SyncRun.objects.create(status="succeeded")
        SyncRun.objects.update(started=timezone.now() - timedelta(hours=1))
        self.wait()
        assert jobs.overdue_requests() == [requested]

    def test_is_overdue_until_a_sync_of_each_catalog_succeeded(self, requested, settings):
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in ("one", "two")}
        self.wait()
        SyncRun.objects.create(status="succeeded", catalog="one")
        assert jobs.overdue_requests() == [requested]
        SyncRun.objects.create(status="succeeded", catalog="two")
        assert jobs.overdue_requests() == []

    def test_is_not_overdue_after_a_sync_of_each_enabled_catalog_succeeded(self, requested, settings):
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in ("one", "two")}
        CatalogSyncConfig.objects.create(catalog="two", enabled=False)
        self.wait()
        assert jobs.overdue_requests() == [requested]
        SyncRun.objects.create(status="succeeded", catalog="one")
        assert jobs.overdue_requests() == []

    def test_only_the_latest_overdue_ones_are_read(self):
        SyncRequest.objects.bulk_create(SyncRequest(command=str(number)) for number in range(9))
        self.wait()
        assert [each.command for each in jobs.overdue_requests()] == ["8", "7", "6", "5", "4"]


class TestRunningAndCancel:
    """Which sync is running, and asking it to end."""

    def test_ended_sync_run(self):
        ended = SyncRun.objects.create(status="succeeded")
        assert (api.running_sync(), api.cancel_sync(ended.pk)) == (None, False)

    def test_running_sync(self, caplog):
        caplog.set_level("INFO")
        run_id = Lease.acquire().run_id
        assert (api.running_sync().pk, api.cancel_sync(run_id, user_id=7)) == (run_id, True)
        assert f"event=catalog_sync.cancel_requested run_id={run_id} user_id=7" in caplog.messages

    def test_dead_sync_run_is_closed(self):
        run_id = Lease.acquire().run_id
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
        assert not api.cancel_sync(run_id)
        assert SyncRun.objects.get(pk=run_id).status == "failed"


class TestCanceledSync:
    """A sync that is canceled while it runs."""

    def cancel(self, *progress):
        SyncRun.objects.filter(lease="default").update(cancel_requested=True)

    def test_ends_after_its_page_and_the_next_sync_completes(self, catalog):
        catalog.control.generate(100)
        pages = []

        def cancel(*progress):
            pages.append(progress)
            if len(pages) == 2:
                api.cancel_sync(api.running_sync().pk)

        report = api.update_catalog_data(page_size=20, concurrency=1, on_progress=cancel)
        assert SyncRun.objects.get().pages in (2, 3)
        assert (report.status, report.course_runs_retrieved) == ("canceled", 39)
        assert "canceled in Django admin" in report.message
        assert api.running_sync() is None
        report = api.update_catalog_data(page_size=20)
        assert (report.status, report.course_runs_retrieved) == ("succeeded", 100)

    @pytest.mark.parametrize("options", [{"dry_run": True}, {"page_size": "auto"}])
    def test_ends_whatever_its_options(self, options, catalog):
        catalog.control.generate(100)
        report = api.update_catalog_data(**{"page_size": 20} | options, on_progress=self.cancel)
        assert "canceled in Django admin" in report.message

    def test_removes_nothing(self, catalog):
        catalog.control.generate(30)
        api.update_catalog_data()
        catalog.control.generate(10)
        report = api.update_catalog_data(allow_removals=True, on_progress=self.cancel)
        assert (report.status, report.removed) == ("canceled", 0)


class TestLogLines:
    """The warnings and errors that a sync run stores."""

    def test_contain_rejected_course_runs_whatever_the_log_level(self, catalog, caplog):
        caplog.set_level("CRITICAL", logger="catalog_sync")
        catalog.control.set_runs([{"key": "course-v1:a+b+c", "marketing_url": "javascript:alert(1)"}])
        run_id = api.update_catalog_data().run_id
        [line] = SyncRun.objects.get(pk=run_id).log_lines.splitlines()
        assert "WARNING event=catalog_sync.course_runs_rejected reason=" in line

    def test_are_empty_without_warnings(self, catalog):
        catalog.control.generate(3)
        run_id = api.update_catalog_data().run_id
        assert SyncRun.objects.get(pk=run_id).log_lines == ""
