"""The sandbox LMS over HTTP, inside this process: nothing is left behind, however the process ends."""

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
        """Leave the terminal to what the reader came for."""


class LmsServer:
    """Listens from the start, so that its address can go into the settings; answers from ``start()`` on.

    ``environment`` is what the settings read beside that address. It becomes this process's own, as on a real host,
    so one process can have one LMS.
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
        """Run ``manage.py`` on the same LMS, in a process of its own as an operator would.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        subprocess.run([sys.executable, ROOT / "manage.py", *arguments], cwd=ROOT, check=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.server_close()
