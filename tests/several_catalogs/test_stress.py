"""Publishers, pins, and the syncs of two Catalogs write the same courses without a pause.

``make stress`` runs it for a minute on each server, and prints the figures of docs/reliability.rst.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import OperationalError, connection

from catalog_sync.api import pin_marketing_url, unpin_marketing_url, update_catalog_data
from catalog_sync.models import PinnedMarketingUrl, SyncRun
from catalog_sync.store.sql import is_conflict
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls, published_urls
from tests.integration.processes import Worker
from tests.several_catalogs.lms import lists

pytest_plugins = ["tests.integration.process_fixtures"]
pytestmark = pytest.mark.services  # SQLite has one writer at a time

SECONDS = float(os.environ.get("STRESS_SECONDS", 4))
KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(20)]
# Of each pair, the first is the CCX course of the second.
PARENTS = {key.replace("course-v1", "ccx-v1") + "+ccx@1": key for key in KEYS[:5]}
COURSES = [*KEYS, *PARENTS]


class Stress:
    """Threads that write until ``stop`` is called.

    Attributes:
        figures: how often something was done, and how often the database rolled back a transaction for a conflict.
        errors: what failed, and would be seen by a user or in the log.
    """

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.errors: list[str] = []
        self._stop = threading.Event()
        self._workers: list[Worker] = []

    def repeat(self, name: str, act: Callable[[random.Random], object]) -> None:
        """Call ``act`` in a thread again and again."""
        seed = len(self._workers)
        self._workers.append(Worker(lambda: self._repeat(name, act, random.Random(seed))))

    def _repeat(self, name: str, act: Callable[[random.Random], object], draw: random.Random) -> None:
        with connection.execute_wrapper(self._count_conflicts):
            while not self._stop.wait(0.002):
                try:
                    act(draw)
                except Exception as error:
                    self.errors.append(f"{name}: {error!r}")
                self.figures[name] += 1

    def _count_conflicts(self, execute, sql, params, many, context):
        self.figures["statements"] += 1
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            self.figures["conflicts"] += is_conflict(error)
            raise

    def stop(self) -> None:
        self._stop.set()
        for worker in self._workers:
            worker.finish()


class LoggedErrors(logging.Handler):
    """Django logs what fails after a commit, and continues."""

    def __init__(self, stress: Stress) -> None:
        super().__init__(logging.ERROR)
        self._stress = stress

    def emit(self, record: logging.LogRecord) -> None:
        self._stress.errors.append(f"{record.getMessage()} {record.exc_info and record.exc_info[1]!r}")


@pytest.fixture
def stress():
    stress = Stress()
    handler = LoggedErrors(stress)
    logging.getLogger().addHandler(handler)
    yield stress
    logging.getLogger().removeHandler(handler)
    with suppress(AssertionError):
        stress.stop()


def publish_some(courses: list[str]) -> Callable[[random.Random], object]:
    # Of two publishers that create the same course, the LMS refuses one.
    return lambda draw: publish_course(draw.choice(courses))


def pin_or_unpin(draw: random.Random) -> None:
    key = draw.choice(COURSES)
    if draw.random() < 0.5:
        pin_marketing_url(key, f"https://www.example.com/pinned/{draw.randrange(1_000)}")
    else:
        unpin_marketing_url(key)


def change_and_sync(name: str, catalog, errors: list[str]) -> Callable[[random.Random], None]:
    def act(draw: random.Random) -> None:
        listed = [key for key in KEYS if draw.random() < 0.7]
        lists(catalog, *listed, url=f"https://www.example.com/{name}/{draw.randrange(1_000)}")
        sync(name, errors)

    return act


def sync(name: str, errors: list[str]) -> None:
    report = update_catalog_data(catalogs=[name], page_size=5, allow_removals=True)
    if report.status != SyncRun.Status.SUCCEEDED:
        errors.append(f"{report.status}: {report.message}")


def expected(catalog, partner) -> dict[str, str | None]:
    """Return the marketing URL of each course: the pin, that of a Catalog, or that of the parent course run."""
    pins = dict(PinnedMarketingUrl.objects.values_list("course_key", "url"))
    urls = published_urls(partner) | published_urls(catalog) | pins
    return {key: urls.get(key) or urls.get(PARENTS.get(key, "")) for key in COURSES}


def test_no_thread_fails_and_every_course_has_the_right_url(
    stress, shared_database, catalog, partner, capsys
):
    add_course_overviews(*COURSES)
    syncs = Stress()
    for name, each in (("default", catalog), ("partner", partner)):
        syncs.repeat("syncs", change_and_sync(name, each, stress.errors))
    for number in range(2):
        stress.repeat("courses published", publish_some(COURSES[number::2]))
        stress.repeat("pins", pin_or_unpin)
    threading.Event().wait(SECONDS)
    syncs.stop()
    # Publishers and pins continue during the last sync of each Catalog, which corrects what is wrong.
    for name in ("default", "partner"):
        sync(name, stress.errors)
    stress.stop()
    figures, errors = stress.figures + syncs.figures, stress.errors + syncs.errors
    if "STRESS_SECONDS" in os.environ:
        with capsys.disabled():
            sys.stdout.write(
                f"\n{connection.display_name}, {SECONDS:g} s: {dict(figures)}, {len(errors)} errors\n"
            )
    right = expected(catalog, partner)
    assert (errors, {key: url for key, url in marketing_urls().items() if url != right[key]}) == ([], {})
