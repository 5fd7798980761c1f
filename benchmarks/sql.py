"""Counting the statements that a sync sends to the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
# The history of syncs is written by every sync: it says that there was one.
HISTORY_OF_SYNCS = re.compile(r"catalog_sync_syncrun\b")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements, transaction control left out."""
    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.upper().startswith(CONTROL):
            sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield sent


@contextmanager
def writes() -> Iterator[list[str]]:
    """Collect the statements that change rows of anything but the history of syncs."""
    found: list[str] = []
    with statements() as sent:
        yield found
    found += [sql for sql in sent if sql.upper().startswith(WRITES) and not HISTORY_OF_SYNCS.search(sql)]
