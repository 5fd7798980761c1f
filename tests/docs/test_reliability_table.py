"""Every fault that the documentation promises to survive has a test of the same name, and the other way round."""

from __future__ import annotations

import re

from tests.tables import ROOT, found_in, rows

RELIABILITY = "docs/reliability.rst"
EXIT_STATUSES = {"0", "1, failed", "1, incomplete", "1, refused"}


def documented() -> list[str]:
    return [row[0] for row in rows(RELIABILITY)]


def slug(fault: str) -> str:
    return "test_" + re.sub(r"[^a-z0-9]+", "_", fault.lower()).strip("_")


def names_of_tests() -> list[str]:
    return [test.name for test in found_in("tests/integration/test_faults_*.py")]


def test_every_documented_fault_has_a_test():
    assert [fault for fault in documented() if slug(fault) not in names_of_tests()] == []


def test_every_tested_fault_is_documented():
    assert set(names_of_tests()) - {slug(fault) for fault in documented()} == set()


def test_no_fault_is_documented_or_tested_twice():
    assert len(set(documented())) == len(documented())
    assert len(set(names_of_tests())) == len(names_of_tests())


def test_every_row_says_what_happens_with_which_exit_status_and_what_to_do():
    assert {len(row) for row in rows(RELIABILITY)} == {4}
    assert {row[2] for row in rows(RELIABILITY)} <= EXIT_STATUSES


def test_every_exit_status_is_the_tested_one():
    """A test says it by ``is_success``, ``is_incomplete`` or ``is_failure``; a few compare the report themselves."""
    text = "".join(module.read_text() for module in (ROOT / "tests" / "integration").glob("test_faults_*.py"))
    said = {"is_success": "0", "is_incomplete": "1, incomplete", "is_failure": "1, failed"}
    for fault, _, exit_status, _ in rows(RELIABILITY):
        body = text.partition(f"def {slug(fault)}(")[2].partition("\ndef ")[0]
        checked = {status for word, status in said.items() if f".{word}(" in body}
        assert checked <= {exit_status}, fault
