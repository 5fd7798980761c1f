"""The status of a sync run and its message; the database failures come from real databases."""

from __future__ import annotations

import pytest
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connection
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone

from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from catalog_sync.sync import SyncReport
from catalog_sync.sync.outcome import (
    OTHER_CLIENT,
    NothingRead,
    database_failure,
    outcome_of,
    request_failure,
)
from catalog_sync.sync.rejections import RejectedForReason
from tests.factories import CourseOverviewFactory


class TestDatabaseFailure:
    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.fixture
    def sqlite(self, tmp_path):
        """Return a function that opens a new connection to one SQLite database, with these options."""
        opened = []

        def connect(**options):
            sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "db", "TEST": {}}
            values = connection.settings_dict | sqlite | {"OPTIONS": options}
            opened.append(DatabaseWrapper(values, "another"))
            return opened[-1]

        yield connect
        for each in opened:
            each.close()

    def message(self, database, statement, *values):
        with pytest.raises(AnyDatabaseError) as failure, database.cursor() as cursor:
            cursor.execute(statement, values)
        return database_failure(failure.value)

    @pytest.mark.parametrize(
        "statement", ["SELECT * FROM catalog_sync_none", f"SELECT none FROM {SyncRun._meta.db_table}"]
    )
    def test_missing_table_or_column_needs_a_migration(self, statement):
        assert self.message(connection, statement).endswith(
            ". Run manage.py lms migrate catalog_sync, then run the command again."
        )

    @pytest.mark.parametrize(
        ("limit", "text"),
        [
            ("max_page_count = 4", "database or disk is full"),
            ("query_only = 1", "attempt to write a readonly database"),
        ],
    )
    def test_other_failures_ask_to_check_the_database(self, limit, text, sqlite):
        database = sqlite()
        with database.cursor() as cursor:
            cursor.execute("CREATE TABLE texts (text)")
            cursor.execute(f"PRAGMA {limit}")
        assert self.message(database, "INSERT INTO texts VALUES (%s)", "x" * 100_000) == (
            f"Database error: {text}. Check that the database is running, is writable and has free space, then run the "
            "command again."
        )

    def test_locked_database_has_another_process_with_an_open_transaction(self, sqlite):
        with sqlite().cursor() as cursor:
            cursor.execute("BEGIN EXCLUSIVE")
            assert "Another process holds a lock" in self.message(
                sqlite(timeout=0), "CREATE TABLE texts (text)"
            )

    @pytest.mark.services
    def test_value_that_is_too_long_does_not_fit_its_column(self):
        CatalogCourseRun.objects.create(course_key="course-v1:ExampleX+One+2026")
        table = CatalogCourseRun._meta.db_table
        message = self.message(connection, f"UPDATE {table} SET course_key = %s", "x" * 300)
        assert message.endswith("or widen the column, then run the command again.")

    @pytest.mark.parametrize(
        ("text", "remedy"),
        [
            (
                "Incorrect string value: '\\xF0\\x9F\\x98\\x80' for column `lms`.`o`.`url` at row 1",
                "does not fit the column that the error names",
            ),
            ("Got a packet bigger than 'max_allowed_packet' bytes", "Choose a smaller page size"),
        ],
    )
    def test_failures_that_depend_on_the_database_settings(self, text, remedy):
        """They need an old character set or a low limit, which no test database has."""
        assert remedy in database_failure(OperationalError(1366, text))


def report_of(status="failed", page_size=20, **numbers):
    return SyncReport(run_id=1, status=status, dry_run=False, concurrency=2, page_size=page_size, **numbers)


@pytest.mark.django_db
class TestPageSizeAdvice:
    """What a throttled user reads."""

    def advice(self, **numbers):
        error = RequestFailed("https://c.example.org/", "throttles this user", "wait", throttled=True)
        return request_failure(error, report_of(**numbers))

    @pytest.mark.parametrize(
        ("page_size", "count", "advice"),
        [
            (
                20,
                21_151,
                "Use page size 500 or larger, and wait. Address: https://c.example.org/. With page size 20, ",
            ),
            (
                100,
                21_151,
                "a sync of 21,151 course runs needs 214 requests, but an ordinary user has 200 requests per",
            ),
            (20, 120_000, "Use page size 668 or larger, and wait."),
        ],
    )
    def test_first_names_a_larger_page_size_if_the_present_one_exceeds_the_quota(
        self, page_size, count, advice
    ):
        assert advice in self.advice(page_size=page_size, catalog_count=count)

    @pytest.mark.parametrize(
        ("page_size", "needed", "earlier", "advice", "conclusion"),
        [
            (500, 7, 180, "sync less often", ""),
            (20, 174, 201, "sync less often, or use page size 500 (7 requests instead of 174)", ""),
            (500, 7, 0, OTHER_CLIENT, ", so a larger page size does not help"),
            (20, 174, 5, f"{OTHER_CLIENT}, or use page size 500 (7 requests instead of 174)", ""),
        ],
    )
    def test_names_who_used_the_quota(self, page_size, needed, earlier, advice, conclusion):
        SyncRun.objects.create(requests=earlier, finished=timezone.now(), dry_run=True, status="succeeded")
        assert self.advice(page_size=page_size, catalog_count=3_300, requests=7).endswith(
            f" This LMS's own sync runs sent at least {earlier + 7} requests in the last hour: {advice}. With page "
            f"size {page_size}, a sync of 3,300 course runs needs only {needed} of an ordinary user's 200 requests "
            f"per hour{conclusion}."
        )

    def test_falls_back_to_other_counts_if_the_catalog_gave_none(self):
        CourseOverviewFactory(id="course-v1:ExampleX+One+2026")
        assert "a sync of 1 course runs" in self.advice()
        course_runs.record(
            {f"course-v1:ExampleX+C{number}+2026": CatalogData() for number in range(3)}, "default"
        )
        assert "a sync of 3 course runs" in self.advice()
        SyncRun.objects.create(scope=SyncRun.Scope.ALL, status=SyncRun.Status.FAILED, catalog_count=7)
        assert "a sync of 7 course runs" in self.advice()

    @pytest.mark.parametrize("numbers", [{}, {"page_size": 0, "catalog_count": 9}])
    def test_has_only_the_requests_without_a_count_or_a_page_size(self, numbers):
        own = " This LMS's own sync runs sent at least 4 requests in the last hour."
        assert self.advice(**numbers, requests=4).endswith(f"Address: https://c.example.org/.{own}")

    def test_is_not_given_after_other_failures(self, django_assert_num_queries):
        error = RequestFailed("https://c.example.org/", "is away", "wait")
        with django_assert_num_queries(0):
            assert request_failure(error, report_of()) == str(error)


IN_CATALOG = "in the Catalog (see event=catalog_sync.course_runs_rejected)."
REJECTED = f"2 course runs were rejected (K1: white space; K2: white space): correct them {IN_CATALOG}"


def rejected_for(reason, *keys):
    return {reason: RejectedForReason(len(keys), [*keys])}


@pytest.mark.parametrize(
    ("number", "rejected", "warning"),
    [
        (1, rejected_for("bad", "K1"), "1 course run was rejected (K1: bad): correct it "),
        (1, rejected_for("bad"), "1 course run was rejected (without a key: bad): correct it "),
        (
            1_204,
            rejected_for("bad", "K1", "K2") | rejected_for("worse", "K3", "K4"),
            "1,204 course runs were rejected (K1: bad; K2: bad; K3: worse; …): correct them ",
        ),
        (
            2,
            rejected_for("\u202ebad", "K\n1", "K" * 999),
            f"2 course runs were rejected ('K\\n1': '\\u202ebad'; {'K' * 260}: '\\u202ebad'): correct them ",
        ),
    ],
)
def test_rejected_course_runs_are_named(number, rejected, warning):
    assert outcome_of([], report_of(course_runs_rejected=number), rejected)[1] == warning + IN_CATALOG


@pytest.mark.parametrize(
    ("failures", "rejected", "outcome"),
    [
        ([], 0, ("succeeded", "")),
        (["one page.", "two pages"], 0, ("incomplete", "Incomplete: one page; two pages.")),
        (
            [f"page {number}" for number in range(5)],
            0,
            (
                "incomplete",
                "Incomplete: page 0; page 1; page 2; 2 more (see event=catalog_sync.not_applied).",
            ),
        ),
        (
            [f"page {number} is missing, because it was cut off: check the proxy" for number in range(12)],
            0,
            (
                "incomplete",
                "Incomplete: page 0 is missing, because it was cut off: check the proxy (and 11 more with this cause).",
            ),
        ),
        ([], 2, ("succeeded", REJECTED)),
        (["one page"], 2, ("incomplete", f"Incomplete: one page. {REJECTED}")),
    ],
)
def test_outcome_of_failures_and_rejected_course_runs(failures, rejected, outcome):
    report, summary = report_of(course_runs_rejected=rejected), rejected_for("white space", "K1", "K2")
    assert outcome_of(failures, report, summary) == outcome


def test_cause_is_named_once_if_nothing_was_read():
    failures = [f"page {number} is missing, because it was cut off: check the proxy." for number in range(12)]
    assert str(NothingRead(failures)) == (
        "No page of the Catalog's list could be read: it was cut off: check the proxy."
    )
