"""Log lines for Splunk: one event a line, ``key=value``, extracted without a rule of its own."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any

logger = logging.getLogger("catalog_sync")

# What a run keeps of its own log: enough to see what is wrong, little enough for a row.
MOST_NOTABLE = 100
MOST_LINE = 500

# What ends a value or begins one for somebody who reads key=value pairs.
_NEEDS_QUOTES = re.compile(r"""[\s=,;|&"'\\]""")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3f}"
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value))
    if text and not _NEEDS_QUOTES.search(text):
        return text
    # Readers differ on whether a backslash escapes a quote: without quotes, and with pairs of backslashes, both agree.
    return '"{}"'.format(text.replace('"', "'").replace("\\", "\\\\"))


def format_event(event: str, **fields: object) -> str:
    """Return ``event=catalog_sync.<event> key=value ...``, values quoted where they need it.

    What the Catalog says ends up here, so nothing in a value can end the line or open another key.
    """
    pairs = [f"event=catalog_sync.{event}", *(f"{name}={_value(value)}" for name, value in fields.items())]
    return " ".join(pairs)


class EventLog:
    """Writes the events of one sync run, each with its ``run_id``."""

    def __init__(self, run_id: int | None = None) -> None:
        self._run_id = run_id
        # The warnings and errors so far, for who has no Splunk at hand; bounded, since one row holds them.
        self.notable: list[str] = []

    def debug(self, event: str, **fields: object) -> None:
        """Log what only a developer asks for."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log what always happens."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log what went wrong and was survived."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Log what was not survived."""
        self._log(logging.ERROR, event, fields)

    def monitor(self, values: dict[str, Any]) -> None:
        """Set custom attributes, ``catalog_sync.<name>``, where the host monitors what it runs."""
        from edx_django_utils.monitoring import set_custom_attribute

        try:
            for name, value in values.items():
                set_custom_attribute(f"catalog_sync.{name}", value)
        except Exception as error:  # a monitor that is out of order is no reason to call a run failed
            self.warning("not_monitored", reason=error)

    def _log(self, level: int, event: str, fields: dict[str, object]) -> None:
        if level >= logging.WARNING and len(self.notable) < MOST_NOTABLE:
            line = format_event(event, **fields)
            self.notable.append(
                f"{datetime.now(UTC):%H:%M:%S} {logging.getLevelName(level)} {line[:MOST_LINE]}"
            )
        if logger.isEnabledFor(level):
            logger.log(level, "%s", format_event(event, run_id=self._run_id, **fields))
