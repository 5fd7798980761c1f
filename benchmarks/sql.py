"""Counts the SQL statements of a sync."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
# Every sync writes its own sync run and its changes.
SYNC_RUNS = re.compile(r"catalog_sync_syncrun(change)?\b")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements without transaction control."""
    sent: list[str] = []

    def collect(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.upper().startswith(CONTROL):
            sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(collect):
        yield sent


@contextmanager
def writes() -> Iterator[list[str]]:
    """Collect the statements that change rows, except those of sync runs."""
    found: list[str] = []
    with statements() as sent:
        yield found
    found += [sql for sql in sent if sql.upper().startswith(WRITES) and not SYNC_RUNS.search(sql)]
