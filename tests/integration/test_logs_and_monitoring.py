"""Splunk can read every log line, and monitoring gets the numbers of a sync run."""

from __future__ import annotations

import logging
import re

import pytest
from edx_django_utils.monitoring.internal import utils

from catalog_sync.api import update_catalog_data
from catalog_sync.models import SyncRun
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db(transaction=True)

GOOD, REJECTED = "course-v1:LogX+Good+2026", "course-v1:LogX+Rejected+2026"
# Splunk's automatic extraction (KV_MODE = auto): key=value; a value in double quotes may hold any other character.
SPLUNK_PAIR = re.compile(
    r'(?:^|[\s,;|&])(?P<key>[A-Za-z_][A-Za-z0-9_.]*)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s,;|&"]+))'
)


def extract(line: str) -> dict[str, str]:
    """Return the fields that Splunk finds in a line; fail if it finds one twice."""
    fields: dict[str, str] = {}
    for match in SPLUNK_PAIR.finditer(line):
        value = match["quoted"] if match["quoted"] is not None else match["bare"]
        assert match["key"] not in fields, line
        fields[match["key"]] = value
    return fields


def logged(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace('"', "'")


@pytest.fixture
def run_sync(catalog):
    """Return a function that runs a sync with one retry, one rejected course run and one update."""
    catalog.control.set_runs(
        [
            {"key": GOOD, "marketing_url": "https://www.example.com/a?b=c&d=e"},
            {"key": REJECTED, "marketing_url": 'nowhere, "here"; x=1'},
        ]
    )
    catalog.control.fault("status", status=503, times=1)
    CourseOverviewFactory(id=GOOD)
    return update_catalog_data


class TestLogLines:
    """The log lines of one sync, formatted as the LMS formats them."""

    @pytest.fixture
    def report(self, run_sync, caplog):
        caplog.set_level(logging.DEBUG, logger="catalog_sync")
        return run_sync()

    @pytest.fixture
    def lines(self, report, caplog):
        formatter = logging.Formatter(
            "%(asctime)s %(levelname)s %(process)d [%(name)s] %(filename)s - %(message)s"
        )
        records = [*caplog.get_records("setup"), *caplog.get_records("call")]
        return [formatter.format(each) for each in records if each.name == "catalog_sync"]

    def test_each_is_one_line_with_an_event_and_the_sync_run(self, report, lines):
        assert not [line for line in lines if "\n" in line]
        fields = [extract(line) for line in lines]
        assert {each["run_id"] for each in fields} == {str(report.run_id)}
        events = [each["event"].removeprefix("catalog_sync.") for each in fields]
        assert (events[0], events[-1]) == ("started", "finished")
        assert {"request_retried", "page_retrieved", "course_run_rejected"} <= set(events)

    def test_finished_has_every_number_of_the_report(self, report, lines):
        values = {name: logged(value) for name, value in report.as_dict().items()}
        assert extract(lines[-1]) == {"event": "catalog_sync.finished", "scope": "all"} | values

    def test_text_of_the_catalog_adds_no_field(self, lines):
        (rejected,) = [
            extract(line) for line in lines if extract(line)["event"].endswith(".course_run_rejected")
        ]
        assert rejected.keys() == {"event", "run_id", "course_key", "reason"}
        assert rejected["course_key"] == REJECTED


class Monitor:
    """A monitoring backend that keeps the attributes it gets."""

    def __init__(self):
        self.attributes = {}

    def set_attribute(self, key, value):
        self.attributes[key] = value


class BrokenMonitor:
    """A monitoring backend that does not accept this app's attributes."""

    def set_attribute(self, key, value):
        if key.startswith("catalog_sync."):
            raise ValueError("no such attribute")


def test_numbers_of_a_sync_run_are_custom_attributes(run_sync, monkeypatch):
    monitor = Monitor()
    monkeypatch.setattr(utils, "configured_backends", lambda: [monitor])
    numbers = {name: value for name, value in run_sync().as_dict().items() if name != "run_id"}
    assert {
        f"catalog_sync.{name}": value for name, value in numbers.items()
    }.items() <= monitor.attributes.items()


def test_monitoring_that_fails_does_not_fail_the_sync(run_sync, monkeypatch, caplog):
    monkeypatch.setattr(utils, "configured_backends", lambda: [BrokenMonitor()])
    report = run_sync()
    assert SyncRun.objects.get(pk=report.run_id).status == report.status == "succeeded"
    assert "event=catalog_sync.not_monitored" in caplog.text
