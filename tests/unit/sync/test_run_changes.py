"""A transaction stores the changes that it made, once, and only if it is committed."""

from __future__ import annotations

import sqlite3

import pytest
from django.db import OperationalError

from catalog_sync.store import changes
from catalog_sync.sync.run_changes import Kind
from tests.unit.sync.sync_runs import opened

pytestmark = pytest.mark.django_db(transaction=True)

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:ExampleX+Other+2026"


@pytest.fixture
def writer():
    return opened()._writer()


def add(writer, course_key):
    return writer.changes.add(Kind.CHANGED, [(course_key, None, None, "")])


def stored(writer):
    return [change.course_key for change in changes.read(writer.changes.run_id)]


def test_changes_that_wait_are_stored_with_the_next_transaction(writer):
    add(writer, KEY)
    writer.transact(lambda: add(writer, OTHER))
    assert stored(writer) == [KEY, OTHER]


def test_repeated_transaction_stores_its_changes_once(writer):
    conflict = OperationalError()
    conflict.__cause__ = sqlite3.OperationalError("database is locked")
    outcomes = [conflict, None]

    def work():
        add(writer, OTHER)
        if error := outcomes.pop(0):
            raise error

    add(writer, KEY)
    writer.transact(work)
    assert stored(writer) == [KEY, OTHER]


def test_changes_of_a_transaction_that_failed_are_not_stored(writer):
    def work():
        add(writer, OTHER)
        raise RuntimeError

    add(writer, KEY)
    with pytest.raises(RuntimeError):
        writer.transact(work)
    writer.transact(lambda: None)
    assert stored(writer) == [KEY]


def test_changes_beyond_the_limit_are_not_computed(writer):
    def many():
        for number in range(changes.MAX_PER_KIND + 2):
            computed.append(number)
            yield f"{number:04}", None, None, ""

    computed = []
    some = many()
    writer.transact(lambda: writer.changes.add(Kind.CHANGED, some))
    writer.transact(lambda: writer.changes.add(Kind.CHANGED, some))
    assert len(stored(writer)) == len(computed) == changes.MAX_PER_KIND
