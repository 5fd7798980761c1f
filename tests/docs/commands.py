"""The commands in the documentation: the lines of its ``bash`` blocks and the commands that its sentences quote.

No test runs ``.ci/run``, because it runs all these tests.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(page for page in sorted((ROOT / "docs").rglob("*.rst")) if "_build" not in page.parts),
    *(ROOT / name for name in ("README.rst", "CONTRIBUTING.rst", "SECURITY.rst", "CHANGELOG.rst")),
    ROOT / "deploy/tutor/README.rst",
]
BLOCK = re.compile(r"^( *)\.\. code-block:: bash\n\n((?:\1 +\S.*\n|\n)+)", re.MULTILINE)
QUOTED = re.compile(r"``(make|(?:manage\.py|make|tutor|python -m)\s[^`]+)``")

# The file of `tests` that runs the commands with this beginning.
RUN_BY = {
    "manage.py": "tests/docs/test_commands.py",
    "python -m pytest": "tests/docs/test_commands.py",
    "python -m benchmarks": "tests/docs/test_commands_on_servers.py",
    "make": "tests/docs/test_make.py",
    "curl": "tests/docs/test_commands_on_servers.py",
    "tutor": "tests/deploy/test_commands.py",
    "jenkins-jobs": "tests/deploy/test_commands.py",
    "pip install ./deploy": "tests/deploy/operator.py",
    "pip install -c": "tests/packaging/installation.py",
}


def _lines(text: str) -> list[str]:
    blocks = [line for _, block in BLOCK.findall(text) for line in block.splitlines()]
    found = [line.partition("  #")[0].strip() for line in (*blocks, *QUOTED.findall(text))]
    # Square brackets mark an optional part. It is tested, too.
    return [re.sub(r"[\[\]]", "", " ".join(line.split())) for line in found if line]


def _called(line: str) -> str:
    """Return the line without variables before the program and without the program's folder."""
    return re.sub(r"^([A-Z_]+=\S+ )*(\.venv/bin/)?", "", line)


@cache
def all_commands() -> list[str]:
    """Return the commands of all pages, each once."""
    return sorted({line for page in PAGES for line in _lines(page.read_text())})


def commands(start: str) -> list[str]:
    """Return the commands with this beginning."""
    return [line for line in all_commands() if _called(line).startswith(start)]
