"""What an operator is told of a database that failed, by databases that do."""

from __future__ import annotations

import pytest
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connection
from django.db.backends.sqlite3.base import DatabaseWrapper

from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from catalog_sync.sync import SyncReport
from catalog_sync.sync.outcome import database_failure, outcome_of, page_size_advice, rejected_advice
from tests.factories import CourseOverviewFactory

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


@pytest.mark.services
def test_value_that_is_too_long_is_no_matter_of_room():
    CatalogCourseRun.objects.create(course_key="course-v1:ExampleX+One+2026")
    table = CatalogCourseRun._meta.db_table
    message = told(connection, f"UPDATE {table} SET course_key = %s", "x" * 300)
    assert message.endswith("or correct the value in the Catalog, then run the command again.")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (
            "Incorrect string value: '\\xF0\\x9F\\x98\\x80' for column `lms`.`o`.`url` at row 1",
            "does not fit that column: widen it",
        ),
        ("Got a packet bigger than 'max_allowed_packet' bytes", "choose a smaller page size"),
    ],
)
def test_what_only_some_databases_refuse_has_its_own_remedy(said, remedy):
    """An older character set, or a small bound of bytes: no database here is set up so."""
    assert remedy in database_failure(OperationalError(1366, said))


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


def test_size_that_just_fits_is_no_matter_of_the_page_size():
    assert "something else sends requests" in throttled(page_size=119, catalog_count=21_151)


def test_without_a_count_of_the_catalog_that_of_the_replica_serves():
    course_runs.record(
        {f"course-v1:ExampleX+C{number}+2026": CatalogData() for number in range(3)}, "default"
    )
    assert "a sync of 3 course runs" in throttled(page_size=20)


def test_without_a_count_of_this_run_that_of_the_last_full_sync_serves():
    SyncRun.objects.create(scope=SyncRun.Scope.ALL, status=SyncRun.Status.FAILED, catalog_count=7)
    assert "a sync of 7 course runs" in throttled(page_size=20)


def test_without_a_replica_the_number_of_course_overviews_serves():
    CourseOverviewFactory(id="course-v1:ExampleX+One+2026")
    assert "a sync of 1 course runs" in throttled(page_size=20)


@pytest.mark.parametrize("numbers", [{"page_size": 20}, {"page_size": 0, "catalog_count": 9}])
def test_nothing_is_advised_of_what_is_not_known(numbers):
    assert throttled(**numbers) == ""


def test_nothing_is_advised_to_who_was_not_throttled(django_assert_num_queries):
    error = RequestFailed("https://c.example.org/", "is away", "wait")
    report = SyncReport(run_id=1, status="failed", dry_run=False, concurrency=2, page_size=20)
    with django_assert_num_queries(0):
        assert page_size_advice(error, report) == ""


class TestVerdict:
    """How a run ended that came to its end."""

    def test_without_a_fault_is_success(self):
        assert outcome_of([], 0) == ("succeeded", "")

    def test_failures_are_told(self):
        assert outcome_of(["one page.", "two pages"], 0) == (
            "incomplete",
            "Not all that the Catalog has was applied: one page; two pages.",
        )

    def test_of_many_failures_three_are_told(self):
        message = outcome_of([f"page {number}" for number in range(5)], 0)[1]
        assert message.endswith(": page 0; page 1; page 2; 2 more (see event=catalog_sync.not_applied).")

    def test_rejected_course_runs_are_told(self):
        status, message = outcome_of([], 2)
        assert (status, ": 2 rejected course runs (see event=" in message) == ("incomplete", True)
