"""Starting, watching and ending a sync from its page in admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations.jobs import TASK
from catalog_sync.store.lease import Lease
from tests.admin_client import client_of
from tests.unit.admin.sync_runs import RUNS, add_runs, content

pytestmark = pytest.mark.django_db


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


class TestButtons:
    """Who sees which, and who may press them."""

    def test_operator_sees_run_now(self, operator):
        assert "Run now" in content(operator)

    def test_viewer_sees_none(self, viewer, running):
        page = content(viewer)
        assert "Run now" not in page
        assert "Cancel this sync" not in page

    def test_while_a_sync_runs_there_is_cancel_instead(self, operator, running):
        page = content(operator)
        assert "Run now" not in page
        assert "Cancel this sync" in page

    def test_while_a_look_runs_there_are_both(self, operator):
        Lease.acquire(scope=SyncRun.Scope.CHANGED)
        page = content(operator)
        assert "Run now" in page
        assert "Cancel this sync" in page

    @pytest.mark.parametrize("scopes", [("changed", "all"), ("course_keys", "changed")])
    def test_while_a_sync_runs_beside_a_look_there_is_no_run_now(self, scopes, operator):
        for catalog, scope in zip(("default", "partner"), scopes, strict=True):
            Lease.acquire(catalog, scope=scope)
        assert "Run now" not in content(operator)

    def test_while_a_sync_runs_beside_one_that_died_there_is_no_run_now(self, operator, running):
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=3))
        SyncRun.objects.create(lease="partner")
        assert "Run now" not in content(operator)

    def test_while_the_sync_is_switched_off_there_is_a_word_instead(self, operator):
        CatalogSyncConfig.objects.create(enabled=False)
        page = content(operator)
        assert "Run now" not in page
        assert "switched off" in page

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_viewer_is_refused(self, address, viewer, broker):
        assert viewer.post(f"{RUNS}{address}").status_code == 403
        assert broker == []

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_permission_to_run_without_that_to_view_is_refused(self, address, broker):
        assert client_of("run_sync").post(f"{RUNS}{address}").status_code == 403

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_get_does_nothing(self, address, operator, broker):
        assert operator.get(f"{RUNS}{address}").status_code == 405

    @pytest.mark.parametrize("address", ["start/", "1/cancel/"])
    def test_form_of_another_site_is_refused(self, address, broker):
        client = client_of("view_syncrun", "run_sync", enforce_csrf_checks=True)
        assert client.post(f"{RUNS}{address}").status_code == 403
        assert broker == []

    @pytest.mark.parametrize("address", ["start/", "1/cancel/", "progress/"])
    def test_stranger_is_sent_to_the_login(self, address, client):
        response = client.post(f"{RUNS}{address}")
        assert response.url.startswith("/admin/login/")


class TestStart:
    """Pressing ``Run now`` and ``Dry run``."""

    @pytest.mark.parametrize(("form", "dry_run"), [({}, False), ({"dry_run": "1"}, True)])
    def test_hands_a_sync_to_a_worker(self, form, dry_run, operator, broker):
        operator.post(f"{RUNS}start/", form)
        assert broker == [(TASK, {"dry_run": dry_run})]

    def test_page_then_says_that_it_waits_for_a_worker(self, operator, broker):
        operator.post(f"{RUNS}start/")
        assert "Waiting for a Celery worker." in content(operator)

    def test_page_says_so_until_the_sync_has_begun(self, operator, broker):
        operator.post(f"{RUNS}start/")
        add_runs(1)
        page = content(operator)
        assert "Waiting for a Celery worker." not in page
        assert "Run now" in page

    def test_page_says_so_while_it_waits_for_a_look(self, operator, broker):
        operator.post(f"{RUNS}start/")
        look = Lease.acquire(scope=SyncRun.Scope.CHANGED)
        assert "Run now" not in content(operator)
        look.close(status="succeeded")
        assert "Waiting for a Celery worker." in content(operator)

    def test_page_does_not_wait_for_ever(self, operator, broker, monkeypatch):
        operator.post(f"{RUNS}start/")
        monkeypatch.setattr("catalog_sync.admin.run_control.QUEUED_SECONDS", -1)
        assert "Run now" in content(operator)

    def test_without_a_broker_the_command_is_told(self, operator):
        response = operator.post(f"{RUNS}start/", {"dry_run": "1"})
        [message] = said(response)
        assert message.endswith("Run it from a shell: manage.py update_catalog_data --dry-run")

    def test_while_another_runs_nothing_is_handed_over(self, operator, running, broker):
        response = operator.post(f"{RUNS}start/")
        assert broker == []
        assert said(response) == [f"Sync run {running.run_id} is running: wait for its end, or cancel it."]


class TestProgress:
    """The bar of the running sync."""

    def test_is_in_the_list(self, viewer, running):
        assert '<progress aria-labelledby="catalog-sync-progress-title" value="1650" max="3300">' in content(
            viewer
        )

    def test_is_on_the_page_of_the_run(self, viewer, running):
        assert 'max="3300"' in content(viewer, f"{running.run_id}/change/")

    def test_is_not_on_the_page_of_another_run(self, viewer, running):
        add_runs(1)
        other = SyncRun.objects.latest("pk")
        assert "<progress" not in content(viewer, f"{other.pk}/change/")

    def test_run_of_an_endless_number_is_forbidden_to_who_may_not_look(self):
        assert client_of().get(f"{RUNS}{'9' * 5_000}/change/").status_code == 403

    def test_refreshes_without_script(self, viewer, running):
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in content(viewer)

    def test_nothing_is_refreshed_while_nothing_runs(self, viewer):
        assert 'http-equiv="refresh"' not in content(viewer)

    def test_before_the_first_page_it_has_no_end(self, viewer):
        Lease.acquire()
        assert '<progress aria-labelledby="catalog-sync-progress-title">' in content(viewer)

    def test_script_is_told(self, viewer, running):
        told = viewer.get(f"{RUNS}progress/").json()
        assert (told["key"], told["done"], told["total"]) == (f"run-{running.run_id}", 1650, 3300)
        assert told["text"].startswith("1,650 of 3,300 course runs, 7 course overviews updated, ")

    def test_script_is_told_when_nothing_runs(self, viewer):
        assert viewer.get(f"{RUNS}progress/").json() == {"key": ""}

    def test_script_is_told_nothing_without_permission(self, running):
        assert client_of().get(f"{RUNS}progress/").status_code == 403

    def test_script_on_the_page_of_a_run_asks_for_that_run(self, viewer, running):
        assert f'data-url="{RUNS}progress/?run={running.run_id}"' in content(
            viewer, f"{running.run_id}/change/"
        )

    def test_script_in_the_list_asks_for_any_run(self, viewer, running):
        assert f'data-url="{RUNS}progress/"' in content(viewer)

    def test_script_is_told_of_the_run_that_it_asks_for(self, viewer, running):
        younger = Lease.acquire("partner")
        told = [
            viewer.get(f"{RUNS}progress/", {"run": run_id}).json()["key"]
            for run_id in (running.run_id, younger.run_id)
        ]
        assert told == [f"run-{running.run_id}", f"run-{younger.run_id}"]

    def test_script_is_told_when_the_run_that_it_asks_for_has_ended(self, viewer, running):
        add_runs(1)
        told = viewer.get(f"{RUNS}progress/", {"run": SyncRun.objects.latest("pk").pk}).json()
        assert told == {"key": ""}

    def test_script_on_the_page_of_a_run_is_told_nothing_of_one_that_waits(self, operator, broker):
        operator.post(f"{RUNS}start/")
        assert operator.get(f"{RUNS}progress/", {"run": "7"}).json() == {"key": ""}

    @pytest.mark.parametrize("run", ["x", "-1", "1.5", "²", "\0", "9" * 18, "9" * 19, "9" * 5_000])
    def test_script_that_asks_for_what_is_no_run_is_told_of_none(self, run, viewer, running):
        response = viewer.get(f"{RUNS}progress/", {"run": run})
        assert (response.status_code, response.json()) == (200, {"key": ""})

    def test_bar_is_never_fuller_than_full(self, viewer, running):
        SyncRun.objects.update(course_runs_retrieved=3400)
        assert viewer.get(f"{RUNS}progress/").json()["done"] == 3300

    def test_run_that_seems_dead_is_told_so(self, viewer, running):
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=3))
        assert "No sign of life for 180 s" in content(viewer)

    def test_run_that_seems_dead_is_in_nobodys_way(self, operator, running):
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=3))
        assert "Run now" in content(operator)

    def test_while_one_runs_none_is_to_be_started(self, operator, running):
        assert "Run now" not in content(operator)


class TestCancel:
    """Pressing ``Cancel this sync``."""

    def test_asks_the_run_to_end(self, operator, running):
        operator.post(f"{RUNS}{running.run_id}/cancel/")
        assert SyncRun.objects.get().cancel_requested

    def test_is_in_the_history_of_the_run(self, operator, running):
        operator.post(f"{RUNS}{running.run_id}/cancel/")
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.user.username) == (str(running.run_id), "staff")

    def test_page_then_has_no_button_and_says_so(self, operator, running):
        page = operator.post(f"{RUNS}{running.run_id}/cancel/", follow=True).content.decode()
        assert "Cancel this sync" not in page
        assert "Canceling: it ends after its page." in page

    def test_run_that_has_ended_stays_as_it_is(self, operator):
        add_runs(1)
        response = operator.post(f"{RUNS}{SyncRun.objects.get().pk}/cancel/")
        assert not SyncRun.objects.get().cancel_requested
        assert "had ended already" in said(response)[0]

    def test_run_that_never_was_is_not_found(self, operator):
        assert operator.post(f"{RUNS}77/cancel/").status_code == 404
