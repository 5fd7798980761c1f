"""``manage.py`` of the sandbox LMS in a process of its own, on a database file of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from pathlib import Path

from sandbox.catalog.testing import CatalogProcess
from tests import sqlite_files

ROOT = Path(__file__).resolve().parents[2]
GIVE_UP_SECONDS = 120


@dataclass(frozen=True)
class Lms:
    """An LMS: its database, its Catalog and its settings."""

    database: Path
    api_url: str
    oauth2_url: str
    settings: str = "sandbox.lms.settings"

    @classmethod
    def of(cls, database: Path, catalog: CatalogProcess) -> Lms:
        return cls(database, catalog.api_url, catalog.oauth2_url)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "LMS_DATABASE_URL": sqlite_files.url(self.database),
            "LMS_CACHE_URL": "",
            # An operator's process prints no warnings of Python.
            "PYTHONDEVMODE": "",
            "DJANGO_SETTINGS_MODULE": self.settings,
            "COURSE_CATALOG_API_URL": self.api_url,
            "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL": self.oauth2_url,
        }

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` with these arguments, to its end."""
        return self._run(sys.executable, "manage.py", *arguments)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=GIVE_UP_SECONDS,
            check=False,
        )

    def update(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py update_catalog_data`` with these arguments, to its end."""
        return self.manage("update_catalog_data", *arguments)

    def update_redirected(self, redirection: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py update_catalog_data`` with this redirection of Bash, to its end."""
        return self._run(
            "bash", "-c", f'exec "$0" manage.py update_catalog_data {redirection}', sys.executable
        )

    def start_update(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``manage.py update_catalog_data`` in a process group of its own, as a shell does."""
        return subprocess.Popen(
            [sys.executable, "manage.py", "update_catalog_data", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def shell(self, code: str) -> str:
        """Run Python in the LMS, and return what it prints."""
        process = self.manage("shell", "--no-imports", "-c", code)
        assert process.returncode == 0, process.stderr
        return process.stdout

    def python(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with the LMS's environment, to its end."""
        return self._run(sys.executable, "-c", code, *arguments)

    def update_on_a_terminal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py update_catalog_data``, with only standard error on a terminal, to its end."""
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 120))
        command = [sys.executable, "manage.py", "update_catalog_data", *arguments]
        with tempfile.TemporaryFile("w+") as stdout:
            try:
                process = subprocess.Popen(
                    command, cwd=ROOT, env=self.environment, stdout=stdout, stderr=slave
                )
            finally:
                os.close(slave)
            text = bytearray()
            try:
                while chunk := _read(master):
                    text += chunk
            finally:
                process.wait(GIVE_UP_SECONDS)
                os.close(master)
            stdout.seek(0)
            return subprocess.CompletedProcess(command, process.returncode, stdout.read(), text.decode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # The other end is closed.
        return b""
