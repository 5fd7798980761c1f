"""The table of log lines names every event that the code logs, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGGED = re.compile(r"""\.(?:debug|info|warning|error)\)?\(\s*"([a-z_]+)\"""")
DOCUMENTED = re.compile(r"``catalog_sync\.([a-z_]+)``")


def test_every_event_is_documented():
    sources = [path.read_text() for path in (ROOT / "catalog_sync").rglob("*.py")]
    page = (ROOT / "docs/references/command.rst").read_text()
    table = page.partition(".. _command-log:")[2].partition("manage.py tune_page_size")[0]
    logged = {event for source in sources for event in LOGGED.findall(source)}
    assert logged == set(DOCUMENTED.findall(table))
