"""The end of a sync run is stored, also if the database refuses some of its values."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection

from catalog_sync.api import update_catalog_data
from catalog_sync.models import SyncRun
from catalog_sync.sync.runner import Run
from tests.unit.sync.sync_runs import opened

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run() -> Run:
    return opened()


def test_status_and_lease_are_stored_if_a_number_is_refused(run, caplog):
    run.report.not_in_lms, run.report.updated = -1, 7
    run.close(SyncRun.Status.INCOMPLETE, "Incomplete: größe 😀.")
    stored = SyncRun.objects.get()
    assert (stored.status, stored.lease, stored.finished is None) == ("incomplete", None, False)
    assert stored.message.startswith(
        "Incomplete: gr??e ?. The numbers of this sync run could not be stored ("
    )
    assert caplog.text.count("event=catalog_sync.end_not_stored") == 2
    assert "not_in_lms=-1" in caplog.text


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "a😀b"], ids=["NUL", "surrogate", "four bytes"])
def test_text_is_stored_with_a_replacement_character(text, run):
    run.report.updated = 7
    run.close(SyncRun.Status.FAILED, text)
    stored = SyncRun.objects.get()
    assert (stored.message, stored.updated) == ("a\N{REPLACEMENT CHARACTER}b", 7)


@pytest.fixture
def three_byte_table():
    """Give the table of sync runs the character set that old databases of Open edX have. Only MySQL and MariaDB can."""
    table = SyncRun._meta.db_table

    def convert(character_set):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET {character_set}")

    convert("utf8mb3")
    yield
    convert("utf8mb4")


@pytest.mark.services
@pytest.mark.usefixtures("three_byte_table")
def test_text_of_the_catalog_fits_a_table_of_three_byte_characters(catalog):
    catalog.control.set_runs([{"key": "no course key 😀"}, {"key": "course-v1:ExampleX+One+2026"}])
    update_catalog_data()
    stored = SyncRun.objects.get()
    assert (stored.status, stored.course_runs_rejected) == ("succeeded", 1)
    assert "no course key \N{REPLACEMENT CHARACTER}" in stored.log_lines


def test_numbers_are_stored_after_a_lost_connection(run):
    lost = []

    def lose_once(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and not lost:
            lost.append(sql)
            raise DatabaseError("the server has gone away")
        return execute(sql, params, many, context)

    run.report.updated = 7
    with connection.execute_wrapper(lose_once):
        run.close(SyncRun.Status.SUCCEEDED, "")
    stored = SyncRun.objects.get()
    assert (len(lost), stored.status, stored.updated) == (1, "succeeded", 7)
