"""The short transactions of a run: what each does beside its work, and what happens if it is broken off."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError, connection, transaction

from catalog_sync.event_log import EventLog
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import Canceled, Lease, LeaseLost
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.transactions import TRANSACTION_ATTEMPTS, Transactions
from tests.integration.processes import age_heartbeat
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db(transaction=True)


class DriverError(Exception):
    """What a database's own client raises; some say why in an attribute."""

    def __init__(self, *args, **attributes):
        super().__init__(*args)
        self.__dict__ |= attributes


def conflict(cause):
    error = OperationalError()
    error.__cause__ = cause
    return error


CONFLICT = conflict(DriverError(1213, "Deadlock found when trying to get lock"))


@pytest.fixture
def lease():
    return Lease.acquire()


@pytest.fixture
def transactions(lease):
    report = SyncReport(run_id=lease.run_id, status="running", dry_run=False, page_size=20, concurrency=1)
    return Transactions(lease, report, EventLog(lease.run_id), has_rivals=False)


def broken_off(times, error=CONFLICT):
    """Return work that the database breaks off so often, and the list of its attempts."""
    attempts = []

    def work():
        attempts.append(1)
        if len(attempts) <= times:
            raise error
        return "done"

    return work, attempts


def stored():
    return SyncRun.objects.values_list("pages", "updated", "catalog_count").get()


class TestWork:
    def test_result_comes_back(self, transactions):
        assert transactions.run(lambda: 7) == 7

    def test_is_done_in_a_transaction(self, transactions):
        assert transactions.run(lambda: connection.in_atomic_block)

    def test_is_not_done_in_a_transaction_of_somebody_else(self, transactions):
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            transactions.run(lambda: pytest.fail("it was done"))

    def test_is_done_after_the_lease_was_renewed(self, transactions):
        age_heartbeat(10)
        before = SyncRun.objects.get().heartbeat
        assert transactions.run(lambda: SyncRun.objects.get().heartbeat) > before

    def test_is_not_done_without_the_lease(self, transactions, lease):
        lease.close()
        with pytest.raises(LeaseLost):
            transactions.run(lambda: pytest.fail("it was done"))

    def test_is_not_done_once_the_run_is_canceled(self, transactions):
        SyncRun.objects.update(cancel_requested=True)
        with pytest.raises(Canceled):
            transactions.run(lambda: pytest.fail("it was done"))

    @pytest.mark.parametrize(("has_rivals", "first"), [(False, "UPDATE"), (True, "SELECT")])
    def test_waits_for_syncs_of_other_catalogs_first(self, has_rivals, first, transactions):
        transactions.has_rivals = has_rivals
        with statements() as sent:
            transactions.run(lambda: None)
        assert sent.all()[0].startswith(first)


class TestBrokenOff:
    def test_is_tried_again(self, transactions):
        work, _ = broken_off(times=TRANSACTION_ATTEMPTS - 1)
        assert transactions.run(work) == "done"

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
    def test_is_known_by_what_each_driver_says(self, cause, transactions):
        work, _ = broken_off(times=1, error=conflict(cause))
        assert transactions.run(work) == "done"

    def test_is_not_tried_for_ever(self, transactions):
        work, attempts = broken_off(times=TRANSACTION_ATTEMPTS)
        with pytest.raises(OperationalError):
            transactions.run(work)
        assert len(attempts) == TRANSACTION_ATTEMPTS

    def test_is_told_of_each_second_look(self, transactions, caplog):
        work, _ = broken_off(times=2)
        transactions.run(work)
        told = [line.partition("attempt=")[2] for line in caplog.messages if "transaction_retried" in line]
        assert told == ["2", "3"]

    def test_is_told_of_nothing_if_all_went_well(self, transactions, caplog):
        transactions.run(lambda: None)
        assert "transaction_retried" not in caplog.text

    def test_other_failures_are_not_tried_again(self, transactions):
        work, attempts = broken_off(times=1, error=OperationalError("the server has gone away"))
        with pytest.raises(OperationalError):
            transactions.run(work)
        assert len(attempts) == 1


class TestProgress:
    def test_is_stored(self, transactions):
        transactions.report.pages, transactions.report.updated = 3, 40
        transactions.run(lambda: None)
        assert stored() == (3, 40, 0)

    def test_is_added_to_what_others_stored(self, transactions):
        transactions.report.pages = 3
        transactions.run(lambda: None)
        SyncRun.objects.update(pages=10)
        transactions.report.pages = 5
        transactions.run(lambda: None)
        assert stored()[0] == 12

    def test_that_others_have_added_is_not_added_again(self, transactions):
        transactions.report.pages = 3
        transactions.mark_stored()
        transactions.run(lambda: None)
        assert stored()[0] == 0

    def test_of_a_transaction_that_was_broken_off_is_stored_later(self, transactions):
        transactions.report.pages = 3
        work, _ = broken_off(times=1, error=ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            transactions.run(work)
        transactions.run(lambda: None)
        assert stored()[0] == 3

    def test_length_of_the_list_is_the_latest(self, transactions):
        for transactions.report.catalog_count in (60, 59):
            transactions.run(lambda: None)
        assert stored()[2] == 59

    def test_length_of_the_list_that_nobody_has_asked_for_leaves_that_of_others(self, transactions):
        SyncRun.objects.update(catalog_count=60)
        transactions.run(lambda: None)
        assert stored()[2] == 60

    def test_when_the_last_ended_is_known(self, transactions):
        transactions.ended_at = 0
        before = time.monotonic()
        transactions.run(lambda: None)
        assert before <= transactions.ended_at <= time.monotonic()
