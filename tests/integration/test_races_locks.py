"""Other writers of the LMS's database, and the loss of it."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from catalog_sync import overviews
from catalog_sync.api import update_catalog_data
from catalog_sync.lease import Lease
from catalog_sync.models import SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.processes import Worker, age_heartbeat, running_sync, shown

pytest_plugins = ["tests.integration.process_fixtures"]

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(20)]
URL = "https://www.example.com/course"
RETRIED = "event=catalog_sync.transaction_retried"


@pytest.fixture
def courses(shared_database, catalog):
    for key in KEYS:
        CourseOverviewFactory(id=key)
    catalog.control.set_runs([{"key": key, "marketing_url": URL} for key in KEYS])


@pytest.fixture
def short_lock_wait(courses):
    """The sync waits for a lock for a moment only, not for as long as the database's default."""
    if connection.vendor == "sqlite":
        connection.close()
        options = connection.settings_dict["OPTIONS"]
        patience, options["timeout"] = options["timeout"], 0.2
        connection.ensure_connection()
        yield
        options["timeout"] = patience
        return
    setting = "innodb_lock_wait_timeout = 1" if connection.vendor == "mysql" else "lock_timeout = '200ms'"
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {setting}")
    yield
    connection.close()


class RowLock:
    """Another connection that has changed rows and not committed."""

    def __init__(self, rows: QuerySet, **values: str) -> None:
        self._rows, self._values = rows, values
        self._held, self._let_go = threading.Event(), threading.Event()
        self._worker = Worker(self._hold)
        assert self._held.wait(30)

    def _hold(self) -> None:
        with transaction.atomic():
            self._rows.update(**self._values)
            self._held.set()
            assert self._let_go.wait(60)

    def release(self) -> None:
        self._let_go.set()
        self._worker.finish()


@contextmanager
def calling_at_retry(number, act):
    """Call ``act`` when a transaction is tried again for this number of times."""

    class Counting(logging.Handler):
        retries = 0

        def emit(self, record):
            if RETRIED in record.getMessage():
                self.retries += 1
                if self.retries == number:
                    act()

    handler = Counting()
    logging.getLogger("catalog_sync").addHandler(handler)
    try:
        yield handler
    finally:
        logging.getLogger("catalog_sync").removeHandler(handler)


def lock_during_the_run(locks):
    """Return an ``on_progress`` that lets another connection hold a row of the second page."""

    def on_progress(retrieved, total):
        if not locks:
            locks.append(RowLock(CourseOverview.objects.filter(pk=KEYS[15]), display_name="held"))

    return on_progress


class TestLockWait:
    """A row of the page is held by another connection."""

    @pytest.mark.parametrize("retry", [1, 2, 3])
    def test_page_is_tried_again(self, retry, short_lock_wait):
        locks = []
        with calling_at_retry(retry, lambda: locks[0].release()):
            update_catalog_data(page_size=10, on_progress=lock_during_the_run(locks))
        assert set(shown().values()) == {URL}

    @pytest.fixture
    def given_up(self, short_lock_wait, monkeypatch):
        """The report of a run that met a lock which was held for longer than it tried, and how often it tried again."""
        from catalog_sync.sync.engine import Run

        locks, close = [], Run.close

        def release_and_close(run, *args):
            locks[0].release()
            close(run, *args)

        monkeypatch.setattr(Run, "close", release_and_close)
        with calling_at_retry(0, print) as counting:
            report = update_catalog_data(page_size=10, on_progress=lock_during_the_run(locks))
        return report, counting.retries

    def test_page_is_tried_again_three_times_at_most(self, given_up):
        assert given_up[1] == 3

    def test_then_the_run_fails_in_one_sentence(self, given_up):
        report = given_up[0]
        assert (report.status, "The LMS's database failed" in report.message, "\n" in report.message) == (
            "failed",
            True,
            False,
        )

    def test_then_the_lease_is_free(self, given_up):
        assert running_sync() is None


def test_sign_of_life_waits_while_another_holds_the_row_of_the_run(short_lock_wait, monkeypatch):
    monkeypatch.setattr("catalog_sync.lease.HEARTBEAT_SECONDS", 0)
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
def test_deadlock_is_survived(courses, monkeypatch):
    """Two connections wait for each other's rows; SQLite, which admits one writer, knows no such thing."""
    first_is_held, page_is_locked, copy = threading.Event(), threading.Event(), overviews.copy_from_replica

    def lock_some_and_copy(course_keys, *args):
        if first_is_held.is_set() and not page_is_locked.is_set():
            list(CourseOverview.objects.select_for_update().filter(pk=KEYS[10]))
            page_is_locked.set()
        return copy(course_keys, *args)

    monkeypatch.setattr(overviews, "copy_from_replica", lock_some_and_copy)

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

    with calling_at_retry(0, print) as counting:
        report = update_catalog_data(page_size=10, on_progress=on_progress)
    try:
        publishers[0].finish()
    except Exception:
        counting.retries += 1  # The database chose the publisher to end.
    right = {key: url for key, url in shown().items() if key in KEYS}
    assert (report.status, counting.retries > 0, set(right.values())) == ("succeeded", True, {URL})


def lose_the_connection(retrieved=0, total=0):
    """End the connection as a restart of the server would."""
    if connection.vendor == "sqlite":
        connection.connection.close()
        return
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("SELECT CONNECTION_ID()")
            (number,) = cursor.fetchone()
            ending = f"KILL {number}"
        else:
            cursor.execute("SELECT pg_backend_pid()")
            (number,) = cursor.fetchone()
            ending = f"SELECT pg_terminate_backend({number})"

    def end() -> None:
        with connection.cursor() as other:
            other.execute(ending)

    Worker(end).finish()


class TestLostConnection:
    """The database goes away after the first page."""

    @pytest.fixture
    def report(self, courses):
        return update_catalog_data(page_size=10, on_progress=lose_the_connection)

    def test_run_fails_in_one_sentence(self, report):
        assert (report.status, "The LMS's database failed" in report.message, "\n" in report.message) == (
            "failed",
            True,
            False,
        )

    def test_run_is_closed_over_a_new_connection(self, report):
        run = SyncRun.objects.get(pk=report.run_id)
        assert (run.status, run.lease) == ("failed", None)

    def test_first_page_stays(self, report):
        assert sum(url == URL for url in shown().values()) == 10

    def test_next_run_is_right(self, report):
        update_catalog_data()
        assert set(shown().values()) == {URL}


def test_a_lease_that_could_not_be_given_back_ends_by_itself(courses, monkeypatch):
    from catalog_sync.lease import Lease

    def gone(*args, **values):
        raise OperationalError("the server has gone away")

    with monkeypatch.context() as patch:
        patch.setattr(Lease, "close", gone)
        update_catalog_data()
    age_heartbeat()
    assert update_catalog_data().status == "succeeded"


def test_a_sync_refuses_to_run_in_a_transaction(courses):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        update_catalog_data()


def test_no_transaction_is_open_while_the_catalog_is_asked(courses, monkeypatch):
    from catalog_sync.catalog_client import background

    in_transaction = set()

    def wait(*args, **kwargs):
        in_transaction.add(connection.in_atomic_block)
        return real_wait(*args, **kwargs)

    real_wait = background.wait
    monkeypatch.setattr(background, "wait", wait)
    update_catalog_data(page_size=5)
    assert in_transaction == {False}
