"""Each row of ``docs/reliability.rst`` and ``docs/security.rst`` has its tests, and each such test its row."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RELIABILITY, SECURITY = "docs/reliability.rst", "docs/security.rst"
EXIT_STATUSES = {"0", "1, failed", "1, incomplete", "1, refused"}
FAULTS = "tests/integration/test_faults_*.py"
# A reference to a test, such as ``tests/security/test_secrets.py::test_...``.
NAMED = re.compile(r"``(tests/[^`]+)``")


class Found(NamedTuple):
    """A test function: the path of its file, the name of its class or "", and its name."""

    file: str
    group: str
    name: str

    def references(self) -> set[str]:
        """Return the texts by which a page may refer to it: with its class, without it, or only the class."""
        file, group, name = self
        return {f"{file}::{name}", f"{file}::{group}", f"{file}::{group}::{name}"}


def rows(document: str) -> list[list[str]]:
    """Return the cells of each row of the list tables in a document, without header rows."""
    chunks = re.split(r"^   \* - ", (ROOT / document).read_text(), flags=re.MULTILINE)[1:]
    cells = [
        [" ".join(cell.split()) for cell in re.split(r"\n     - ", chunk.split("\n\n")[0])]
        for chunk in chunks
    ]
    headings = {
        tuple(cells[n]) for n, chunk in enumerate(chunks) if n == 0 or "list-table::" in chunks[n - 1]
    }
    return [row for row in cells if tuple(row) not in headings]


def found_in(pattern: str) -> list[Found]:
    found = []
    for path in sorted(ROOT.glob(pattern)):
        file = path.relative_to(ROOT).as_posix()
        for node in ast.parse(path.read_text()).body:
            functions = node.body if isinstance(node, ast.ClassDef) else [node]
            group = node.name if isinstance(node, ast.ClassDef) else ""
            found += [
                Found(file, group, each.name)
                for each in functions
                if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")
            ]
    return found


def name_of_test(fault: str) -> str:
    return "test_" + re.sub(r"[^a-z0-9]+", "_", fault.lower()).strip("_")


def references() -> set[str]:
    return {name for row in rows(SECURITY) for name in NAMED.findall(row[-1])}


def test_each_documented_fault_has_one_test_and_each_tested_fault_one_row():
    tested = [test.name for test in found_in(FAULTS)]
    assert sorted(tested) == sorted(name_of_test(row[0]) for row in rows(RELIABILITY))
    assert len(set(tested)) == len(tested)


def test_each_fault_has_an_outcome_an_exit_status_and_a_remedy():
    assert {len(row) for row in rows(RELIABILITY)} == {4}
    assert {row[2] for row in rows(RELIABILITY)} <= EXIT_STATUSES


def test_each_exit_status_of_a_fault_is_the_tested_one():
    """Most tests call ``is_success``, ``is_incomplete`` or ``is_failure``; a few compare the status themselves."""
    text = "".join(path.read_text() for path in ROOT.glob(FAULTS))
    statuses = {
        ".is_success(": "0",
        '"succeeded"': "0",
        ".is_incomplete(": "1, incomplete",
        ".is_failure(": "1, failed",
        '"refused"': "1, refused",
    }
    for fault, _, exit_status, _ in rows(RELIABILITY):
        body = text.partition(f"def {name_of_test(fault)}(")[2].partition("\ndef ")[0]
        checked = {status for words, status in statuses.items() if words in body}
        assert checked == {exit_status}, fault


def test_each_promise_of_security_is_new_and_has_an_explanation_and_a_test():
    assert [row for row in rows(SECURITY) if len(row) != 3 or not NAMED.search(row[-1])] == []
    promises = [row[0] for row in rows(SECURITY)]
    assert len(set(promises)) == len(promises)


def test_each_test_that_a_promise_names_exists():
    known = {name for test in found_in("tests/**/test_*.py") for name in test.references()}
    assert references() - known == set()


def test_each_test_of_an_attack_is_named_by_a_promise():
    assert [
        test for test in found_in("tests/security/test_*.py") if not test.references() & references()
    ] == []
