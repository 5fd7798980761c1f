"""The console of a command: its result, its log lines and its progress bar."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.core.management.base import BaseCommand

from catalog_sync.event_log import logger

QUIET, NORMAL = 0, 1


class Console:
    """Prints this app's log lines after the command's result or error message.

    This affects only handlers that write to standard output or standard error; files and Splunk get each line
    immediately.

    Attributes:
        verbosity: Django's. 0: print only log lines with a traceback, and warnings of other loggers. 1: print the log
            lines after the result. 2 or 3: print them immediately.
    """

    def __init__(self) -> None:
        self.verbosity = NORMAL
        self._kept_back: list[Callable[[], object]] = []
        self._output: list[Callable[[], object]] = []
        self._filters: list[tuple[logging.Handler, Any]] = []

    def print_after_failure(self, output: Callable[[], object]) -> None:
        """Call ``output`` when Django has printed the message of the command's exception."""
        self._output.append(output)

    def __enter__(self) -> Self:
        self._filters = [(handler, partial(self._is_printed, handler)) for handler in _handlers()]
        for handler, condition in self._filters:
            handler.addFilter(condition)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handler, condition in self._filters:
            handler.removeFilter(condition)
        for output in self._output + self._kept_back:
            output()

    def _is_printed(self, handler: logging.Handler, record: logging.LogRecord) -> bool:
        if record.name != logger.name:
            return self.verbosity > QUIET or record.levelno >= logging.WARNING
        if self.verbosity > NORMAL:
            return True
        if self.verbosity > QUIET or record.exc_info:
            self._kept_back.append(partial(handler.handle, record))
        return False


class MessageFirstCommand(BaseCommand):
    """A command that prints its error message before this app's log lines, as ``Console`` does."""

    # Only a command that was started from the command line has the console for itself.
    console: Console | None = None

    def run_from_argv(self, argv: list[str]) -> None:
        with Console() as self.console:
            super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        if self.console:
            self.console.verbosity = options["verbosity"]
        return super().execute(*args, **options)


def _handlers() -> list[logging.Handler]:
    """Return the handlers of this app's logger that write to the console."""
    found: list[logging.Handler] = [logging.lastResort] if logging.lastResort else []
    source: logging.Logger | None = logger
    while source:
        found += source.handlers
        source = source.parent if source.propagate else None
    return [each for each in found if getattr(each, "stream", None) in (sys.stdout, sys.stderr)]


class _BesideBar:
    """The stream of a log handler while there is a progress bar: erases the bar, writes, and draws the bar again."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        from tqdm import tqdm

        with tqdm.external_write_mode(file=self._stream):
            self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def progress_bar(*, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar, on a terminal only; yield the function that updates it."""
    if hidden or not (sys.stderr and sys.stderr.isatty()):
        yield lambda retrieved, total: None
        return
    from tqdm import tqdm

    # It disappears at the end, because the result contains the numbers.
    with tqdm(unit=" course runs", leave=False) as bar:

        def update(retrieved: int, total: int) -> None:
            bar.total = total
            bar.update(retrieved - bar.n)

        handlers = [each for each in _handlers() if isinstance(each, logging.StreamHandler)]
        streams = [(each, each.stream) for each in handlers if each is not logging.lastResort]
        for handler, stream in streams:
            handler.setStream(_BesideBar(stream))
        try:
            yield update
        finally:
            for handler, stream in streams:
                handler.setStream(stream)
