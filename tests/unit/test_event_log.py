"""Log lines that Splunk takes apart unaided: one event a line, ``key=value``."""

from __future__ import annotations

import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.event_log import EventLog, format_event

# As Splunk's automatic extraction reads a line: a value is quoted, or ends where white space or a comma begins.
PAIR = re.compile(r'(?:^| )([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s,"]*)')


def extracted(line):
    """Return what a reader of key=value pairs finds in a line, and nothing may be left over."""
    assert PAIR.sub("", line) == ""
    return {name: value.strip('"') for name, value in PAIR.findall(line)}


class TestFormat:
    """``format_event``."""

    def test_event_comes_first(self):
        assert format_event("started", page_size=500) == "event=catalog_sync.started page_size=500"

    def test_fields_come_in_their_order(self):
        assert format_event("started", b=1, a=2).endswith(" b=1 a=2")

    @pytest.mark.parametrize(
        ("value", "written"),
        [
            (7, "7"),
            (1.23456, "1.235"),
            (True, "true"),
            (False, "false"),
            (None, "None"),
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
    def test_value(self, value, written):
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
    def test_line_has_the_fields_given_and_no_other(self, fields):
        assert extracted(format_event("request_failed", **fields)).keys() == {"event", *fields}

    @given(st.text())
    def test_line_is_one_line_whatever_the_value(self, text):
        assert len(format_event("request_failed", reason=text).splitlines()) == 1

    @given(st.text())
    def test_line_can_be_written_as_utf_8(self, text):
        assert format_event("request_failed", reason=text).encode()


class TestLog:
    """``EventLog``."""

    def test_every_line_carries_the_run(self, caplog):
        caplog.set_level(logging.DEBUG, "catalog_sync")
        log = EventLog(run_id=42)
        for write in (log.debug, log.info, log.warning, log.error):
            write("started")
        assert {extracted(line)["run_id"] for line in caplog.messages} == {"42"}

    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
    def test_level_is_the_one_asked_for(self, level, caplog):
        caplog.set_level(logging.DEBUG, "catalog_sync")
        getattr(EventLog(), level)("started")
        assert [record.levelname for record in caplog.records] == [level.upper()]

    def test_percent_sign_is_no_placeholder(self, caplog):
        EventLog().error("request_failed", reason="100%s %d")
        assert caplog.messages == ['event=catalog_sync.request_failed run_id=None reason="100%s %d"']

    def test_logger_is_named_after_the_app(self, caplog):
        EventLog().error("request_failed")
        assert [record.name for record in caplog.records] == ["catalog_sync"]

    def test_value_of_a_line_that_nobody_reads_is_not_made(self, caplog):
        class Expensive:
            def __str__(self):
                raise AssertionError("was made")

        caplog.set_level(logging.INFO, "catalog_sync")
        EventLog().debug("page_retrieved", page=Expensive())
