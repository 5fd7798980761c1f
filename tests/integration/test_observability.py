"""What the operators' tools see of a real run: Splunk its log lines, monitoring its numbers."""

from __future__ import annotations

import logging
import re

import pytest
from edx_django_utils.monitoring.internal import utils

from catalog_sync.api import update_catalog_data
from catalog_sync.models import SyncRun
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db(transaction=True)

OFFERED, ODD = "course-v1:LogX+Offered+2026", "course-v1:LogX+Odd+2026"
# Splunk's automatic extraction (KV_MODE = auto): key=value, where a value in double quotes may hold anything else.
SPLUNK_PAIR = re.compile(
    r'(?:^|[\s,;|&])(?P<key>[A-Za-z_][A-Za-z0-9_.]*)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s,;|&"]+))'
)


def extract(line: str) -> dict[str, str]:
    """The fields that Splunk finds in a line; a field found twice would be two values, so it fails."""
    fields: dict[str, str] = {}
    for match in SPLUNK_PAIR.finditer(line):
        value = match["quoted"] if match["quoted"] is not None else match["bare"]
        assert match["key"] not in fields, line
        fields[match["key"]] = value
    return fields


def as_told(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3f}" if isinstance(value, float) else str(value)


@pytest.fixture
def lines(caplog):
    """Formatted as the LMS formats them."""
    caplog.set_level(logging.DEBUG, logger="catalog_sync")
    formatter = logging.Formatter(
        "%(asctime)s %(levelname)s %(process)d [%(name)s] %(filename)s - %(message)s"
    )
    return lambda: [formatter.format(each) for each in caplog.records if each.name == "catalog_sync"]


def run_with_trouble(catalog) -> object:
    """One retry, one rejected course run, one course overview that is written."""
    catalog.control.set_runs(
        [
            {"key": OFFERED, "marketing_url": "https://www.example.com/a?b=c&d=e"},
            {"key": ODD, "marketing_url": 'nowhere, "here"; x=1'},
        ]
    )
    catalog.control.fault("status", status=503, times=1)
    CourseOverviewFactory(id=OFFERED)
    return update_catalog_data()


def test_every_line_is_one_line_and_has_an_event_and_the_run(catalog, lines):
    report = run_with_trouble(catalog)
    told = lines()
    fields = [extract(line) for line in told]
    assert not [line for line in told if "\n" in line]
    assert {each["run_id"] for each in fields} == {str(report.run_id)}
    assert fields[0]["event"] == "catalog_sync.started"
    assert {each["event"] for each in fields} >= {
        f"catalog_sync.{name}"
        for name in ("started", "request_retried", "page_retrieved", "course_run_rejected", "finished")
    }


def test_finished_line_holds_every_number_of_the_report(catalog, lines):
    report = run_with_trouble(catalog)
    finished = extract(lines()[-1])
    expected = {"event": "catalog_sync.finished", "scope": "all"} | {
        name: as_told(value) for name, value in report.as_dict().items()
    }
    assert finished == {name: value.replace('"', "'") for name, value in expected.items()}


def test_what_the_catalog_says_opens_no_field_of_its_own(catalog, lines):
    run_with_trouble(catalog)
    (rejected,) = [line for line in lines() if extract(line)["event"].endswith("rejected")]
    assert extract(rejected).keys() == {"event", "run_id", "course_key", "reason"}
    assert extract(rejected)["course_key"] == ODD


class Monitor:
    """A monitoring back end that remembers."""

    seen: dict[str, object] = {}

    def set_attribute(self, key, value):
        self.seen[key] = value


class BrokenMonitor(Monitor):
    """One that does not take what this app sets."""

    def set_attribute(self, key, value):
        if key.startswith("catalog_sync."):
            raise ValueError("no such attribute")


@pytest.fixture
def monitored_by(settings, monkeypatch):
    """Configure a monitoring back end."""

    def configure(backend):
        monkeypatch.setattr(utils, "configured_backends", lambda: [backend])

    Monitor.seen.clear()
    return configure


def test_numbers_of_a_run_are_custom_attributes(catalog, monitored_by):
    monitored_by(Monitor())
    report = run_with_trouble(catalog)
    expected = {f"catalog_sync.{name}": value for name, value in report.as_dict().items() if name != "run_id"}
    assert expected.items() <= Monitor.seen.items()


def test_monitor_that_fails_does_not_fail_the_run(catalog, monitored_by, caplog):
    monitored_by(BrokenMonitor())
    report = run_with_trouble(catalog)
    assert SyncRun.objects.get(pk=report.run_id).status == report.status == "incomplete"
    assert "event=catalog_sync.not_monitored" in caplog.text
