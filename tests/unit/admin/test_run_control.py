"""Starting, watching and canceling a sync in Django admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRequest, SyncRun
from catalog_sync.operations.jobs import TASK, start_requested
from catalog_sync.store.lease import Lease
from tests.admin_client import client_of
from tests.unit.admin.sync_runs import RUNS, add_runs, content

pytestmark = pytest.mark.django_db

WAITING = "Waiting for a Celery worker."
TAKEN = "A Celery worker has taken the sync."
OVERDUE = "No Celery worker has taken the requested sync"
POSTED = pytest.mark.parametrize("address", ["start/", "1/cancel/", "requests/1/dismiss/"])


def messages(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def buttons(client, address=""):
    """Return whether the page has the buttons that start and that cancel a sync."""
    page = content(client, address)
    return "Run now" in page, "Cancel this sync" in page


def without_heartbeat():
    SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=3))


class TestButtons:
    """Which buttons there are."""

    def test_of_an_operator_without_and_with_a_running_sync(self, operator):
        assert buttons(operator) == (True, False)
        Lease.acquire()
        assert buttons(operator) == (False, True)

    def test_of_a_viewer_without_and_with_a_running_sync(self, viewer):
        assert buttons(viewer) == (False, False)
        Lease.acquire()
        assert buttons(viewer) == (False, False)

    def test_while_an_incremental_sync_runs(self, operator):
        Lease.acquire(scope=SyncRun.Scope.CHANGED)
        assert buttons(operator) == (True, True)

    @pytest.mark.parametrize("scopes", [("changed", "all"), ("course_keys", "changed")])
    def test_while_a_sync_runs_beside_an_incremental_one(self, scopes, operator):
        for catalog, scope in zip(("default", "partner"), scopes, strict=True):
            Lease.acquire(catalog, scope=scope)
        assert buttons(operator) == (False, True)

    def test_after_the_process_of_the_running_sync_has_died(self, operator, running):
        without_heartbeat()
        assert buttons(operator)[0]
        SyncRun.objects.create(lease="partner")
        assert not buttons(operator)[0]

    def test_while_the_sync_is_disabled(self, operator):
        CatalogSyncConfig.objects.create(enabled=False)
        assert buttons(operator) == (False, False)
        assert "The sync is disabled" in content(operator)


class TestAccess:
    """Who may press the buttons."""

    @POSTED
    @pytest.mark.parametrize("permission", ["view_syncrun", "run_sync"])
    def test_one_of_the_two_permissions_is_not_enough(self, permission, address, broker):
        assert client_of(permission).post(f"{RUNS}{address}").status_code == 403
        assert broker == []

    @POSTED
    def test_get_does_nothing(self, address, operator, broker):
        assert operator.get(f"{RUNS}{address}").status_code == 405

    def test_user_without_permission_gets_no_progress_and_no_page(self, running):
        client = client_of()
        assert client.get(f"{RUNS}progress/").status_code == 403
        assert client.get(f"{RUNS}{'9' * 5_000}/change/").status_code == 403


class TestStart:
    """``Run now`` and ``Dry run``."""

    @pytest.mark.parametrize(("form", "dry_run"), [({}, False), ({"dry_run": "1"}, True)])
    def test_hands_a_sync_to_a_worker_and_waits_until_it_starts(
        self, form, dry_run, operator, broker, admin_client
    ):
        operator.post(f"{RUNS}start/", form)
        request_id = SyncRequest.objects.get().pk
        assert broker == [(TASK, {"dry_run": dry_run, "request_id": request_id})]
        assert [WAITING in content(client) for client in (operator, admin_client)] == [True, True]
        assert operator.get(f"{RUNS}progress/", {"run": "7"}).json() == {"key": ""}
        start_requested(request_id)
        assert TAKEN in content(operator)
        add_runs(1)
        page = content(operator)
        assert (TAKEN in page, "Run now" in page) == (False, True)

    def test_waits_while_an_incremental_sync_runs(self, operator, broker):
        operator.post(f"{RUNS}start/")
        incremental = Lease.acquire(scope=SyncRun.Scope.CHANGED)
        assert not buttons(operator)[0]
        start_requested(SyncRequest.objects.get().pk)
        incremental.close(status="succeeded")
        assert TAKEN in content(operator)

    def test_does_not_wait_forever_for_a_sync_that_was_skipped(self, operator, broker, monkeypatch):
        operator.post(f"{RUNS}start/")
        start_requested(SyncRequest.objects.get().pk)
        monkeypatch.setattr("catalog_sync.admin.run_control.QUEUED_SECONDS", -1)
        assert buttons(operator)[0]

    def test_message_without_a_broker_contains_the_command(self, operator):
        [message] = messages(operator.post(f"{RUNS}start/", {"dry_run": "1"}))
        assert message.endswith("Run the sync from a shell: manage.py lms update_catalog_data --dry-run")

    def test_is_refused_while_another_sync_runs(self, operator, running, broker):
        response = operator.post(f"{RUNS}start/")
        assert broker == []
        assert messages(response) == [
            f"Sync run {running.run_id} is running. Wait for its end, or cancel it."
        ]


class TestNoWorker:
    """A sync that no worker has taken within a minute."""

    @pytest.fixture
    def overdue(self, operator, broker):
        operator.post(f"{RUNS}start/", {"dry_run": "1"})
        SyncRequest.objects.update(requested=timezone.now() - timedelta(seconds=61))
        return SyncRequest.objects.get()

    def test_page_shows_it_and_what_to_check(self, operator, overdue):
        page = content(operator)
        assert (OVERDUE in page, WAITING in page, "Run now" in page) == (True, False, True)
        assert "CELERY_TASK_DEFAULT_QUEUE" in page
        assert "<code>manage.py lms update_catalog_data --dry-run</code>" in page

    def test_every_session_shows_it_and_only_some_may_dismiss_it(self, overdue, admin_client, client):
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.set(Permission.objects.filter(codename="view_syncrun"))
        client.force_login(viewer)
        pages = [content(each) for each in (admin_client, client)]
        assert [(OVERDUE in page, "Dismiss" in page) for page in pages] == [(True, True), (True, False)]

    def test_page_of_a_sync_run_does_not_show_it(self, operator, overdue):
        add_runs(1)
        assert OVERDUE not in content(operator, f"{SyncRun.objects.get().pk}/change/")

    def test_is_dismissed(self, operator, overdue):
        page = operator.post(f"{RUNS}requests/{overdue.pk}/dismiss/", follow=True).content.decode()
        assert (OVERDUE in page, SyncRequest.objects.exists()) == (False, False)

    def test_running_sync_does_not_hide_it(self, operator, overdue, running):
        assert OVERDUE in content(operator)


class TestProgress:
    """The progress bar of the running sync."""

    def progress(self, client, **query):
        return client.get(f"{RUNS}progress/", query).json()

    def test_list_has_the_bar_and_refreshes_without_javascript(self, viewer, running):
        page = content(viewer)
        assert '<progress aria-labelledby="catalog-sync-progress-title" value="1650" max="3300">' in page
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
        assert f'data-url="{RUNS}progress/"' in page

    def test_only_the_page_of_the_running_sync_has_the_bar(self, viewer, running):
        add_runs(1)
        page = content(viewer, f"{running.run_id}/change/")
        assert 'max="3300"' in page
        assert f'data-url="{RUNS}progress/?run={running.run_id}"' in page
        assert "<progress" not in content(viewer, f"{SyncRun.objects.latest('pk').pk}/change/")

    def test_bar_has_no_end_before_the_first_page(self, viewer):
        Lease.acquire()
        assert '<progress aria-labelledby="catalog-sync-progress-title">' in content(viewer)

    def test_there_is_none_without_a_running_sync(self, viewer):
        assert 'http-equiv="refresh"' not in content(viewer)
        assert self.progress(viewer) == {"key": ""}

    def test_script_gets_the_numbers(self, viewer, running):
        progress = self.progress(viewer)
        assert (progress["key"], progress["done"], progress["total"]) == (f"run-{running.run_id}", 1650, 3300)
        assert progress["text"].endswith(". Updated course overviews: 7.")
        SyncRun.objects.update(course_runs_retrieved=3400)
        assert self.progress(viewer)["done"] == 3300

    def test_script_gets_the_sync_run_that_it_requests(self, viewer, running):
        younger = Lease.acquire("partner")
        add_runs(1)
        ended = SyncRun.objects.latest("pk").pk
        keys = [self.progress(viewer, run=run)["key"] for run in (running.run_id, younger.run_id, ended)]
        assert keys == [f"run-{running.run_id}", f"run-{younger.run_id}", ""]

    @pytest.mark.parametrize("run", ["x", "-1", "1.5", "²", "\0", "9" * 18, "9" * 19, "9" * 5_000])
    def test_invalid_id_is_not_an_error(self, run, viewer, running):
        response = viewer.get(f"{RUNS}progress/", {"run": run})
        assert (response.status_code, response.json()) == (200, {"key": ""})


class TestCancel:
    """``Cancel this sync``."""

    def test_is_stored_logged_and_shown(self, operator, running):
        page = operator.post(f"{RUNS}{running.run_id}/cancel/", follow=True).content.decode()
        assert SyncRun.objects.get().cancel_requested
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.user.username) == (str(running.run_id), "staff")
        assert "Cancel this sync" not in page
        assert "Canceling. The sync run ends after its current page." in page

    def test_ended_sync_run_is_not_changed(self, operator):
        add_runs(1)
        response = operator.post(f"{RUNS}{SyncRun.objects.get().pk}/cancel/")
        assert not SyncRun.objects.get().cancel_requested
        assert "has already ended" in messages(response)[0]

    def test_unknown_sync_run_is_not_found(self, operator):
        assert operator.post(f"{RUNS}77/cancel/").status_code == 404
