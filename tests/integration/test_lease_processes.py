"""Two syncs of the same Catalog in two processes: one works, and however it ends, the next one can."""

from __future__ import annotations

import signal
import time

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store.lease import LEASE_SECONDS
from sandbox.catalog.testing import COURSES_PATH
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls
from tests.integration.processes import age_heartbeat, running_sync, wait_until

pytest_plugins = ["tests.integration.process_fixtures"]

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(30)]
URL = "https://www.example.com/course"
PAGES_OF_TEN = ("--page-size", "10", "--concurrency", "1")


@pytest.fixture(autouse=True)
def courses(shared_database, catalog):
    add_course_overviews(*KEYS)
    catalog.control.set_runs({"key": key, "marketing_url": URL} for key in KEYS)


def hang_at(catalog, **params):
    catalog.control.fault("hang", match={"params": params}, times=None)


def test_killed_sync_keeps_its_lease_for_less_than_a_minute_and_the_next_one_completes_it(
    start_sync, catalog
):
    hang_at(catalog, offset="9")
    sync = start_sync(*PAGES_OF_TEN)
    wait_until(lambda: SyncRun.objects.filter(pages=1).exists(), "the first page")
    sync.kill()
    catalog.control.clear_faults()
    killed = running_sync()
    with pytest.raises(SyncAlreadyRunning):
        update_catalog_data()
    assert LEASE_SECONDS < 60
    age_heartbeat()
    assert update_catalog_data().status == "succeeded"
    killed.refresh_from_db()
    assert (killed.status, killed.lease, killed.finished is None) == ("failed", None, False)
    assert set(marketing_urls().values()) == {URL}


def test_sync_that_lost_its_lease_writes_nothing_more():
    def take_the_lease(retrieved, total):
        SyncRun.objects.filter(lease__isnull=False).update(lease=None, status="failed", message="expired")
        SyncRun.objects.create(lease="default", holder="another")

    report = update_catalog_data(page_size=10, on_progress=take_the_lease)
    assert (report.status, "lost its lease" in report.message) == ("failed", True)
    assert CatalogCourseRun.objects.count() == 10
    assert sum(url is not None for url in marketing_urls().values()) == 10
    assert SyncRun.objects.get(pk=report.run_id).message == "expired"
    assert running_sync().holder == "another"


def test_sync_renews_its_lease_while_the_catalog_is_slow(catalog, monkeypatch):
    monkeypatch.setattr("catalog_sync.store.lease.HEARTBEAT_SECONDS", 0)
    catalog.control.fault("slow", seconds=10, times=1)
    heartbeats = set()

    def renewed_twice():
        heartbeats.add(SyncRun.objects.get().heartbeat)
        return len(heartbeats) > 2

    assert (update_catalog_data(should_stop=renewed_twice).pages, len(heartbeats)) == (0, 3)


@pytest.mark.parametrize(
    ("hanging", "query"), [({"offset": "9"}, "offset=9"), ({"limit": "200"}, "keys")], ids=["list", "look-up"]
)
def test_terminated_sync_ends_in_order_while_the_catalog_hangs(hanging, query, start_sync, catalog):
    if query == "keys":
        update_catalog_data()
        catalog.control.delete(KEYS[:5])
        catalog.control.clear_requests()
    hang_at(catalog, **hanging)
    sync = start_sync(*PAGES_OF_TEN)
    wait_until(lambda: any(query in each.query for each in catalog.control.requests()), "the hanging request")
    terminated = time.monotonic()
    sync.process.send_signal(signal.SIGTERM)
    assert sync.wait() == 1
    assert time.monotonic() - terminated < 20
    assert "event=catalog_sync.finished" in sync.err
    assert (running_sync(), SyncRun.objects.latest("pk").status) == (None, "canceled")


def test_full_sync_waits_for_an_incremental_one(start_sync, catalog):
    catalog.control.fault("slow", match={"path": COURSES_PATH}, seconds=20)
    incremental = start_sync("--changed")
    wait_until(running_sync, "the start of the incremental sync")

    def let_the_other_end():
        catalog.control.clear_faults()
        return False

    assert update_catalog_data(should_stop=let_the_other_end).status == "succeeded"
    assert incremental.wait() == 0
