"""SQLite files that do not wait for the disk, because no test survives a power failure: a commit may take 20 ms."""

from __future__ import annotations

from pathlib import Path

INIT_COMMAND = "PRAGMA synchronous=OFF"


def url(path: Path) -> str:
    """Return the value of ``LMS_DATABASE_URL`` for a file."""
    return f"sqlite:///{path}?init_command={INIT_COMMAND}"
