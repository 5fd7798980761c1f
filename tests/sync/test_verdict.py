"""What an operator is told of a database that failed, by databases that do."""

from __future__ import annotations

import pytest
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper

from catalog_sync.models import SyncRun
from catalog_sync.sync.verdict import database_failure

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
