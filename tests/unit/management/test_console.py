"""The console of a command: which log lines it gets, and when."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from io import StringIO

import pytest

from catalog_sync.management.console import Console

ours, other = logging.getLogger("catalog_sync"), logging.getLogger("urllib3.connectionpool")


class ConsoleHandler(logging.StreamHandler):
    """A handler that always writes to the present standard error, which Pytest replaces between fixture and test."""

    stream = property(lambda self: sys.stderr, lambda self, stream: None)


@pytest.fixture
def printed(capsys, monkeypatch):
    """Return a function that returns the words printed to standard error since its last call."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [ConsoleHandler()])
    return lambda: capsys.readouterr().err.split()


@pytest.fixture
def written_to_a_file():
    """What a handler gets that does not write to the console."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    ours.addHandler(handler)
    yield lambda: stream.getvalue().split()
    ours.removeHandler(handler)


def test_log_lines_follow_the_result(printed):
    with Console() as console:
        ours.warning("log")
        console.print_after_failure(lambda: sys.stderr.write("report\n"))
        sys.stderr.write("cause\n")
    assert printed() == ["cause", "report", "log"]


def test_log_lines_are_printed_before_a_traceback(printed):
    with suppress(ZeroDivisionError), Console():
        ours.warning("log")
        raise ZeroDivisionError
    assert printed() == ["log"]


def test_files_and_splunk_get_each_log_line_at_once(printed, written_to_a_file):
    with Console():
        ours.warning("log")
        assert (printed(), written_to_a_file()) == ([], ["log"])


def test_warnings_of_other_loggers_are_printed_at_once(printed):
    with Console():
        other.warning("other")
        assert printed() == ["other"]


def test_verbose_prints_log_lines_at_once(printed):
    with Console() as console:
        console.verbosity = 2
        ours.warning("log")
        assert printed() == ["log"]
    assert printed() == []


def test_quiet_prints_only_tracebacks_and_warnings_of_other_loggers(printed):
    with Console() as console:
        console.verbosity = 0
        ours.error("log")
        other.info("other-info")
        other.warning("other-warning")
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            ours.exception("unexpected")
    words = printed()
    assert words[:3] == ["other-warning", "unexpected", "Traceback"]
    assert {"log", "other-info"}.isdisjoint(words)


def test_console_is_as_before_afterwards(printed):
    with Console():
        pass
    ours.warning("log")
    assert printed() == ["log"]
