"""Each row of ``docs/reliability.rst`` and ``docs/security.rst`` has its tests, and each such test its row."""

from __future__ import annotations

import ast
import csv
import re
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELIABILITY, SECURITY = "docs/reliability.rst", "docs/security.rst"
OUTCOMES = {"succeeded, 0", "failed, 1", "incomplete, 1", "refused, 1"}
FAULTS = "tests/integration/test_faults_*.py"
# A reference to a test, such as ``tests/security/test_secrets.py::test_...``.
NAMED = re.compile(r"``(tests/[^`]+)``")


class Found(NamedTuple):
    """A test function: the path of its file, the name of its class or "", and its name."""

    file: str
    group: str
    name: str

    def references(self) -> set[str]:
        """Return the texts by which a page may refer to it, as pytest understands them: itself, or its class."""
        file, group, name = self
        return {f"{file}::{group}", f"{file}::{group}::{name}"} if group else {f"{file}::{name}"}


def promises(document: str) -> list[list[str]]:
    """Return the cells of each promise in a document: the rows with three cells of its list tables, without headers."""
    chunks = re.split(r"^   \* - ", (ROOT / document).read_text(), flags=re.MULTILINE)[1:]
    cells = [
        [" ".join(cell.split()) for cell in re.split(r"\n     - ", chunk.split("\n\n")[0])]
        for chunk in chunks
    ]
    headings = {
        tuple(cells[n]) for n, chunk in enumerate(chunks) if n == 0 or "list-table::" in chunks[n - 1]
    }
    return [row for row in cells if len(row) == 3 and tuple(row) not in headings]


def faults() -> list[list[str]]:
    """Return the cells of each row of the tables of faults, ``csv-table``. The first cell has one or more faults."""
    text = (ROOT / RELIABILITY).read_text()
    tables = re.findall(
        r"^   :header: Fault, \"Status.*\n   :widths: .*\n\n((?:   .*\n)+)", text, re.MULTILINE
    )
    rows = csv.reader(StringIO("".join(tables)), skipinitialspace=True)
    return [[" ".join(cell.split()) for cell in row] for row in rows]


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


def names_of_tests(row: list[str]) -> list[str]:
    """Return the names of the tests of a row with faults."""
    return [name_of_test(fault) for fault in row[0].split("; ")]


def references(*documents: str) -> set[str]:
    return {name for document in documents for row in promises(document) for name in NAMED.findall(row[-1])}


def test_each_documented_fault_has_one_test_and_each_tested_fault_one_row():
    # A class has several tests of one fault, which is in another row.
    tested = [test.name for test in found_in(FAULTS) if not test.group]
    assert sorted(tested) == sorted(name for row in faults() for name in names_of_tests(row))
    assert len(set(tested)) == len(tested)


def test_each_fault_has_an_outcome_a_symptom_and_a_remedy():
    assert {len(row) for row in faults()} == {4}
    assert {row[1] for row in faults()} <= OUTCOMES
    assert all(all(row) for row in faults())


def test_each_outcome_of_a_fault_is_the_tested_one():
    """Most tests call ``assert_success`` and the like; a few compare the status themselves."""
    text = "".join(path.read_text() for path in ROOT.glob(FAULTS))
    outcomes = {
        ".assert_success(": "succeeded, 0",
        '"succeeded"': "succeeded, 0",
        ".assert_incomplete(": "incomplete, 1",
        ".assert_failure(": "failed, 1",
        '"refused"': "refused, 1",
    }
    for row in faults():
        for name in names_of_tests(row):
            body = text.partition(f"def {name}(")[2].partition("\ndef ")[0]
            assert {outcome for words, outcome in outcomes.items() if words in body} == {row[1]}, name


@pytest.mark.parametrize("document", [RELIABILITY, SECURITY])
def test_each_promise_is_new_and_has_an_explanation_and_a_test(document):
    rows = promises(document)
    assert rows
    assert [row for row in rows if not all(row) or not NAMED.search(row[-1])] == []
    assert len({row[0] for row in rows}) == len(rows)


def test_each_test_that_a_promise_names_exists():
    known = {name for test in found_in("tests/**/test_*.py") for name in test.references()}
    assert references(RELIABILITY, SECURITY) - known == set()


def test_each_test_of_an_attack_is_named_by_a_promise():
    assert [
        test for test in found_in("tests/security/test_*.py") if not test.references() & references(SECURITY)
    ] == []
