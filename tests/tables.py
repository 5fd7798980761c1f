"""Read the tables of the documentation and the names of tests, to compare them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CELL = re.compile(r"^   (?:\* |  )- ", re.MULTILINE)


class Found(NamedTuple):
    """A test function: the path of its file, the name of its class or "", and its name."""

    file: str
    group: str
    name: str


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


def found_in(*patterns: str) -> list[Found]:
    """Return the tests in the files that match a pattern."""
    found = []
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
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
