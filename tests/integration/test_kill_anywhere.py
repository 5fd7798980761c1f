"""SIGKILL at any moment of a run leaves a state from which the next run is right."""

from __future__ import annotations

import random
import time

import pytest
from django.db import connection

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.processes import age_heartbeat, running_sync, shown, told, wait_until

pytest_plugins = ["tests.integration.process_fixtures"]

KEYS = [f"course-v1:ExampleX+C{number:03}+2026" for number in range(120)]
NEW, CHANGED, GONE = KEYS[100:], KEYS[:40], KEYS[40:50]
CCX = "ccx-v1:ExampleX+C000+2026+ccx@1"
OLD_URL, NEW_URL = "https://www.example.com/old", "https://www.example.com/new"
# About how long the run below takes once it has its lease: the list, the look-ups, the CCX courses.
LONGEST_SECONDS = 1.2
KILLS = 15


def what_is_wrong(catalog):
    right = told(catalog) | {CCX: NEW_URL}
    return {key: url for key, url in shown().items() if url != right.get(key)}


@pytest.fixture
def changing(shared_database, catalog):
    """An LMS in step with its Catalog, whereupon runs enter, change and leave."""
    CourseOverview.objects.bulk_create([CourseOverviewFactory.build(id=key) for key in [*KEYS, CCX]])
    catalog.control.set_runs([{"key": key, "marketing_url": OLD_URL} for key in KEYS if key not in NEW])
    update_catalog_data()
    catalog.control.upsert([{"key": key, "marketing_url": NEW_URL} for key in [*NEW, *CHANGED]])
    catalog.control.delete(GONE)
    catalog.control.settings(latency=True, page_seconds=0.03, run_seconds=0)


@pytest.fixture(params=range(KILLS))
def killed(request, changing, start_sync):
    """A run that was killed: a little later each time, not always at the same point of a page."""
    sync = start_sync("--page-size", "5", "--concurrency", "1")
    wait_until(running_sync, "the lease")
    draw = random.Random(request.param)
    time.sleep(LONGEST_SECONDS * (request.param + draw.random()) / KILLS)
    sync.kill()
    connection.close()


def test_no_row_is_worse_and_the_next_run_is_right(killed, catalog):
    was_worse = {
        key: url for key, url in shown().items() if url not in (told(catalog).get(key), OLD_URL, None)
    }
    was_worse.pop(CCX, None)
    age_heartbeat()
    report = update_catalog_data()
    runs_left_open = SyncRun.objects.exclude(status__in=["succeeded", "failed"]).count()
    stored = CatalogCourseRun.objects.filter(marketing_url__isnull=False).count()
    assert (was_worse, report.status, what_is_wrong(catalog), runs_left_open, stored) == (
        {},
        "succeeded",
        {},
        0,
        len(KEYS) - len(GONE),
    )
