"""Syncs in processes of their own, and functions for tests that wait for them."""

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

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120


def manage(environment: dict[str, str], *arguments: str) -> subprocess.Popen:
    """Start a management command in a process."""
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
    """``manage.py update_catalog_data --json`` in a process, without checks, which would take a third of its start."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self.process = manage(environment, "update_catalog_data", "--json", "--skip-checks", *options)
        self.out = self.err = ""

    def wait(self) -> int:
        """Wait for the process to end, and return its exit status."""
        self.out, self.err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self.out)

    def kill(self) -> None:
        self.process.kill()
        self.wait()


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until a function returns a true value, and return this value."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := condition()):
        assert time.monotonic() < deadline, f"timed out waiting for {what}"
        time.sleep(0.01)
    return result


def running_sync() -> SyncRun | None:
    return SyncRun.objects.filter(lease__isnull=False).first()


def wait_until_blocked() -> None:
    """Wait until another connection to this database waits for a lock. SQLite, with one writer, cannot show it."""
    queries = {
        "mysql": "SELECT 1 FROM information_schema.innodb_trx JOIN information_schema.processlist "
        "ON id = trx_mysql_thread_id WHERE trx_state = 'LOCK WAIT' AND db = DATABASE()",
        "postgresql": "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    }
    if query := queries.get(connection.vendor):
        with connection.cursor() as cursor:

            def is_blocked() -> bool:
                # MySQL and MariaDB refresh this table only if nobody has read it for 0.1 seconds.
                time.sleep(0.15)
                cursor.execute(query)
                return cursor.fetchone() is not None

            wait_until(is_blocked, "a connection that waits for a lock")


def age_heartbeat(seconds: int = LEASE_SECONDS + 1) -> None:
    """Set the last heartbeat of the lease's holder so many seconds earlier."""
    SyncRun.objects.filter(lease__isnull=False).update(heartbeat=F("heartbeat") - timedelta(seconds=seconds))


class Worker(threading.Thread):
    """A thread with its own database connection. ``finish`` raises the exception that the thread raised."""

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
        assert not self.is_alive(), "the thread does not end"
        if self._error:
            raise self._error
