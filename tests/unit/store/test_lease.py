"""One sync at a time, and a dead one does not keep the next away."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import (
    LEASE_SECONDS,
    Canceled,
    Lease,
    LeaseLost,
    alive,
    expire_stale_runs,
    wait_for_writer,
)
from catalog_sync.sync import SyncReport

pytestmark = pytest.mark.django_db


def silence(seconds):
    """Let the holder of the lease have given no sign of life for so long."""
    SyncRun.objects.update(heartbeat=timezone.now() - timedelta(seconds=seconds))


class TestAcquire:
    """Taking the lease."""

    def test_makes_a_run_that_is_running(self):
        lease = Lease.acquire(page_size=20)
        run = SyncRun.objects.get(pk=lease.run_id)
        assert (run.status, run.page_size, run.finished) == ("running", 20, None)

    def test_names_host_and_process(self):
        lease = Lease.acquire()
        holder = SyncRun.objects.get(pk=lease.run_id).holder
        assert holder == f"{socket.gethostname()} process {os.getpid()}"

    def test_is_refused_while_another_holds_it(self):
        Lease.acquire()
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire()

    def test_refusal_names_the_holder(self):
        SyncRun.objects.create(lease="default", holder="worker-7")
        with pytest.raises(SyncAlreadyRunning, match="worker-7"):
            Lease.acquire()

    def test_refusal_says_since_when(self):
        run = SyncRun.objects.create(lease="default", holder="worker-7")
        with pytest.raises(SyncAlreadyRunning, match=f"started {run.started:%Y-%m-%d %H:%M:%S} UTC"):
            Lease.acquire()

    def test_refusal_says_when_the_holder_was_last_seen_alive(self):
        run = SyncRun.objects.get(pk=Lease.acquire().run_id)
        with pytest.raises(SyncAlreadyRunning, match=f"last heartbeat {run.heartbeat:%Y-%m-%d %H:%M:%S} UTC"):
            Lease.acquire()

    def test_refusal_names_one_of_several_catalogs(self):
        Lease.acquire("partner")
        with pytest.raises(SyncAlreadyRunning, match="of the Catalog partner"):
            Lease.acquire("partner")

    def test_refusal_of_the_only_catalog_does_not_name_it(self):
        Lease.acquire()
        with pytest.raises(SyncAlreadyRunning, match=r"^Another sync is already running"):
            Lease.acquire()

    def test_refusal_leaves_no_run(self):
        Lease.acquire()
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire()
        assert SyncRun.objects.count() == 1

    def test_refusal_does_not_spoil_a_transaction_around_it(self):
        Lease.acquire()
        with transaction.atomic():
            with pytest.raises(SyncAlreadyRunning):
                Lease.acquire()
            assert SyncRun.objects.count() == 1

    def test_is_granted_when_the_other_has_closed(self):
        Lease.acquire().close(status="succeeded")
        assert Lease.acquire().run_id

    def test_is_granted_when_the_other_is_silent_for_too_long(self):
        Lease.acquire()
        silence(LEASE_SECONDS + 1)
        assert Lease.acquire().run_id

    def test_is_refused_while_the_other_may_be_alive(self):
        Lease.acquire()
        silence(LEASE_SECONDS - 10)
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire()

    def test_is_free_again_after_a_clock_that_was_wrong(self):
        Lease.acquire()
        silence(-366 * 24 * 3600)
        assert Lease.acquire().run_id

    def test_is_refused_while_tasks_wait_for_a_worker(self):
        Lease.acquire().renew(3600)
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire()


@pytest.mark.parametrize(
    ("seconds", "is_alive"), [(0, True), (35, True), (55, False), (-3_600, True), (-366 * 24 * 3_600, False)]
)
def test_alive_is_who_gives_a_sign_of_life(seconds, is_alive):
    Lease.acquire()
    silence(seconds)
    assert alive().exists() is is_alive


class TestBury:
    """A holder that died without a word."""

    @pytest.fixture
    def dead(self):
        lease = Lease.acquire(page_size=20, concurrency=2)
        lease.renew(requests=7, catalog_count=60)
        SyncRun.objects.update(started=timezone.now() - timedelta(hours=2))
        silence(LEASE_SECONDS + 1)
        expire_stale_runs()
        return lease

    def test_run_is_failed(self, dead):
        assert SyncRun.objects.get(pk=dead.run_id).status == "failed"

    def test_run_is_finished(self, dead):
        assert SyncRun.objects.get(pk=dead.run_id).finished

    def test_run_says_why(self, dead):
        assert "died without a word" in SyncRun.objects.get(pk=dead.run_id).message

    def test_finish_is_logged_for_it(self, dead, caplog):
        [record] = caplog.get_records("setup")
        assert record.getMessage().startswith(f"event=catalog_sync.finished run_id={dead.run_id} ")

    def test_finish_that_is_logged_has_every_number_that_was_stored(self, dead, caplog):
        [record] = caplog.get_records("setup")
        told = dict(word.split("=", 1) for word in record.getMessage().partition(' message="')[0].split())
        numbers = {"page_size": "20", "concurrency": "2", "requests": "7", "catalog_count": "60"}
        assert told.items() >= ({"status": "failed", "scope": "all", "dry_run": "false"} | numbers).items()
        assert told.keys() >= set(SyncReport.__struct_fields__) - {"message", "catalogs"}

    def test_run_took_until_its_last_sign_of_life(self, dead):
        assert SyncRun.objects.get(pk=dead.run_id).duration_seconds == pytest.approx(7_200 - 46, abs=10)

    def test_finish_that_is_logged_says_why(self, dead, caplog):
        [record] = caplog.get_records("setup")
        assert 'message="The process died without a word' in record.getMessage()

    def test_it_is_buried_once(self, dead, caplog):
        expire_stale_runs()
        assert caplog.messages == []

    def test_it_cannot_go_on(self, dead):
        with pytest.raises(LeaseLost):
            dead.renew()

    def test_it_cannot_change_how_it_ended(self, dead):
        dead.close(status="succeeded")
        assert SyncRun.objects.get(pk=dead.run_id).status == "failed"

    def test_one_that_is_alive_is_left_alone(self):
        lease = Lease.acquire()
        expire_stale_runs()
        assert SyncRun.objects.get(pk=lease.run_id).status == "running"


class TestRenew:
    """Signs of life."""

    def test_moves_the_heartbeat(self):
        lease = Lease.acquire()
        silence(30)
        lease.renew()
        assert timezone.now() - SyncRun.objects.get().heartbeat < timedelta(seconds=10)

    def test_moves_it_ahead_for_whom_nobody_renews(self):
        lease = Lease.acquire()
        lease.renew(seconds_ahead=300)
        silence_in = SyncRun.objects.get().heartbeat - timezone.now()
        assert timedelta(seconds=290) < silence_in <= timedelta(seconds=300)

    def test_never_moves_it_so_far_ahead_that_it_is_taken_for_dead(self):
        lease = Lease.acquire()
        lease.renew(seconds_ahead=100 * 86_400)
        expire_stale_runs()
        assert SyncRun.objects.get().status == "running"

    def test_stores_the_progress(self):
        Lease.acquire().renew(pages=3)
        assert SyncRun.objects.get().pages == 3

    def test_costs_nothing_until_it_is_due(self, in_no_time, django_assert_num_queries):
        lease = Lease.acquire()
        with django_assert_num_queries(0):
            lease.renew_if_due()


class TestCancel:
    """A run that somebody asked to end."""

    @pytest.fixture
    def canceled(self):
        lease = Lease.acquire(pages=2)
        SyncRun.objects.update(cancel_requested=True)
        return lease

    def test_cannot_renew(self, canceled):
        with pytest.raises(Canceled):
            canceled.renew(pages=3)

    def test_stores_no_further_progress(self, canceled):
        with suppress(Canceled):
            canceled.renew(pages=3)
        assert SyncRun.objects.get().pages == 2

    def test_hears_it_while_waiting(self, canceled, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.HEARTBEAT_SECONDS", 0)
        with pytest.raises(Canceled):
            canceled.renew_if_due()

    def test_can_close(self, canceled):
        canceled.close(status="failed")
        assert SyncRun.objects.get().lease is None

    def test_one_that_is_not_canceled_pays_nothing_for_the_question(self, django_assert_num_queries):
        lease = Lease.acquire()
        with django_assert_num_queries(1):
            lease.renew()


class TestClose:
    """Giving the lease back."""

    @pytest.fixture
    def run(self):
        Lease.acquire().close(status="succeeded", pages=7)
        return SyncRun.objects.get()

    def test_frees_it(self, run):
        assert run.lease is None

    def test_stores_how_it_ended(self, run):
        assert (run.status, run.pages) == ("succeeded", 7)

    def test_stores_when_it_ended(self, run):
        assert run.finished


def test_without_a_running_sync_nobody_waits(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        wait_for_writer()


class TestAcquireAfterLook:
    """Taking the lease, of which a look at what changed lately may be in the way."""

    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.ACQUIRE_PAUSE_SECONDS", 0.01)

    @pytest.fixture
    def look(self):
        return Lease.acquire(scope=SyncRun.Scope.CHANGED)

    def test_waits_for_the_look(self, look):
        asked = []

        def closes_the_look():
            asked.append(True)
            if len(asked) == 3:
                look.close(status="succeeded")
            return False

        assert Lease.acquire_after_incremental_sync("default", closes_the_look).run_id > look.run_id

    @pytest.mark.parametrize("scope", [SyncRun.Scope.ALL, SyncRun.Scope.COURSE_KEYS])
    def test_does_not_wait_for_another_sync(self, scope, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.time.sleep", lambda _: pytest.fail("it waited"))
        Lease.acquire(scope=scope)
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire_after_incremental_sync("default", lambda: False)

    def test_waits_no_longer_than_a_look_may_take(self, look, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.LONGEST_INCREMENTAL_SECONDS", 0.05)
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire_after_incremental_sync("default", lambda: False)

    def test_waits_no_longer_than_it_is_wanted(self, look):
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire_after_incremental_sync("default", lambda: True)
