"""Other processes write to the LMS's database, or the connection to it is lost."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager

import pytest
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.signals import pre_save
from django.urls import reverse

from catalog_sync.api import pin_marketing_url, unpin_marketing_url, update_catalog_data
from catalog_sync.exceptions import SyncAlreadyRunning, UsageError
from catalog_sync.models import CatalogSyncConfig, PinnedMarketingUrl, SyncRun
from catalog_sync.store import course_overviews, publishing
from catalog_sync.store.lease import Lease, close_dead_runs, wait_for_writer
from catalog_sync.store.sql import idle_transactions_bounded, is_conflict, repeat_on_conflict
from sandbox.lms.course_overviews.models import CourseOverview
from tests.admin_client import CONFIGURATION, client_of
from tests.factories import CourseOverviewFactory, add_course_overviews
from tests.integration.processes import (
    Worker,
    age_heartbeat,
    marketing_urls,
    running_sync,
    wait_until_blocked,
)
from tests.integration.sql import plan, statements

pytest_plugins = ["tests.integration.process_fixtures"]

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(20)]
URL, OTHER_URL = "https://www.example.com/course", "https://www.example.com/other"
RETRIED = "event=catalog_sync.transaction_retried"


@pytest.fixture
def courses(shared_database, catalog):
    add_course_overviews(*KEYS)
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


def set_pin(url):
    """Pin this URL for the first course; None: unpin the course."""
    if url:
        pin_marketing_url(KEYS[0], url)
    else:
        unpin_marketing_url(KEYS[0])


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
        with calling_at_retry(retry, lambda: locks[0].release()):
            update_catalog_data(page_size=10, on_progress=lock_during_the_sync_run(locks))
        assert set(marketing_urls().values()) == {URL}

    @pytest.fixture
    def given_up(self, short_lock_wait, monkeypatch):
        """The report of a sync run that waits for a lock in vain, and the number of its retries."""
        from catalog_sync.sync.runner import Run

        locks, close = [], Run.close

        def release_and_close(run, *args):
            locks[0].release()
            close(run, *args)

        monkeypatch.setattr(Run, "close", release_and_close)
        with calling_at_retry(0, print) as counting:
            report = update_catalog_data(page_size=10, on_progress=lock_during_the_sync_run(locks))
        return report, counting.retries

    def test_page_is_retried_three_times_at_most(self, given_up):
        assert given_up[1] == 3

    def test_sync_fails_in_one_sentence_after_the_retries(self, given_up):
        report = given_up[0]
        assert (report.status, "Database error: " in report.message, "\n" in report.message) == (
            "failed",
            True,
            False,
        )

    def test_lease_is_released_after_the_retries(self, given_up):
        assert running_sync() is None


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
    first_is_held, page_is_locked, copy = (
        threading.Event(),
        threading.Event(),
        course_overviews.copy_published_values,
    )

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

    with calling_at_retry(0, print) as counting:
        report = update_catalog_data(page_size=10, on_progress=on_progress)
    try:
        publishers[0].finish()
    except OperationalError as error:
        counting.retries += is_conflict(error)  # The database chose the publisher to end.
    right = {key: url for key, url in marketing_urls().items() if key in KEYS}
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
    """The connection to the database is lost after the first page."""

    @pytest.fixture
    def report(self, courses):
        return update_catalog_data(page_size=10, on_progress=lose_the_connection)

    def test_sync_run_fails_in_one_sentence_and_is_closed_over_a_new_connection(self, report):
        assert ("Database error: " in report.message, "\n" in report.message) == (True, False)
        run = SyncRun.objects.get(pk=report.run_id)
        assert (report.status, run.status, run.lease) == ("failed", "failed", None)

    def test_first_page_stays_written_and_the_next_sync_writes_all_urls(self, report):
        assert sum(url == URL for url in marketing_urls().values()) == 10
        update_catalog_data()
        assert set(marketing_urls().values()) == {URL}


def test_lease_that_was_not_released_expires(courses, monkeypatch):
    from catalog_sync.store.lease import Lease

    def refuse(*args, **values):
        raise OperationalError("the server has gone away")

    with monkeypatch.context() as patch:
        patch.setattr(Lease, "close", refuse)
        update_catalog_data()
    age_heartbeat()
    assert update_catalog_data().status == "succeeded"


def test_sync_refuses_to_run_in_a_transaction(courses):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        update_catalog_data()


def test_no_transaction_is_open_during_a_request(courses, monkeypatch):
    from catalog_sync.catalog_client import transport

    in_transaction = set()

    def wait(*args, **kwargs):
        in_transaction.add(connection.in_atomic_block)
        return real_wait(*args, **kwargs)

    real_wait = transport.wait
    monkeypatch.setattr(transport, "wait", wait)
    update_catalog_data(page_size=5)
    assert in_transaction == {False}


class TestIdleTransaction:
    """A process that is frozen inside the transaction of a page, with its locks."""

    @staticmethod
    def bound():
        """Return the session's time limit for an idle transaction."""
        name = {
            "MariaDB": "@@idle_transaction_timeout",
            "MySQL": "@@wait_timeout",
            "PostgreSQL": "current_setting('idle_in_transaction_session_timeout')",
        }[connection.display_name]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name}")
            return str(cursor.fetchone()[0])

    @pytest.mark.services
    def test_transaction_is_ended_by_the_database(self, courses):
        first = CourseOverview.objects.filter(pk=KEYS[0])

        def freeze():
            with idle_transactions_bounded(1), transaction.atomic():
                first.update(display_name="held")
                # The other connection waits for the lock until the database ends this transaction.
                Worker(lambda: first.update(display_name="of the other")).finish()
                first.update(display_name="late")

        with pytest.raises(AnyDatabaseError):
            freeze()
        connection.close()
        assert first.get().display_name == "of the other"

    @pytest.mark.services
    def test_limit_ends_with_the_sync_run(self, courses):
        before = self.bound()
        update_catalog_data()
        assert self.bound() == before

    @pytest.mark.services
    def test_sync_run_has_the_limit(self, courses):
        found = []
        update_catalog_data(on_progress=lambda retrieved, total: found.append(self.bound()))
        assert found == ["45s" if connection.vendor == "postgresql" else "45"]


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

        def ask():
            tries.append(True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing FROM nowhere")

        with pytest.raises(AnyDatabaseError):
            repeat_on_conflict(ask)
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


class TestPinsInATransactionOfTheHost:
    """Every sync would wait for the locks of the pin until the transaction ends."""

    @pytest.mark.parametrize("url", [URL, None], ids=["pin", "unpin"])
    def test_are_refused(self, url, courses):
        with transaction.atomic(), pytest.raises(UsageError, match="inside a transaction"):
            set_pin(url)

    def test_admin_pins_outside_the_transaction_of_a_request(self, courses, admin_client, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        pin = {"course_key": KEYS[0], "url": URL}
        admin_client.post(reverse("admin:catalog_sync_pinnedmarketingurl_pin"), pin)
        assert marketing_urls()[KEYS[0]] == URL
        pin = PinnedMarketingUrl.objects.get()
        admin_client.post(reverse("admin:catalog_sync_pinnedmarketingurl_unpin", args=[pin.pk]))
        assert not PinnedMarketingUrl.objects.exists()


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


@pytest.mark.services
def test_url_that_a_sync_writes_during_clearing_is_kept(courses):
    """There is no sync run yet when the publisher reads them, so it waits for none."""
    syncs = []

    def sync_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and CourseOverview._meta.db_table in sql and not syncs:
            syncs.append(Worker(update_catalog_data))
            syncs[0].finish()
        return execute(sql, params, many, context)

    CourseOverview.objects.filter(pk=KEYS[0]).update(marketing_url=URL)
    with connection.execute_wrapper(sync_first):
        publishing.republish(KEYS[0], URL)
    assert (len(syncs), marketing_urls()[KEYS[0]]) == (1, URL)


def unpin_with_previous_url(key, url):
    publishing.wait_and_publish_with_ccx(key, url, "https://www.example.com/previous")


@pytest.mark.parametrize(
    "publish", [publishing.republish, publishing.wait_and_publish_with_ccx, unpin_with_previous_url]
)
def test_url_that_another_tool_commits_while_a_url_is_replaced_stays(publish, courses):
    """The replacement waits for the lock of the other tool, and then finds the URL of that tool."""
    CourseOverview.objects.filter(pk=KEYS[0]).update(marketing_url=URL)
    lock = RowLock(CourseOverview.objects.filter(pk=KEYS[0]), marketing_url=OTHER_URL)
    publisher = Worker(lambda: publish(KEYS[0], URL))
    wait_until_blocked()
    lock.release()
    publisher.finish()
    assert marketing_urls()[KEYS[0]] == OTHER_URL


def test_second_of_two_simultaneous_saves_of_the_configuration_is_refused(shared_database):
    client, replies = client_of("add_catalogsyncconfig", "view_catalogsyncconfig"), {}
    is_saving, may_save = threading.Event(), threading.Event()

    def pause(**arguments: object) -> None:
        if not is_saving.is_set():
            is_saving.set()
            assert may_save.wait(60)

    def save(page_size: str) -> None:
        form = CONFIGURATION | {"based_on": "0", "page_size": page_size}
        address = reverse("admin:catalog_sync_catalogsyncconfig_add")
        replies[page_size] = client.post(address, form)

    pre_save.connect(pause, sender=CatalogSyncConfig)
    try:
        first = Worker(lambda: save("600"))
        assert is_saving.wait(60)
        second = Worker(lambda: save("700"))
        wait_until_blocked()
    finally:
        may_save.set()
        pre_save.disconnect(pause, sender=CatalogSyncConfig)
    first.finish()
    second.finish()
    assert [row.page_size for row in CatalogSyncConfig.objects.all()] == [600]
    assert (replies["600"].status_code, "Not saved" in replies["700"].content.decode()) == (302, True)
