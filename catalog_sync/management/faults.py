"""What the commands have in common: a fault outside the program is told in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import Error as AnyDatabaseError


@contextmanager
def database_faults_told() -> Iterator[None]:
    """Turn what the database says into a sentence with a remedy, and exit status 1."""
    try:
        yield
    except AnyDatabaseError as error:
        from catalog_sync.events import EventLog
        from catalog_sync.sync.verdict import database_failure

        message = database_failure(error)
        EventLog().error("not_started", message=message)
        raise CommandError(message, returncode=1) from None
