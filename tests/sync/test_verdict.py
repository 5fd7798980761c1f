"""What an operator is told of a database that failed, by databases that do."""

from __future__ import annotations

import pytest
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper

from catalog_sync.catalog_client import RequestFailed
from catalog_sync.models import SyncRun
from catalog_sync.sync import SyncReport
from catalog_sync.sync.verdict import database_failure, page_size_advice, rejected_advice

pytestmark = pytest.mark.django_db(transaction=True)

MIGRATE = "run manage.py migrate catalog_sync, then run the command again."
LOOK = "check that it is up, has room and may be written, then run the command again."


@pytest.fixture
def small(tmp_path):
    """Return a connection to an SQLite database that has hardly any room."""
    values = connection.settings_dict | {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "small"}
    values |= {"OPTIONS": {}, "TEST": {}}
    wrapper = DatabaseWrapper(values, "small")
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE texts (text)")
        cursor.execute("PRAGMA max_page_count = 4")
    yield wrapper
    wrapper.close()


def told(database, statement, *values):
    with pytest.raises(AnyDatabaseError) as failure, database.cursor() as cursor:
        cursor.execute(statement, values)
    return database_failure(failure.value)


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM catalog_sync_none", f"SELECT none FROM {SyncRun._meta.db_table}"]
)
def test_table_or_column_that_is_not_there_has_to_be_migrated(statement):
    assert told(connection, statement).endswith(f"): {MIGRATE}")


def test_database_without_room_has_to_be_looked_at(small):
    message = told(small, "INSERT INTO texts VALUES (%s)", "x" * 100_000)
    assert message == f"The LMS's database failed (database or disk is full): {LOOK}"


def test_database_that_may_not_be_written_has_to_be_looked_at(small):
    with small.cursor() as cursor:
        cursor.execute("PRAGMA query_only = 1")
    message = told(small, "INSERT INTO texts VALUES (%s)", "x")
    assert message == f"The LMS's database failed (attempt to write a readonly database): {LOOK}"


def test_database_that_is_locked_is_no_matter_of_room(tmp_path):
    values = connection.settings_dict | {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "locked"}
    values |= {"OPTIONS": {"timeout": 0}, "TEST": {}}
    first, second = DatabaseWrapper(values, "first"), DatabaseWrapper(values, "second")
    with first.cursor() as cursor:
        cursor.execute("BEGIN EXCLUSIVE")
        message = told(second, "CREATE TABLE texts (text)")
    first.close()
    second.close()
    assert "another process holds a lock" in message


def throttled(**numbers):
    error = RequestFailed("https://c.example.org/", "throttles this user", "wait", throttled=True)
    report = SyncReport(run_id=1, status="failed", dry_run=False, concurrency=2, **numbers)
    return page_size_advice(error, report)


def test_throttled_user_is_told_which_page_size_would_fit():
    assert "which page size 119 or more would fit" in throttled(page_size=20, catalog_count=21_151)


def test_throttled_user_whose_page_size_fits_is_told_of_others():
    assert "something else sends requests as the same user" in throttled(page_size=500, catalog_count=21_151)


def test_refusal_beside_rejected_course_runs_says_where_to_look_first():
    report = SyncReport(
        run_id=1, status="refused", dry_run=False, page_size=500, concurrency=2, course_runs_rejected=7
    )
    assert "first see why 7 course runs were rejected" in rejected_advice(report)
