"""A transaction that another connection blocks is tried again. If all tries fail, the sync fails in one sentence."""

from __future__ import annotations

import threading

import pytest
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connection, transaction

from catalog_sync.api import update_catalog_data
from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import SyncRun
from catalog_sync.store import course_overviews
from catalog_sync.store.lease import Lease, close_dead_runs, wait_for_writer
from catalog_sync.store.sql import is_conflict, repeat_on_conflict
from catalog_sync.sync.runner import Run
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.lms import marketing_urls
from tests.integration.locks import KEYS, OTHER_URL, URL, RowLock, counted_retries, set_pin
from tests.integration.processes import Worker, age_heartbeat, running_sync
from tests.integration.sql import plan, statements

pytest_plugins = ["tests.integration.locks"]


def lock_during_the_sync_run(locks):
    """Return an ``on_progress`` that lets another connection lock a row of the second page."""

    def on_progress(retrieved, total):
        if not locks:
            locks.append(RowLock(CourseOverview.objects.filter(pk=KEYS[15]), display_name="held"))

    return on_progress


class TestLockWait:
    """Another connection has locked a row of the page."""

    @pytest.mark.parametrize("retry", [1, 2, 3])
    def test_page_is_retried(self, retry, short_lock_wait):
        locks = []
        with counted_retries(lambda number: locks[0].release() if number == retry else None):
            update_catalog_data(page_size=10, on_progress=lock_during_the_sync_run(locks))
        assert set(marketing_urls().values()) == {URL}

    @pytest.fixture
    def given_up(self, short_lock_wait, monkeypatch):
        """The report of a sync run that waits for a lock in vain, and the number of its retries."""
        locks, close = [], Run.close

        def release_and_close(run, *args):
            locks[0].release()
            close(run, *args)

        monkeypatch.setattr(Run, "close", release_and_close)
        with counted_retries() as retries:
            report = update_catalog_data(page_size=10, on_progress=lock_during_the_sync_run(locks))
        return report, retries.number

    def test_sync_fails_in_one_sentence_after_three_retries_and_releases_the_lease(self, given_up):
        report, retries = given_up
        assert (report.status, retries, running_sync()) == ("failed", 3, None)
        assert "Database error: " in report.message
        assert "\n" not in report.message


def test_heartbeat_is_skipped_while_the_sync_run_is_locked(short_lock_wait, monkeypatch):
    monkeypatch.setattr("catalog_sync.store.lease.HEARTBEAT_SECONDS", 0)
    lease = Lease.acquire()
    before = SyncRun.objects.get().heartbeat
    lock = RowLock(SyncRun.objects.all(), message="held")
    try:
        lease.renew_if_due()
    finally:
        lock.release()
    lease.renew_if_due()
    assert SyncRun.objects.get().heartbeat > before


@pytest.mark.services
def test_deadlock_is_retried(courses, monkeypatch):
    """Two connections wait for each other's rows; SQLite has only one writer at a time, so it has no deadlocks."""
    first_is_held, page_is_locked = threading.Event(), threading.Event()
    copy = course_overviews.copy_published_values

    def lock_some_and_copy(course_keys, *args):
        if first_is_held.is_set() and not page_is_locked.is_set():
            list(CourseOverview.objects.select_for_update().filter(pk=KEYS[10]))
            page_is_locked.set()
        return copy(course_keys, *args)

    monkeypatch.setattr(course_overviews, "copy_published_values", lock_some_and_copy)

    def publish() -> None:
        with transaction.atomic():
            # More changes than the page makes: MariaDB ends the smaller of the two.
            for number in range(40):
                CourseOverviewFactory(id=f"course-v1:Other+D{number}+2026")
            CourseOverview.objects.filter(pk=KEYS[17]).update(display_name="held")
            first_is_held.set()
            assert page_is_locked.wait(30)
            CourseOverview.objects.filter(pk=KEYS[10]).update(display_name="wanted")

    publishers = []

    def on_progress(retrieved, total):
        if not publishers:
            publishers.append(Worker(publish))
            assert first_is_held.wait(30)

    with counted_retries() as retries:
        report = update_catalog_data(page_size=10, on_progress=on_progress)
    try:
        publishers[0].finish()
    except OperationalError as error:
        retries.number += is_conflict(error)  # The database chose the publisher to end.
    right = {key: url for key, url in marketing_urls().items() if key in KEYS}
    assert (report.status, retries.number > 0, set(right.values())) == ("succeeded", True, {URL})


class TestRepeatOnConflict:
    """A transaction that the database rolls back in favor of another one."""

    def test_is_repeated(self, short_lock_wait):
        lock = RowLock(CourseOverview.objects.filter(pk=KEYS[0]), display_name="held")
        refused = []

        def publish():
            try:
                return CourseOverview.objects.filter(pk=KEYS[0]).update(display_name="published")
            except OperationalError:
                refused.append(True)
                lock.release()
                raise

        repeat_on_conflict(publish)
        assert (refused, CourseOverview.objects.get(pk=KEYS[0]).display_name) == ([True], "published")

    def test_is_repeated_a_limited_number_of_times(self, short_lock_wait):
        lock, tries = RowLock(CourseOverview.objects.filter(pk=KEYS[0]), display_name="held"), []

        def publish():
            tries.append(True)
            CourseOverview.objects.filter(pk=KEYS[0]).update(display_name="published")

        with pytest.raises(OperationalError):
            repeat_on_conflict(publish)
        lock.release()
        assert len(tries) == 3

    def test_other_errors_are_not_repeated(self, courses):
        tries = []

        def send_wrong_sql():
            tries.append(True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing FROM nowhere")

        with pytest.raises(AnyDatabaseError):
            repeat_on_conflict(send_wrong_sql)
        assert len(tries) == 1

    @pytest.mark.parametrize("pins", [[URL], [OTHER_URL, None]], ids=["pin", "unpin"])
    def test_pinning_and_unpinning_are(self, pins, short_lock_wait):
        """They wait for a lock until the database rolls them back. The second attempt finds no lock."""
        *before, last = pins
        for url in before:
            set_pin(url)
        lock, refused = RowLock(CourseOverview.objects.filter(pk=KEYS[0]), display_name="held"), []

        def release(execute, sql, params, many, context):
            try:
                return execute(sql, params, many, context)
            except OperationalError as error:
                refused.append(error)
                lock.release()
                raise

        with connection.execute_wrapper(release):
            set_pin(last)
        assert (len(refused), marketing_urls()[KEYS[0]]) == (1, last)

    def test_comparison_after_the_commit_is_repeated(self, short_lock_wait):
        """It waits for a lock until the database rolls it back. The second attempt finds no lock."""
        locks = []

        def release(execute, sql, params, many, context):
            try:
                return execute(sql, params, many, context)
            except OperationalError:
                locks[0].release()
                raise

        CourseOverview.objects.filter(pk=KEYS[0]).delete()
        update_catalog_data()
        with connection.execute_wrapper(release), transaction.atomic():
            CourseOverviewFactory(id=KEYS[0])
            CourseOverview.objects.filter(pk=KEYS[0]).update(marketing_url="https://www.example.com/old")
            transaction.on_commit(
                lambda: locks.append(RowLock(CourseOverview.objects.filter(pk=KEYS[0]), display_name="held"))
            )
            # Django calls them in the order of registration: the lock must precede the comparison.
            hooks = connection.run_on_commit
            hooks.insert(0, hooks.pop())
        assert marketing_urls()[KEYS[0]] == URL


@pytest.mark.services
class TestLongTransaction:
    """A sync run in a transaction that takes longer than the lease lasts."""

    @pytest.fixture
    def lock(self, shared_database):
        """Its last committed heartbeat is too old, and another connection has locked its row."""
        Lease.acquire()
        age_heartbeat()
        lock = RowLock(SyncRun.objects.all(), message="held")
        yield lock
        lock.release()

    def test_sync_run_is_not_closed(self, lock):
        close_dead_runs()
        assert SyncRun.objects.get().status == "running"

    def test_sync_run_keeps_the_lease(self, lock, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.ACQUIRE_PAUSE_SECONDS", 0.01)
        with pytest.raises(SyncAlreadyRunning):
            Lease.acquire()

    def test_killed_sync_run_loses_the_lease_when_its_row_is_free(self, lock, monkeypatch):
        """The syncs of other Catalogs lock its row, too."""
        monkeypatch.setattr("catalog_sync.store.lease.ACQUIRE_ATTEMPTS", 10_000)
        monkeypatch.setattr("catalog_sync.store.lease.ACQUIRE_PAUSE_SECONDS", 0.01)
        other = Worker(Lease.acquire)
        lock.release()
        other.finish()
        assert list(SyncRun.objects.order_by("pk").values_list("status", flat=True)) == ["failed", "running"]


@pytest.mark.services
@pytest.mark.parametrize("ended", [0, 1, 100])
def test_waiting_for_a_writer_locks_by_the_index_of_the_leases(ended, shared_database):
    """However small the table is: by another index, MySQL would lock the rows in another order."""
    SyncRun.objects.bulk_create(SyncRun(holder="worker-7", status="succeeded") for _ in range(ended))
    Lease.acquire()
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:  # the plan depends on how many rows the database expects
            cursor.execute(f"ANALYZE TABLE {SyncRun._meta.db_table}")
            cursor.fetchall()
    with transaction.atomic(), statements() as sent:
        wait_for_writer()
    [sql] = sent.all()
    # PostgreSQL locks the rows after it has sorted them.
    by_lease = plan(sql)[0]["key"] == "lease" if connection.vendor == "mysql" else "ORDER BY 1" in sql
    assert by_lease
