"""What the commands have in common: a fault outside the program is told in one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError


@contextmanager
def database_faults_told() -> Iterator[None]:
    """Turn what the database says into a sentence with a remedy, and exit status 1."""
    try:
        yield
    except AnyDatabaseError as error:
        from catalog_sync.event_log import EventLog
        from catalog_sync.sync.outcome import database_failure

        message = database_failure(error)
        EventLog().error("not_started", message=message)
        raise CommandError(message, returncode=1) from None


# Where standard output or error was closed from the start, Python has None in its place: an AttributeError.
_UNWRITABLE = (OSError, ValueError, AttributeError)


def print_report(command: BaseCommand, report: str) -> None:
    """Print to standard output; where nobody can, say so: the work is done, and how it ended is what counts."""
    try:
        command.stdout.write(report)
        command.stdout.flush()
    except _UNWRITABLE as error:
        why = getattr(error, "strerror", None) or "Standard output is closed"
        with suppress(*_UNWRITABLE):
            command.stderr.write(
                f"{why}: the report could not be printed; it is in the log, and in Django admin under Sync runs."
            )
        # Python tries once more as it exits, and would end with a status of its own.
        with suppress(*_UNWRITABLE), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), command.stdout.fileno())
