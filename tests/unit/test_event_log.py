"""Log lines: one event per line, ``key=value``, readable by Splunk without configuration."""

from __future__ import annotations

import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.event_log import EventLog, format_event

# Splunk's automatic extraction: a value is quoted, or ends before white space or a comma.
PAIR = re.compile(r'(?:^| )([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s,"]*)')


def extracted(line):
    """Return the pairs in a line, which must contain nothing else."""
    assert PAIR.sub("", line) == ""
    return {name: value.strip('"') for name, value in PAIR.findall(line)}


class TestFormat:
    """``format_event``."""

    def test_event_is_first_and_the_fields_keep_their_order(self):
        line = format_event("started", page_size=500, b=1, a=2)
        assert line == "event=catalog_sync.started page_size=500 b=1 a=2"

    @pytest.mark.parametrize(
        ("value", "written"),
        [
            (7, "7"),
            (1.23456, "1.235"),
            (True, "true"),
            (False, "false"),
            (None, "-"),
            ("course-v1:ExampleX+One+2026", "course-v1:ExampleX+One+2026"),
            ("http://127.0.0.1:18381/api/v1", "http://127.0.0.1:18381/api/v1"),
            ("größe", "größe"),
            ("", '""'),
            ("two words", '"two words"'),
            ("a=b", '"a=b"'),
            ("a,b", '"a,b"'),
            ("a;b", '"a;b"'),
            ("a|b", '"a|b"'),
            ("a&b", '"a&b"'),
            ('say "no"', "\"say 'no'\""),
            ("'", '"\'"'),
            ("back\\slash", '"back\\\\slash"'),
            ("two\nlines", "two\N{REPLACEMENT CHARACTER}lines"),
            ("two\r\nlines", "two\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}lines"),
            ("tab\there", "tab\N{REPLACEMENT CHARACTER}here"),
            ("\x1b[31mred", "\N{REPLACEMENT CHARACTER}[31mred"),
            ("next\N{NEXT LINE}line", "next\N{REPLACEMENT CHARACTER}line"),
            ("line\N{LINE SEPARATOR}end", "line\N{REPLACEMENT CHARACTER}end"),
            ("\N{RIGHT-TO-LEFT OVERRIDE}moc", "\N{REPLACEMENT CHARACTER}moc"),
        ],
    )
    def test_value_is_on_one_line_and_quoted_if_it_would_be_split(self, value, written):
        assert format_event("started", field=value) == f"event=catalog_sync.started field={written}"

    @pytest.mark.parametrize(
        "forged",
        [
            "x status=succeeded",
            'x" status=succeeded y="',
            "x\nevent=catalog_sync.finished status=succeeded",
            "x\revent=catalog_sync.finished status=succeeded",
            'x\\" status=succeeded',
            'x\\"\nevent=catalog_sync.finished status="succeeded',
            "x,status=succeeded",
        ],
    )
    def test_value_cannot_forge_a_field(self, forged):
        line = format_event("course_run_rejected", course_key=forged, reason="not a course key")
        assert extracted(line).keys() == {"event", "course_key", "reason"}

    @given(st.dictionaries(st.sampled_from(["course_key", "reason", "url"]), st.text()))
    def test_any_values_make_one_line_of_utf_8_with_just_these_fields(self, fields):
        line = format_event("request_failed", **fields)
        assert extracted(line).keys() == {"event", *fields}
        assert len(line.splitlines()) == 1
        assert line.encode()


class TestLog:
    """``EventLog``."""

    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
    def test_line_has_the_sync_run_the_level_and_the_logger_of_the_app(self, level, caplog):
        caplog.set_level(logging.DEBUG, "catalog_sync")
        getattr(EventLog(run_id=42), level)("started")
        [record] = caplog.records
        assert (record.name, record.levelname) == ("catalog_sync", level.upper())
        assert extracted(record.getMessage())["run_id"] == "42"

    def test_percent_sign_is_not_a_placeholder(self, caplog):
        EventLog().error("request_failed", reason="100%s %d")
        assert caplog.messages == ['event=catalog_sync.request_failed run_id=- reason="100%s %d"']

    def test_absent_values_are_a_hyphen(self, caplog):
        caplog.set_level(logging.INFO, "catalog_sync")
        EventLog().info("requested", user_id=None)
        assert caplog.messages == ["event=catalog_sync.requested run_id=- user_id=-"]

    def test_exception_has_its_traceback(self, caplog):
        try:
            raise ZeroDivisionError("a bug")
        except ZeroDivisionError:
            EventLog(run_id=42).exception("unexpected_error", catalog="partner")
        [record] = caplog.records
        assert record.getMessage() == "event=catalog_sync.unexpected_error run_id=42 catalog=partner"
        assert record.exc_info[0] is ZeroDivisionError

    def test_value_of_a_disabled_level_is_not_formatted(self, caplog):
        class Expensive:
            def __str__(self):
                raise AssertionError("was formatted")

        caplog.set_level(logging.INFO, "catalog_sync")
        EventLog().debug("page_retrieved", page=Expensive())


def test_stored_lines_are_limited():
    log = EventLog()
    for number in range(150):
        log.warning("request_retried", attempt=number, reason="x" * 900)
    assert len(log.notable) == 100
    assert max(map(len, log.notable)) < 550
