"""Syncs that run as processes of their own, and what a test asks while they do."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import F

from catalog_sync.models import SyncRun
from catalog_sync.store.lease import LEASE_SECONDS
from sandbox.lms.course_overviews.models import CourseOverview

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120


def manage(environment: dict[str, str], *arguments: str) -> subprocess.Popen:
    """Start a management command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Sync:
    """``manage.py update_catalog_data --json`` in a process of its own."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self.process = manage(environment, "update_catalog_data", "--json", *options)
        self.out = self.err = ""

    def wait(self) -> int:
        """Wait for its end, and return the exit status."""
        self.out, self.err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self.out)

    def kill(self) -> None:
        self.process.kill()
        self.wait()


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition to be true, and return what it returned."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return result


def running_sync() -> SyncRun | None:
    return SyncRun.objects.filter(lease__isnull=False).first()


def age_heartbeat(seconds: int = LEASE_SECONDS + 1) -> None:
    """Let so much time pass for the holder of the lease."""
    SyncRun.objects.filter(lease__isnull=False).update(heartbeat=F("heartbeat") - timedelta(seconds=seconds))


def shown() -> dict[str, str | None]:
    """Return what the LMS shows, by course key."""
    return {str(key): url for key, url in CourseOverview.objects.values_list("id", "marketing_url")}


def told(catalog) -> dict[str, str | None]:
    """Return what the Catalog would have the LMS show, by course key."""
    return {
        row["key"]: row["marketing_url"] for row in catalog.control.runs() if row["status"] == "published"
    }


class Worker(threading.Thread):
    """A thread with a database connection of its own; what it raises is raised where it is waited for."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error
        finally:
            connection.close()

    def finish(self) -> None:
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive(), "the thread hangs"
        if self._error:
            raise self._error
