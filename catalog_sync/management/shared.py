"""What the commands share: errors as one sentence with an exit status, and the output of a report."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from catalog_sync.exceptions import UsageError

EXIT_FAILED = 1
EXIT_WRONG_USAGE = 2

# The options that are not named as the Python argument.
_OPTIONS = {"course_keys": "--course-key", "catalogs": "--catalog", "max_requests": "--requests"}

# AttributeError: sys.stdout is None if standard output was closed from the start.
_UNWRITABLE = (OSError, ValueError, AttributeError)


@contextmanager
def command_errors() -> Iterator[None]:
    """Turn invalid options and database errors into one sentence and an exit status."""
    try:
        yield
    except UsageError as error:
        raise CommandError(error.naming(_option), returncode=EXIT_WRONG_USAGE) from None
    except AnyDatabaseError as error:
        from catalog_sync.event_log import EventLog
        from catalog_sync.sync.outcome import database_failure

        message = database_failure(error)
        EventLog().error("not_started", message=message)
        raise CommandError(message, returncode=EXIT_FAILED) from None


def print_report(command: BaseCommand, report: str) -> None:
    """Print to standard output; if that fails, report it on standard error and keep the sync run's exit status."""
    try:
        command.stdout.write(report)
        command.stdout.flush()
    except _UNWRITABLE as error:
        why = getattr(error, "strerror", None) or "Standard output is closed"
        with suppress(*_UNWRITABLE):
            command.stderr.write(
                f"The report could not be printed ({why}). See the log, or Sync runs in Django admin."
            )
        # Python flushes once more when it exits; an error there would change the exit status.
        with suppress(*_UNWRITABLE), open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), command.stdout.fileno())


def _option(argument: str) -> str:
    return _OPTIONS.get(argument) or f"--{argument.replace('_', '-')}"
