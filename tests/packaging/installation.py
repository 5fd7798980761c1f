"""The wheel, built and installed once per test session, however many workers there are."""

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
# All that the build reads.
SOURCES = [
    "CHANGELOG.rst",
    "LICENSE",
    "MANIFEST.in",
    "README.rst",
    "pyproject.toml",
    "setup.py",
    "catalog_sync",
]
# What edx-platform installs, and the wheel does not require.
PLATFORM_PACKAGES = ["PyYAML", "django-simple-history"]
GIVE_UP_SECONDS = 600


def run(*command: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without the Python variables of this process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environ,
        capture_output=True,
        text=True,
        timeout=GIVE_UP_SECONDS,
        check=False,
    )


def must_run(*command: object, cwd: Path, **environ: str) -> str:
    """Run a command that has to succeed, and return its output."""
    process = run(*command, cwd=cwd, **environ)
    assert process.returncode == 0, f"{command}\n{process.stdout}\n{process.stderr}"
    return process.stdout


@dataclass(frozen=True)
class Installation:
    """The folder with the wheel, and the virtual environment that it is installed in."""

    folder: Path

    @property
    def wheel(self) -> Path:
        """The wheel."""
        (wheel,) = (self.folder / "wheels").glob("*.whl")
        return wheel

    @property
    def venv(self) -> Path:
        """A virtual environment with the wheel and what it requires, and nothing else."""
        return self.folder / "venv"

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def platform_packages(self) -> Path:
        """A folder for PYTHONPATH, with packages that edx-platform has besides."""
        return self.folder / "platform-packages"

    def make(self) -> None:
        """Build the wheel from a copy, since a build leaves folders behind, and install it."""
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
        # The documented line, in the folder with the wheel, with this environment activated.
        (line,) = commands("pip install -c")
        self._run(line)
        self._run(f"pip install --no-deps --target {self.platform_packages} {' '.join(PLATFORM_PACKAGES)}")

    def _run(self, line: str) -> None:
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        must_run("bash", "-c", line, cwd=self.folder / "wheels", PATH=path, PIP_QUIET="1")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return the installation that all workers share; the first one makes it while the others wait."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    installation, made = Installation(shared / "installation"), shared / "installation-made"
    with (shared / "installation.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            installation.make()
            made.touch()
    return installation
