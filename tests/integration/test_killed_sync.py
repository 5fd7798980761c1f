"""A sync that is killed (SIGKILL) at any moment leaves no wrong URL, and the next sync completes it."""

from __future__ import annotations

import random
import time

import pytest
from django.db import connection

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls, published_urls
from tests.integration.processes import age_heartbeat, running_sync, wait_until

pytest_plugins = ["tests.integration.process_fixtures"]

KEYS = [f"course-v1:ExampleX+C{number:03}+2026" for number in range(120)]
NEW, CHANGED, DELETED = KEYS[100:], KEYS[:40], KEYS[40:50]
CCX = "ccx-v1:ExampleX+C000+2026+ccx@1"
OLD_URL, NEW_URL = "https://www.example.com/old", "https://www.example.com/new"
# About the duration of the sync below after it has its lease: the list, the look-ups, the CCX courses.
MAX_SECONDS = 1.2
KILLS = 8 if connection.vendor == "sqlite" else 15


@pytest.fixture
def changing(shared_database, catalog):
    """A synced LMS, and a Catalog in which course runs were then created, changed and deleted."""
    add_course_overviews(*KEYS, CCX)
    catalog.control.set_runs([{"key": key, "marketing_url": OLD_URL} for key in KEYS if key not in NEW])
    update_catalog_data()
    catalog.control.upsert([{"key": key, "marketing_url": NEW_URL} for key in [*NEW, *CHANGED]])
    catalog.control.delete(DELETED)
    catalog.control.settings(latency=True, page_seconds=0.03, run_seconds=0)


@pytest.fixture(params=range(KILLS))
def killed(request, changing, start_sync):
    """Kill a sync, each time a little later, and not always at the same point of a page."""
    sync = start_sync("--page-size", "5", "--concurrency", "1")
    wait_until(running_sync, "the lease")
    draw = random.Random(request.param)
    time.sleep(MAX_SECONDS * (request.param + draw.random()) / KILLS)
    sync.kill()
    connection.close()


def test_leaves_no_wrong_url_and_the_next_sync_completes_it(killed, catalog):
    expected = published_urls(catalog) | {CCX: NEW_URL}
    wrong = {
        key: url for key, url in marketing_urls().items() if url not in (expected.get(key), OLD_URL, None)
    }
    assert wrong == {}
    age_heartbeat()
    assert update_catalog_data().status == "succeeded"
    assert {key: url for key, url in marketing_urls().items() if url != expected.get(key)} == {}
    assert not SyncRun.objects.exclude(status__in=["succeeded", "failed"]).exists()
    stored = CatalogCourseRun.objects.filter(marketing_url__isnull=False)
    assert stored.count() == len(KEYS) - len(DELETED)
