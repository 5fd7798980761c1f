"""One sync per Catalog at a time, and how the lease of a killed process becomes free."""

from __future__ import annotations

import os
import socket
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import (
    LEASE_SECONDS,
    Canceled,
    Lease,
    LeaseLost,
    alive,
    close_dead_runs,
    wait_for_writer,
)
from catalog_sync.sync import SyncReport

pytestmark = pytest.mark.django_db

YEAR = 366 * 24 * 3_600
DEADLOCK = OperationalError()
DEADLOCK.__cause__ = Exception(1213, "Deadlock found when trying to get lock")


def set_heartbeat(seconds_ago):
    SyncRun.objects.update(heartbeat=timezone.now() - timedelta(seconds=seconds_ago))


class TestAcquire:
    def test_creates_a_running_sync_run_of_this_process(self):
        lease = Lease.acquire(page_size=20)
        run = SyncRun.objects.get(pk=lease.run_id)
        assert (run.status, run.page_size, run.finished) == ("running", 20, None)
        assert run.holder == f"{socket.gethostname()} process {os.getpid()}"

    @pytest.mark.parametrize(
        ("catalog", "beginning"),
        [
            ("default", "Another sync is already running (worker-7, started "),
            ("partner", "Another sync of the Catalog partner is already running (worker-7, started "),
            ("archive", "Another sync of the Catalog archive is already running (worker-7, started "),
        ],
    )
    def test_refusal_names_the_holder_and_its_times(self, catalog, beginning):
        run = SyncRun.objects.create(catalog=catalog, lease=catalog, holder="worker-7")
        run.refresh_from_db()  # not every database returns the default of a column
        with pytest.raises(SyncAlreadyRunning) as refusal:
            Lease.acquire(catalog)
        message = str(refusal.value)
        assert message.startswith(beginning)
        assert f"started {run.started:%Y-%m-%d %H:%M:%S} UTC" in message
        assert f"last heartbeat {run.heartbeat:%Y-%m-%d %H:%M:%S} UTC" in message
        assert message.endswith("wait 45 seconds.")

    def test_refusal_creates_no_row_and_leaves_an_outer_transaction_usable(self):
        Lease.acquire()
        with transaction.atomic():
            with pytest.raises(SyncAlreadyRunning):
                Lease.acquire()
            assert SyncRun.objects.count() == 1

    def test_is_granted_if_another_acquires_it_at_the_same_moment_and_ends(self):
        others = []

        def acquire_first(execute, sql, params, many, context):
            if sql.startswith("INSERT") and not others:
                others.append(sql)
                # In the same transaction: the conflict rolls both back.
                SyncRun.objects.create(lease="default", holder="worker-7")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(acquire_first):
            lease = Lease.acquire()
        assert len(others) == 1
        assert SyncRun.objects.get().pk == lease.run_id

    def test_is_granted_after_the_other_has_closed(self):
        Lease.acquire().close(status="succeeded")
        assert Lease.acquire().run_id

    @pytest.mark.parametrize(
        ("seconds_ago", "is_alive"),
        [
            *[(0, True), (35, True), (LEASE_SECONDS + 1, False)],
            *[(-3_600, True), (-23 * 3_600, True), (-25 * 3_600, False), (-YEAR, False)],
        ],
    )
    def test_depends_on_the_last_heartbeat_of_the_other(self, seconds_ago, is_alive):
        Lease.acquire()
        set_heartbeat(seconds_ago)
        assert alive().exists() is is_alive
        if is_alive:
            with pytest.raises(SyncAlreadyRunning):
                Lease.acquire()
        else:
            assert Lease.acquire().run_id


class TestExpire:
    """A sync run whose process was killed."""

    @pytest.fixture
    def stale(self):
        lease = Lease.acquire(page_size=20, concurrency=2)
        lease.renew(requests=7, catalog_count=60)
        SyncRun.objects.update(started=timezone.now() - timedelta(hours=2))
        set_heartbeat(LEASE_SECONDS + 1)
        close_dead_runs()
        return lease

    def test_is_closed_as_failed_at_its_last_heartbeat(self, stale):
        run = SyncRun.objects.get(pk=stale.run_id)
        assert (run.status, run.lease, run.finished is None) == ("failed", None, False)
        assert run.message.startswith("The process ended unexpectedly (")
        assert run.duration_seconds == pytest.approx(7_200 - 46, abs=10)

    @pytest.mark.parametrize(
        ("lived", "seconds"), [(1.23456, 1.235), (-3_600, 0)], ids=["a while", "wrong clock"]
    )
    def test_has_its_duration_in_milliseconds(self, lived, seconds):
        heartbeat = timezone.now() - timedelta(hours=2)
        lease = Lease.acquire()
        SyncRun.objects.update(started=heartbeat - timedelta(seconds=lived), heartbeat=heartbeat)
        close_dead_runs()
        assert SyncRun.objects.get(pk=lease.run_id).duration_seconds == seconds

    def test_is_logged_once_with_every_stored_number(self, stale, caplog):
        [record] = caplog.get_records("setup")
        line = record.getMessage()
        assert line.startswith(f"event=catalog_sync.finished run_id={stale.run_id} ")
        assert 'message="The process ended unexpectedly' in line
        logged = dict(word.split("=", 1) for word in line.partition(' message="')[0].split())
        numbers = {"page_size": "20", "concurrency": "2", "requests": "7", "catalog_count": "60"}
        assert logged.items() >= ({"status": "failed", "scope": "all", "dry_run": "false"} | numbers).items()
        assert logged.keys() >= set(SyncReport.__struct_fields__) - {"message", "catalogs"}
        close_dead_runs()
        assert caplog.messages == []

    def test_cannot_write_nor_close_later(self, stale):
        with pytest.raises(LeaseLost):
            stale.renew()
        stale.close(status="succeeded")
        assert SyncRun.objects.get(pk=stale.run_id).status == "failed"

    def test_does_not_close_one_that_is_alive(self):
        Lease.acquire()
        close_dead_runs()
        assert SyncRun.objects.get().status == "running"


class TestRenew:
    def test_moves_the_heartbeat_and_stores_progress_in_one_statement(self, django_assert_num_queries):
        lease = Lease.acquire()
        set_heartbeat(30)
        rounding = timedelta(seconds=0.5)
        earliest = timezone.now() - rounding
        with django_assert_num_queries(1):
            lease.renew(pages=3)
        run = SyncRun.objects.get()
        assert (earliest < run.heartbeat < timezone.now() + rounding, run.pages) == (True, 3)

    def test_moves_the_heartbeat_into_the_future_while_tasks_wait(self):
        lease = Lease.acquire()
        lease.renew(seconds_ahead=300)
        ahead = SyncRun.objects.get().heartbeat - timezone.now()
        assert timedelta(seconds=290) < ahead <= timedelta(seconds=300)

    def test_never_moves_it_so_far_that_the_lease_expires(self):
        Lease.acquire().renew(seconds_ahead=100 * 86_400)
        ahead = SyncRun.objects.get().heartbeat - timezone.now()
        assert timedelta(hours=11.9) < ahead <= timedelta(hours=12)
        close_dead_runs()
        assert SyncRun.objects.get().status == "running"

    def test_sends_no_query_until_it_is_due(self, without_timed_actions, django_assert_num_queries):
        lease = Lease.acquire()
        with django_assert_num_queries(0):
            lease.renew_if_due()

    @pytest.mark.parametrize(("error", "is_raised"), [(DEADLOCK, False), (OperationalError("lost"), True)])
    def test_is_skipped_if_another_transaction_has_locked_the_row(self, error, is_raised, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.HEARTBEAT_SECONDS", 0)
        lease = Lease.acquire()

        def fail(*arguments):
            raise error

        with (
            pytest.raises(OperationalError) if is_raised else nullcontext(),
            connection.execute_wrapper(fail),
        ):
            lease.renew_if_due()


class TestCanceled:
    @pytest.fixture
    def canceled(self):
        lease = Lease.acquire(pages=2)
        SyncRun.objects.update(cancel_requested=True)
        return lease

    def test_cannot_renew_nor_store_progress(self, canceled, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.HEARTBEAT_SECONDS", 0)
        with pytest.raises(Canceled):
            canceled.renew(pages=3)
        with pytest.raises(Canceled):
            canceled.renew_if_due()
        assert SyncRun.objects.get().pages == 2

    def test_can_close(self, canceled):
        canceled.close(status="failed")
        assert SyncRun.objects.get().lease is None


def test_close_releases_the_lease_and_stores_the_end():
    Lease.acquire().close(status="succeeded", pages=7)
    run = SyncRun.objects.get()
    assert (run.lease, run.status, run.pages, run.finished is None) == (None, "succeeded", 7, False)


def test_wait_for_writer_takes_one_statement_without_a_running_sync(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        wait_for_writer()


class TestAcquireAfterIncrementalSync:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.ACQUIRE_PAUSE_SECONDS", 0.01)

    @pytest.fixture
    def incremental(self):
        return Lease.acquire(scope=SyncRun.Scope.CHANGED)

    def test_waits_for_its_end(self, incremental):
        calls = []

        def close_at_the_third_call():
            calls.append(True)
            if len(calls) == 3:
                incremental.close(status="succeeded")
            return False

        lease = Lease.acquire_after_incremental_sync("default", close_at_the_third_call)
        assert lease.run_id > incremental.run_id

    @pytest.mark.parametrize("scope", [SyncRun.Scope.ALL, SyncRun.Scope.COURSE_KEYS])
    def test_does_not_wait_for_other_syncs(self, scope, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.time.sleep", lambda _: pytest.fail("it waited"))
        Lease.acquire(scope=scope)
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire_after_incremental_sync("default", lambda: False)

    @pytest.mark.parametrize(("longest_seconds", "is_stopped"), [(0.05, False), (60, True)])
    def test_waits_for_a_limited_time_and_until_it_is_stopped(
        self, longest_seconds, is_stopped, incremental, monkeypatch
    ):
        monkeypatch.setattr("catalog_sync.store.lease.MAX_INCREMENTAL_SECONDS", longest_seconds)
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire_after_incremental_sync("default", lambda: is_stopped)
