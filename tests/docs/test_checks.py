"""The table of system checks names every check that the code has, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_check_is_documented():
    sources = [path.read_text() for path in (ROOT / "catalog_sync/checks").glob("*.py")]
    ids = {each for source in sources for each in re.findall(r'"catalog_sync\.([EW]\d{3})"', source)}
    page = (ROOT / "docs/references/checks.rst").read_text()
    assert ids == set(re.findall(r"``([EW]\d{3})``", page))
