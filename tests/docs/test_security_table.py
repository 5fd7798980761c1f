"""Each promise of ``docs/security.rst`` names tests that exist, and names every test of ``tests/security``."""

from __future__ import annotations

import re

from tests.tables import Found, found_in, rows

SECURITY = "docs/security.rst"
NAMED = re.compile(r"``(tests/[^`]+)``")


def named() -> list[str]:
    return [name for row in rows(SECURITY) for name in NAMED.findall(row[-1])]


def names_of(test: Found) -> set[str]:
    """Return the names by which a page may refer to a test: with its class, without it, or only its class."""
    file, group, name = test
    return {f"{file}::{name}", f"{file}::{group}", f"{file}::{group}::{name}"}


def test_each_row_has_a_new_promise_an_explanation_and_a_test():
    assert [row for row in rows(SECURITY) if len(row) != 3 or not NAMED.search(row[-1])] == []
    promises = [row[0] for row in rows(SECURITY)]
    assert len(set(promises)) == len(promises)


def test_each_named_test_exists():
    known = {name for test in found_in("tests/**/test_*.py") for name in names_of(test)}
    assert [name for name in named() if name not in known] == []


def test_each_test_of_an_attack_is_named():
    attacks = found_in("tests/security/test_*.py")
    assert [test for test in attacks if not names_of(test) & set(named())] == []
