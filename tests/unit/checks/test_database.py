"""System checks that read the database: a stale sync, and the Catalog's quota."""

from __future__ import annotations

import pytest
from django.core import checks
from django.db import OperationalError, connection
from django.utils import timezone

from catalog_sync.checks import check_set_up
from catalog_sync.models import CatalogSyncConfig, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview

pytestmark = pytest.mark.django_db

STALE, WITHOUT_TABLES, EXCEEDS_QUOTA = (f"catalog_sync.{each}" for each in ("W003", "W013", "W005"))


def messages(databases=("default",)):
    """Return what ``manage.py check --tag catalog_sync --database default`` shows."""
    return checks.run_checks(tags=["catalog_sync"], databases=databases)


def ids():
    # Sorted, because Django runs the checks in any order.
    return sorted(message.id for message in messages())


@pytest.fixture
def healthy():
    SyncRun.objects.create(status=SyncRun.Status.SUCCEEDED, finished=timezone.now(), catalog_count=21_151)


def test_healthy_sync_passes(healthy):
    assert ids() == []


def test_missing_tables_are_a_warning_and_no_error_of_the_other_checks():
    table = CatalogSyncConfig._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO another_table")  # rolled back after the test
    [warning] = messages()
    assert (warning.id, warning.is_serious()) == (WITHOUT_TABLES, False)
    assert warning.msg == f"Tables of catalog_sync do not exist: {table}."
    assert warning.hint.startswith("Run manage.py lms migrate catalog_sync.")


def test_database_that_does_not_respond_is_a_single_warning(monkeypatch):
    def refuse():
        raise OperationalError("Can't connect to server on 'mysql.'")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    [warning] = messages()
    assert (warning.id, warning.is_serious()) == (WITHOUT_TABLES, False)
    assert warning.msg == "The tables of catalog_sync cannot be read: Can't connect to server on 'mysql.'."
    assert warning.hint.startswith("Check that the database is running")


def test_stale_sync_is_a_warning_beside_another_warning(monkeypatch):
    monkeypatch.setattr(CourseOverview._meta.get_field("marketing_url"), "max_length", 255)
    assert ids() == [STALE, "catalog_sync.W008"]


def test_stale_sync_has_the_fault_as_its_message_and_the_remedy_as_its_hint():
    [warning] = messages()
    assert warning.msg == "No successful full sync in the last 12 hours (none has ever run)."
    assert warning.hint == "Run manage.py lms update_catalog_data and schedule it."


def test_only_a_database_that_was_named_is_read(django_assert_num_queries):
    with django_assert_num_queries(0):
        for databases in (None, [], ["other"]):
            assert messages(databases) == []


@pytest.mark.parametrize(
    ("hours", "is_error"),
    [(hours, True) for hours in ("12", 0, -1, float("nan"), float("inf"), 1_000_001, 1e14)]
    + [(hours, False) for hours in (None, 0.5, 12, 1_000_000)],
)
def test_limit_must_be_a_number_of_hours(hours, is_error, settings):
    settings.CATALOG_SYNC_STALE_AFTER_HOURS = hours
    assert ("catalog_sync.E009" in [each.id for each in check_set_up()]) == is_error


def test_checks_of_the_database_leave_an_error_of_the_settings_to_its_own_check(settings):
    settings.CATALOG_SYNC_STALE_AFTER_HOURS = -1
    assert ids() == ["catalog_sync.E009"]


@pytest.mark.parametrize(("page_size", "expected"), [(100, [EXCEEDS_QUOTA]), (0, []), (500, [])])
def test_page_size_that_needs_too_many_requests_is_a_warning(page_size, expected, healthy):
    CatalogSyncConfig.objects.create(page_size=page_size)
    warnings = messages()
    assert [warning.id for warning in warnings] == expected
    assert all("takes 214 requests" in warning.msg for warning in warnings)
