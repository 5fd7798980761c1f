"""Log lines of ``key=value`` pairs, one line per event. Splunk extracts them without configuration."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any

logger = logging.getLogger("catalog_sync")

# The database row of a sync run has at most this number of warnings and errors, each cut to this length.
MAX_NOTABLE = 100
MAX_LINE_LENGTH = 500

# Characters that some readers of key=value pairs take for the beginning or the end of a value.
_NEEDS_QUOTES = re.compile(r"""[\s=,;|&"'\\]""")


def _value(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3f}"
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value))
    if text and not _NEEDS_QUOTES.search(text):
        return text
    # Readers that treat a backslash as an escape, and those that do not, find the same end of this value.
    return '"{}"'.format(text.replace('"', "'").replace("\\", "\\\\"))


def format_event(event: str, **fields: object) -> str:
    """Return ``event=catalog_sync.<event> key=value ...``, with values quoted if necessary.

    Values can come from the Catalog, so no value can end the line or start another key.
    """
    pairs = [f"event=catalog_sync.{event}", *(f"{name}={_value(value)}" for name, value in fields.items())]
    return " ".join(pairs)


class EventLog:
    """Writes the events of one sync run, each with its ``run_id``."""

    def __init__(self, run_id: int | None = None) -> None:
        self._run_id = run_id
        # The warnings and errors so far. Django admin shows them.
        self.notable: list[str] = []

    def debug(self, event: str, **fields: object) -> None:
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._log(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Log an error with the traceback of the exception that is being handled."""
        self._log(logging.ERROR, event, fields, with_traceback=True)

    def monitor(self, values: dict[str, Any]) -> None:
        """Set the values as custom attributes ``catalog_sync.<name>`` in the host's monitoring, if it has any."""
        from edx_django_utils.monitoring import set_custom_attribute

        try:
            for name, value in values.items():
                set_custom_attribute(f"catalog_sync.{name}", value)
        except Exception as error:  # A fault in the monitoring must not fail the sync run.
            self.warning("not_monitored", reason=error)

    def _log(
        self, level: int, event: str, fields: dict[str, object], *, with_traceback: bool = False
    ) -> None:
        if level >= logging.WARNING and len(self.notable) < MAX_NOTABLE:
            line = format_event(event, **fields)
            self.notable.append(
                f"{datetime.now(UTC):%H:%M:%S} {logging.getLevelName(level)} {line[:MAX_LINE_LENGTH]}"
            )
        if logger.isEnabledFor(level):
            line = format_event(event, run_id=self._run_id, **fields)
            logger.log(level, "%s", line, exc_info=with_traceback)
