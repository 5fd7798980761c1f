"""One sync between an LMS and a Catalog that differ in every row, and the result for each row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog_sync.models import CatalogSyncConfig, SyncRun
from sandbox.catalog.testing import CatalogProcess
from sandbox.lms.course_overviews.models import CourseOverview

RUNS = 20
PAGE_SIZE = 5
# Pages overlap by one row, so they start here.
OFFSETS = range(0, RUNS, PAGE_SIZE - 1)
ALL = list(range(RUNS))
# The LMS has a URL for it, and the Catalog does not list it.
UNLISTED = "course-v1:ZX+Unlisted+2026"


def key(n: int) -> str:
    """Return the key of the n-th course run; the order of the Catalog is that of text."""
    return f"course-v1:OrgX+C{n:03}+2026"


def old_url(course_key: str) -> str:
    return f"https://old.example.org/{course_key.partition(':')[2].replace('+', '/')}"


def new_url(course_key: str) -> str:
    return f"https://www.example.org/{course_key.partition(':')[2].replace('+', '/')}"


def row(n: int, **changes: Any) -> dict[str, Any]:
    return {"key": key(n), "marketing_url": new_url(key(n)), "status": "published"} | changes


@dataclass
class Outcome:
    """The result of one sync.

    Attributes:
        applied: the numbers of the course runs whose course overview has the new URL.
        removed: the keys of the course overviews that lost their URL.
        broken_promises: the promises for every sync run, whatever fails, that it did not keep.
    """

    exit_status: int
    report: dict[str, Any]
    message: str
    log: list[str]
    applied: list[int]
    removed: list[str]
    broken_promises: list[str]

    @property
    def status(self) -> str:
        return str(self.report["status"])

    def events(self, name: str) -> list[str]:
        """Return the log lines of an event."""
        return [line for line in self.log if line.startswith(f"event=catalog_sync.{name} ")]

    def assert_success(self, *rejected: int) -> None:
        """Check that the LMS has exactly the URLs of the Catalog, except for those of rejected records."""
        applied = [n for n in ALL if n not in rejected]
        assert self._facts() == (0, "succeeded", applied, [UNLISTED], [])

    def assert_incomplete(self, *missing: int, removed: Sequence[str] = ()) -> None:
        """Check that all others were applied, and only these were removed."""
        applied = [n for n in ALL if n not in missing]
        assert self._facts() == (1, "incomplete", applied, list(removed), [])

    def assert_failure(self, *applied: int) -> None:
        """Check that the sync run ended after it had applied these, and removed nothing."""
        assert self._facts() == (1, "failed", list(applied), [], [])

    def _facts(self) -> tuple[int, str, list[int], list[str], list[str]]:
        return self.exit_status, self.status, self.applied, self.removed, self.broken_promises


@dataclass
class Sync:
    """Runs ``manage.py update_catalog_data`` against the Catalog of the settings."""

    caplog: pytest.LogCaptureFixture
    catalog: CatalogProcess
    secrets: list[str]

    def __call__(self, *arguments: str, **config: int) -> Outcome:
        """Run one sync; ``config`` has settings of Django admin."""
        defaults = {
            "page_size": PAGE_SIZE,
            "concurrency": 1,
            "request_timeout_seconds": 10,
            "retry_deadline_seconds": 20,
        }
        CatalogSyncConfig.objects.create(enabled=True, **defaults | config)
        self.caplog.clear()
        stdout, stderr, exit_status = StringIO(), StringIO(), 0
        try:
            call_command("update_catalog_data", "--json", *arguments, stdout=stdout, stderr=stderr)
            message = stderr.getvalue().strip()
        except CommandError as error:
            exit_status, message = error.returncode, str(error)
        report = json.loads(stdout.getvalue())
        log = [record.getMessage() for record in self.caplog.records]
        urls = dict(CourseOverview.objects.values_list("id", "marketing_url"))
        urls = {str(course_key): url for course_key, url in urls.items()}
        return Outcome(
            exit_status=exit_status,
            report=report,
            message=message,
            log=log,
            applied=[n for n in ALL if urls[key(n)] == new_url(key(n))],
            removed=[course_key for course_key, url in urls.items() if not url],
            broken_promises=list(self._broken_promises(report, message, log, urls)),
        )

    def _broken_promises(
        self, report: dict[str, Any], message: str, log: list[str], urls: dict[str, str | None]
    ) -> Iterator[str]:
        run = SyncRun.objects.latest("pk")
        if run.lease or not run.finished or run.status != report["status"] or run.message != message:
            yield f"the stored sync run differs from the report: {run.status}, {run.message}"
        if len([line for line in log if line.startswith("event=catalog_sync.finished ")]) != 1:
            yield "the end is not logged exactly once"
        if report["retries"] > report["requests"]:
            yield "more retries than requests"
        for course_key, url in urls.items():
            if url not in (None, old_url(course_key), new_url(course_key)):
                yield f"{course_key} is worse than before: {url}"
        yield from self._in_the_message(message, failed=report["status"] != "succeeded")
        records = [*self.caplog.records]
        if any(record.exc_info for record in records):
            yield "a traceback is logged"
        for secret in self._secrets():
            if any(secret in text for text in [message, run.message, *log]):
                yield f"a secret is printed: {secret[:6]}..."

    def _in_the_message(self, message: str, *, failed: bool) -> Iterator[str]:
        if failed and not message.endswith("."):
            yield "the message does not end with a full stop"
        if re.search(r"[.;:,]{2}|\n|Traceback|object at 0x", message):
            yield f"the message is not readable: {message}"

    def _secrets(self) -> set[str]:
        sent = {
            request.headers.get("Authorization", "").removeprefix("JWT ")
            for request in self.catalog.control.requests()
        }
        return {self.catalog.client_secret, *self.secrets, *sent} - {""}
