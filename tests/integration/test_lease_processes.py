"""Two syncs of two processes: one works, and whatever becomes of it, the other is not in its way."""

from __future__ import annotations

import signal
import time

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store.lease import LEASE_SECONDS
from sandbox.catalog.testing import COURSES_PATH
from tests.factories import CourseOverviewFactory
from tests.integration.processes import age_heartbeat, running_sync, shown, wait_until

pytest_plugins = ["tests.integration.process_fixtures"]

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(30)]
URL = "https://www.example.com/course"


def in_catalog(keys=KEYS, url=URL):
    return [{"key": key, "marketing_url": url} for key in keys]


@pytest.fixture
def courses(shared_database, catalog):
    for key in KEYS:
        CourseOverviewFactory(id=key)
    catalog.control.set_runs(in_catalog())


@pytest.fixture
def hanging(start_sync, courses, catalog):
    """A sync whose second page never comes."""
    catalog.control.fault("hang", match={"params": {"offset": "9"}}, times=None)
    sync = start_sync("--page-size", "10", "--concurrency", "1")
    wait_until(lambda: SyncRun.objects.filter(pages=1).exists(), "the first page")
    return sync


class TestTwoAtOnce:
    """Two processes, the second of which comes while the first waits for the Catalog."""

    @pytest.fixture
    def pair(self, start_sync, courses, catalog):
        catalog.control.fault("slow", seconds=1, times=None)
        first = start_sync("--page-size", "2", "--concurrency", "1")
        wait_until(running_sync, "the first to begin")
        second = start_sync()
        second.wait()
        catalog.control.clear_faults()
        first.wait()
        return [first, second]

    def test_one_works_and_the_other_is_turned_away(self, pair):
        assert [sync.process.returncode for sync in pair] == [0, 75]

    def test_the_one_turned_away_names_the_holder(self, pair):
        assert f"process {pair[0].process.pid}, started 20" in pair[1].err


class TestKilledHolder:
    """A holder that was killed and could not say so."""

    @pytest.fixture(autouse=True)
    def killed(self, hanging, catalog):
        hanging.kill()
        catalog.control.clear_faults()

    def test_keeps_its_lease_while_it_may_be_alive(self):
        with pytest.raises(SyncAlreadyRunning):
            update_catalog_data()

    def test_loses_its_lease_within_a_minute(self):
        assert LEASE_SECONDS < 60

    def test_loses_its_lease_then(self):
        age_heartbeat()
        assert update_catalog_data().status == "succeeded"

    def test_is_marked_as_failed(self):
        dead = running_sync()
        age_heartbeat()
        update_catalog_data()
        dead.refresh_from_db()
        assert (dead.status, dead.lease, dead.finished is None) == ("failed", None, False)

    def test_is_made_good_by_the_next(self):
        age_heartbeat()
        update_catalog_data()
        assert set(shown().values()) == {URL}


class TestLostLease:
    """A holder that was taken for dead while it was alive."""

    @pytest.fixture
    def report(self, courses):
        def take_the_lease(retrieved, total):
            SyncRun.objects.filter(lease__isnull=False).update(lease=None, status="failed", message="buried")
            SyncRun.objects.create(lease="default", holder="another")

        return update_catalog_data(page_size=10, on_progress=take_the_lease)

    def test_fails_and_says_why(self, report):
        assert (report.status, "lost its lease" in report.message) == ("failed", True)

    def test_writes_no_further_row_of_the_replica(self, report):
        assert CatalogCourseRun.objects.count() == 10

    def test_writes_no_further_course_overview(self, report):
        assert sum(url is not None for url in shown().values()) == 10

    def test_leaves_what_was_said_of_it(self, report):
        assert SyncRun.objects.get(pk=report.run_id).message == "buried"

    def test_leaves_the_lease_to_the_other(self, report):
        assert running_sync().holder == "another"


class TestAlive:
    """A holder that waits for a slow Catalog."""

    def test_renews_its_lease_meanwhile(self, courses, catalog, monkeypatch):
        monkeypatch.setattr("catalog_sync.store.lease.HEARTBEAT_SECONDS", 0)
        catalog.control.fault("slow", seconds=1.5, times=1)
        beats = set()

        def look():
            beats.add(SyncRun.objects.get().heartbeat)
            return False

        update_catalog_data(should_stop=look)
        assert len(beats) > 2


class TestTerminated:
    """SIGTERM while the Catalog hangs."""

    @pytest.fixture(params=["list", "look-up"])
    def terminated(self, request, start_sync, courses, catalog):
        """A sync that was asked to end, and how long that took."""
        if request.param == "look-up":
            update_catalog_data()
            catalog.control.delete(KEYS[:5])
            catalog.control.clear_requests()
            catalog.control.fault("hang", match={"params": {"limit": "200"}}, times=None)
        else:
            catalog.control.fault("hang", match={"params": {"offset": "9"}}, times=None)
        sync = start_sync("--page-size", "10", "--concurrency", "1")
        hung = "keys" if request.param == "look-up" else "offset=9"
        wait_until(
            lambda: any(hung in each.query for each in catalog.control.requests()), "the request that hangs"
        )
        asked = time.monotonic()
        sync.process.send_signal(signal.SIGTERM)
        sync.wait()
        return sync, time.monotonic() - asked

    def test_ends_promptly(self, terminated):
        assert terminated[1] < 10

    def test_exit_status(self, terminated):
        assert terminated[0].process.returncode == 1

    def test_logs_its_finish(self, terminated):
        assert "event=catalog_sync.finished" in terminated[0].err

    def test_gives_the_lease_back(self, terminated):
        assert running_sync() is None

    def test_is_closed_as_failed(self, terminated):
        assert SyncRun.objects.latest("pk").status == "failed"


class TestBesideLooks:
    """A full sync that begins while the look of this minute is at work."""

    def test_is_not_turned_away(self, start_sync, courses, catalog):
        catalog.control.fault("slow", match={"path": COURSES_PATH}, seconds=2)
        look = start_sync("--changed")
        wait_until(running_sync, "the look to begin")
        full = start_sync()
        assert (full.wait(), look.wait()) == (0, 0)
