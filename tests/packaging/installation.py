"""Builds and installs the wheel, once per test session for all workers."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.commands import commands

ROOT = Path(__file__).resolve().parents[2]
# The files that the build needs.
SOURCES = [
    "CHANGELOG.rst",
    "LICENSE",
    "MANIFEST.in",
    "README.rst",
    "pyproject.toml",
    "setup.py",
    "catalog_sync",
]
# Packages of edx-platform that the wheel does not require.
PLATFORM_PACKAGES = ["PyYAML", "django-simple-history"]
TIMEOUT_SECONDS = 600


def run(*command: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command without the Python variables of this process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def must_run(*command: object, cwd: Path, **environ: str) -> str:
    """Run a command that must succeed, and return its output."""
    process = run(*command, cwd=cwd, **environ)
    assert process.returncode == 0, f"{command}\n{process.stdout}\n{process.stderr}"
    return process.stdout


@dataclass(frozen=True)
class Installation:
    """A folder with the wheel and a virtual environment."""

    folder: Path

    @property
    def wheel(self) -> Path:
        (wheel,) = (self.folder / "wheels").glob("*.whl")
        return wheel

    @property
    def venv(self) -> Path:
        """A virtual environment with only the wheel and its requirements."""
        return self.folder / "venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def platform_packages(self) -> Path:
        """A folder for PYTHONPATH with PLATFORM_PACKAGES."""
        return self.folder / "platform-packages"

    def make(self) -> None:
        """Build the wheel from a copy, because a build leaves folders behind, and install it."""
        source = self.folder / "source"
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                source.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, source)
        wheels = self.folder / "wheels"
        must_run(
            sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", wheels, source, cwd=source
        )
        must_run(sys.executable, "-m", "venv", self.venv, cwd=self.folder)
        # The documented line runs in the folder with the wheel.
        (line,) = commands("pip install -c")
        self._run(line)
        self._run(f"pip install --no-deps --target {self.platform_packages} {' '.join(PLATFORM_PACKAGES)}")

    def _run(self, line: str) -> None:
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        must_run("bash", "-c", line, cwd=self.folder / "wheels", PATH=path, PIP_QUIET="1")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return the installation that all workers share. The first worker makes it while the others wait."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    installation, made = Installation(shared / "installation"), shared / "installation-made"
    with (shared / "installation.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            installation.make()
            made.touch()
    return installation
