"""An operator's folder with ``deploy/``, the Tutor plugin, and stand-ins for Docker and kubectl."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.docs.commands import ROOT, commands

# It records each call in a line, and the last argument in a file of its own.
STAND_IN = """#!/bin/sh
printf '%s\\n' "${0##*/} $*" >> "$CALLS"
for last; do :; done
printf '%s\\n' "$last" > "$CALLS.last"
echo '[]'
"""


@dataclass(frozen=True)
class Operator:
    """An operator who works in this folder only."""

    home: Path

    @classmethod
    def with_plugin(cls, home: Path) -> Self:
        """Return an operator who has run the first two documented lines: the plugin is installed and enabled."""
        ignored = shutil.ignore_patterns("*.egg-info", "build", "__pycache__")
        shutil.copytree(ROOT / "deploy", home / "deploy", ignore=ignored)
        (home / "bin").mkdir()
        for name in ("docker", "kubectl"):
            (home / "bin" / name).write_text(STAND_IN)
            (home / "bin" / name).chmod(0o755)
        operator = cls(home)
        (line,) = commands("pip install ./deploy")
        operator.types(line, "--quiet", "--no-deps", f"--target={home / 'installed'}")
        operator.types("tutor plugins enable discovery catalog-sync")
        return operator

    def types(self, line: str, *options: str) -> str:
        """Run a line, answer all questions with Enter, and return the output."""
        (self.home / "calls").write_text("")
        process = subprocess.run(
            ["bash", "-c", " ".join([line, *map(shlex.quote, options)])],
            cwd=self.home,
            env=os.environ
            | {
                "HOME": str(self.home),
                "TUTOR_ROOT": str(self.home / "root"),
                "TUTOR_PLUGINS_ROOT": str(self.home / "plugins"),
                "PYTHONPATH": str(self.home / "installed"),
                "PATH": f"{self.home / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "CALLS": str(self.home / "calls"),
            },
            input="\n" * 100,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    @property
    def calls(self) -> str:
        """The calls of Docker and kubectl by the last line."""
        return (self.home / "calls").read_text()

    @property
    def script(self) -> str:
        """The last argument of the last call: for a job, the script of the container's shell."""
        return (self.home / "calls.last").read_text()

    def setting(self, name: str) -> str:
        """Return a setting of Tutor."""
        return self.types(f"tutor config printvalue {name}").strip()

    def rendered(self, *path: str) -> str:
        """Return a file of Tutor's environment."""
        return (self.home / "root" / "env").joinpath(*path).read_text()
