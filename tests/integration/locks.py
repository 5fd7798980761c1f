"""Fixtures and helpers for tests in which other connections hold locks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from catalog_sync.api import pin_marketing_url, unpin_marketing_url
from sandbox.catalog.testing import CatalogProcess
from tests.factories import add_course_overviews
from tests.integration.processes import Worker

pytest_plugins = ["tests.integration.process_fixtures"]

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(20)]
URL, OTHER_URL = "https://www.example.com/course", "https://www.example.com/other"
RETRIED = "event=catalog_sync.transaction_retried"


@pytest.fixture
def courses(shared_database: str, catalog: CatalogProcess) -> None:
    """Twenty courses without a marketing URL, and a Catalog that has one for them."""
    add_course_overviews(*KEYS)
    catalog.control.set_runs([{"key": key, "marketing_url": URL} for key in KEYS])


@pytest.fixture
def short_lock_wait(courses: None) -> Iterator[None]:
    """The sync waits for a lock for a moment only, not for as long as the database's default."""
    if connection.vendor == "sqlite":
        connection.close()
        options = connection.settings_dict["OPTIONS"]
        patience, options["timeout"] = options["timeout"], 0.2
        connection.ensure_connection()
        yield
        options["timeout"] = patience
        return
    setting = "innodb_lock_wait_timeout = 1" if connection.vendor == "mysql" else "lock_timeout = '200ms'"
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {setting}")
    yield
    connection.close()


def set_pin(url: str | None) -> None:
    """Pin this URL for the first course; None: unpin the course."""
    if url:
        pin_marketing_url(KEYS[0], url)
    else:
        unpin_marketing_url(KEYS[0])


class RowLock:
    """Another connection that has changed rows and not committed."""

    def __init__(self, rows: QuerySet, **values: str) -> None:
        self._rows, self._values = rows, values
        self._held, self._let_go = threading.Event(), threading.Event()
        self._worker = Worker(self._hold)
        assert self._held.wait(30)

    def _hold(self) -> None:
        with transaction.atomic():
            self._rows.update(**self._values)
            self._held.set()
            assert self._let_go.wait(60)

    def release(self) -> None:
        self._let_go.set()
        self._worker.finish()


class Retries(logging.Handler):
    """Counts the transactions that are tried again, and calls a function after each."""

    def __init__(self, after_each: Callable[[int], None]) -> None:
        super().__init__()
        self.number = 0
        self._after_each = after_each

    def emit(self, record: logging.LogRecord) -> None:
        if RETRIED in record.getMessage():
            self.number += 1
            self._after_each(self.number)


@contextmanager
def counted_retries(after_each: Callable[[int], None] = lambda number: None) -> Iterator[Retries]:
    """Count the retries meanwhile; ``after_each`` gets the number of the retry."""
    retries = Retries(after_each)
    logger = logging.getLogger("catalog_sync")
    logger.addHandler(retries)
    try:
        yield retries
    finally:
        logger.removeHandler(retries)
