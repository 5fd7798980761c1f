"""If the connection to the database is lost, or its transaction is idle for long, the sync fails and blocks nobody."""

from __future__ import annotations

import pytest
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connection, transaction

from catalog_sync.api import update_catalog_data
from catalog_sync.catalog_client import transport
from catalog_sync.models import SyncRun
from catalog_sync.store.lease import Lease
from catalog_sync.store.sql import idle_transactions_bounded
from sandbox.lms.course_overviews.models import CourseOverview
from tests.integration.lms import marketing_urls
from tests.integration.locks import KEYS, URL
from tests.integration.processes import Worker, age_heartbeat

pytest_plugins = ["tests.integration.locks"]


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
