"""The short transactions of a sync run: the lease, retries after conflicts, and the stored progress."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError, connection, transaction

from catalog_sync.event_log import EventLog
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import Canceled, Lease, LeaseLost, alive
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.transactions import TRANSACTION_ATTEMPTS, Transactions
from tests.integration.processes import age_heartbeat
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db(transaction=True)


class DriverError(Exception):
    """The exception of a database client; some have a code as an attribute."""

    def __init__(self, *args, **attributes):
        super().__init__(*args)
        self.__dict__ |= attributes


def conflict(cause):
    error = OperationalError()
    error.__cause__ = cause
    return error


DEADLOCK = conflict(DriverError(1213, "Deadlock found when trying to get lock"))


@pytest.fixture
def lease():
    return Lease.acquire()


@pytest.fixture
def transactions(lease):
    report = SyncReport(run_id=lease.run_id, status="running", dry_run=False, page_size=20, concurrency=1)
    return Transactions(lease, report, EventLog(lease.run_id), has_other_catalogs=False)


def failing(times, error=DEADLOCK):
    """Return work that fails so many times, and the list of its attempts."""
    attempts = []

    def work():
        attempts.append(1)
        if len(attempts) <= times:
            raise error
        return "done"

    return work, attempts


def not_reached():
    pytest.fail("the work was done")


class TestRun:
    def test_returns_the_result_of_work_in_a_transaction_after_the_heartbeat(self, transactions, caplog):
        age_heartbeat(10)
        before, transactions.ended_at = SyncRun.objects.get().heartbeat, 0
        started = time.monotonic()
        heartbeat, is_atomic = transactions.run(
            lambda: (SyncRun.objects.get().heartbeat, connection.in_atomic_block)
        )
        assert (heartbeat > before, is_atomic, caplog.messages) == (True, True, [])
        assert started <= transactions.ended_at <= time.monotonic()

    def test_refuses_the_transaction_of_a_caller(self, transactions):
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            transactions.run(not_reached)

    @pytest.mark.parametrize(
        ("values", "error"), [({"lease": None}, LeaseLost), ({"cancel_requested": True}, Canceled)]
    )
    def test_refuses_work_without_the_lease_or_once_canceled(self, values, error, transactions):
        SyncRun.objects.update(**values)
        with pytest.raises(error):
            transactions.run(not_reached)

    @pytest.mark.parametrize(("has_other_catalogs", "first"), [(False, "UPDATE"), (True, "SELECT")])
    def test_first_waits_for_syncs_of_other_catalogs(self, has_other_catalogs, first, transactions):
        transactions.has_other_catalogs = has_other_catalogs
        with statements() as sent:
            transactions.run(lambda: None)
        assert sent.all()[0].startswith(first)


class TestConflict:
    @pytest.mark.parametrize(
        "cause",
        [
            DriverError(1205, "Lock wait timeout exceeded"),
            DriverError("deadlock detected", sqlstate="40P01"),
            DriverError("deadlock detected", pgcode="40P01"),
            DriverError("database is locked"),
        ],
        ids=["mysqlclient", "psycopg 3", "psycopg 2", "sqlite3"],
    )
    def test_of_each_database_client_is_retried(self, cause, transactions):
        work, _ = failing(times=1, error=conflict(cause))
        assert transactions.run(work) == "done"

    def test_is_retried_a_few_times_and_logged(self, transactions, caplog):
        work, _ = failing(times=TRANSACTION_ATTEMPTS - 1)
        assert transactions.run(work) == "done"
        logged = [line.partition("attempt=")[2] for line in caplog.messages if "transaction_retried" in line]
        assert logged == ["2", "3", "4"]

    @pytest.mark.parametrize(
        ("error", "expected"),
        [(DEADLOCK, TRANSACTION_ATTEMPTS), (OperationalError("the server has gone away"), 1)],
        ids=["too many conflicts", "another failure"],
    )
    def test_is_not_retried_after(self, error, expected, transactions):
        work, attempts = failing(times=TRANSACTION_ATTEMPTS, error=error)
        with pytest.raises(OperationalError):
            transactions.run(work)
        assert len(attempts) == expected


class TestProgress:
    def stored(self, transactions):
        transactions.run(lambda: None)
        return SyncRun.objects.values_list("pages", "updated", "catalog_count").get()

    def test_is_added_to_what_other_workers_stored(self, transactions):
        transactions.report.pages, transactions.report.updated = 3, 40
        assert self.stored(transactions) == (3, 40, 0)
        SyncRun.objects.update(pages=10)
        transactions.report.pages = 5
        assert self.stored(transactions)[0] == 12

    def test_that_other_workers_have_added_is_not_added_again(self, transactions):
        transactions.report.pages = 3
        transactions.mark_stored()
        assert self.stored(transactions)[0] == 0

    def test_of_a_failed_transaction_is_stored_by_the_next(self, transactions):
        transactions.report.pages = 3
        work, _ = failing(times=1, error=ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            transactions.run(work)
        assert self.stored(transactions)[0] == 3

    def test_has_the_latest_length_of_the_list_that_any_worker_knows(self, transactions):
        SyncRun.objects.update(catalog_count=61)
        counts = [self.stored(transactions)[2] for transactions.report.catalog_count in (0, 60, 59)]
        assert counts == [61, 60, 59]


def test_long_transaction_ends_with_a_heartbeat(transactions, monkeypatch):
    monkeypatch.setattr("catalog_sync.store.lease.HEARTBEAT_SECONDS", 0)
    transactions.run(age_heartbeat)
    assert alive().exists()
