"""Each fault in ``docs/reliability.rst`` has a test with the same name, and each tested fault is in the table."""

from __future__ import annotations

import re

from tests.tables import ROOT, found_in, rows

RELIABILITY = "docs/reliability.rst"
EXIT_STATUSES = {"0", "1, failed", "1, incomplete", "1, refused"}


def documented() -> list[str]:
    return [row[0] for row in rows(RELIABILITY)]


def slug(fault: str) -> str:
    return "test_" + re.sub(r"[^a-z0-9]+", "_", fault.lower()).strip("_")


def test_each_documented_fault_has_one_test_and_each_tested_fault_one_row():
    tested = [test.name for test in found_in("tests/integration/test_faults_*.py")]
    assert sorted(tested) == sorted(slug(fault) for fault in documented())
    assert len(set(tested)) == len(tested)


def test_each_row_has_an_outcome_an_exit_status_and_a_remedy():
    assert {len(row) for row in rows(RELIABILITY)} == {4}
    assert {row[2] for row in rows(RELIABILITY)} <= EXIT_STATUSES


def test_each_exit_status_is_the_tested_one():
    """Most tests call ``is_success``, ``is_incomplete`` or ``is_failure``; a few compare the report themselves."""
    text = "".join(module.read_text() for module in (ROOT / "tests" / "integration").glob("test_faults_*.py"))
    statuses = {"is_success": "0", "is_incomplete": "1, incomplete", "is_failure": "1, failed"}
    for fault, _, exit_status, _ in rows(RELIABILITY):
        body = text.partition(f"def {slug(fault)}(")[2].partition("\ndef ")[0]
        checked = {status for word, status in statuses.items() if f".{word}(" in body}
        assert checked <= {exit_status}, fault
