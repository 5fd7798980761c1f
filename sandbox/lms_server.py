"""The sandbox LMS over HTTP in this process, so it ends with the process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Self

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

ROOT = Path(__file__).resolve().parent.parent


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class LmsServer:
    """An LMS that has its address at once, for the settings, and replies after ``start()``.

    ``environment`` has the other environment variables of the settings. They become this process's own, so a process
    can have only one LMS.
    """

    def __init__(self, port: int = 0, environment: Mapping[str, str] | None = None) -> None:
        self._server = ThreadedWSGIServer(("127.0.0.1", port), QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        os.environ |= {"DJANGO_SETTINGS_MODULE": "sandbox.lms.settings", "LMS_ROOT_URL": self.url}
        os.environ |= environment or {}

    def start(self) -> None:
        self._server.set_app(get_wsgi_application())
        Thread(target=self._server.serve_forever, name="lms", daemon=True).start()

    def manage(self, *arguments: str) -> None:
        """Run ``manage.py`` of the same LMS in another process.

        Raises:
            subprocess.CalledProcessError: the command failed.
        """
        subprocess.run([sys.executable, ROOT / "manage.py", *arguments], cwd=ROOT, check=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.server_close()
