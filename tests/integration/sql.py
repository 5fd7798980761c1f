"""The statements that a sync sends to the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
SYNC_RUN = re.compile(r"catalog_sync_syncrun(change)?\b")


class Statements:
    """The statements so far, without transaction control."""

    def __init__(self, captured: CaptureQueriesContext) -> None:
        self._captured = captured

    def all(self) -> list[str]:
        statements = [query["sql"] for query in self._captured.captured_queries]
        return [sql for sql in statements if not sql[:10].upper().startswith(TRANSACTION_CONTROL)]

    def writes(self) -> list[str]:
        """Return those that change rows of any table but those of sync runs and their changes."""
        return [sql for sql in self.all() if sql[:10].upper().startswith(WRITES) and not SYNC_RUN.search(sql)]


@contextmanager
def statements() -> Iterator[Statements]:
    with CaptureQueriesContext(connection) as captured:
        yield Statements(captured)


def plan(sql: str) -> list[dict[str, Any]]:
    """Return how the database would answer a statement: rows with the names of its columns in small letters."""
    # MySQL returns a tree otherwise. MariaDB does not have this format.
    format_option = "FORMAT=TRADITIONAL " if connection.display_name == "MySQL" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {format_option}{sql}")
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
