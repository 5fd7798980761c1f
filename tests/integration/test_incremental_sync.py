"""``--changed`` applies what the Catalog has changed since the last sync."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from catalog_sync.api import update_catalog_data
from catalog_sync.exceptions import UsageError
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, SyncRun
from catalog_sync.operations import course_link
from catalog_sync.store.lease import Lease
from catalog_sync.sync import incremental
from sandbox.catalog.testing import COURSES_PATH
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_url

pytestmark = pytest.mark.django_db

KEYS = [f"course-v1:ExampleX+C{number}+2026" for number in range(30)]
NEW_KEY = "course-v1:ExampleX+New+2026"
CCX = "ccx-v1:ExampleX+C0+2026+ccx@7"
NEW_URL = "https://www.example.com/course/new"


@pytest.fixture(autouse=True)
def synced(catalog):
    """Sync the LMS, and then record only the requests that follow."""
    add_course_overviews(*KEYS, CCX)
    catalog.control.set_runs(
        {"key": key, "marketing_url": f"https://www.example.com/{key[10:]}"} for key in KEYS
    )
    assert update_catalog_data().status == "succeeded"
    # Two syncs overlap, and what the Catalog got a moment ago would count as changed.
    SyncRun.objects.update(started=F("started") + timedelta(minutes=10))
    catalog.control.clear_requests()


def change(catalog, *keys, **fields):
    """Change these course runs in the Catalog, after the start of the last sync."""
    SyncRun.objects.update(started=F("started") - timedelta(minutes=10))
    catalog.control.upsert([{"key": key, **(fields or {"marketing_url": NEW_URL})} for key in keys])


def paths(catalog):
    return [request.path for request in catalog.control.requests() if request.path.startswith("/api/")]


def requested_since(catalog):
    timestamp = catalog.control.requests(COURSES_PATH)[-1].params["timestamp"]
    return datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def overlapping(sync_run):
    """Return the time from which a sync requests changes that follows this sync run."""
    return (sync_run.started - incremental.OVERLAP).replace(microsecond=0)


class TestChanges:
    """Which changes reach the LMS."""

    def test_changed_url_reaches_the_course_overview_and_its_ccx_courses(self, catalog):
        change(catalog, KEYS[0])
        report = update_catalog_data(changed=True)
        assert (marketing_url(KEYS[0]), marketing_url(CCX)) == (NEW_URL, NEW_URL)
        assert SyncRun.objects.get(pk=report.run_id).scope == SyncRun.Scope.CHANGED

    def test_unpublished_course_run_loses_its_url(self, catalog):
        change(catalog, KEYS[1], status="unpublished")
        update_catalog_data(changed=True)
        assert marketing_url(KEYS[1]) is None

    def test_new_course_run_is_stored(self, catalog):
        change(catalog, NEW_KEY)
        update_catalog_data(changed=True)
        assert CatalogCourseRun.objects.get(course_key=NEW_KEY).marketing_url == NEW_URL

    def test_refuses_to_remove_more_urls_than_allowed(self, catalog):
        change(catalog, *KEYS[:20], status="unpublished")
        report = update_catalog_data(changed=True)
        assert report.status == "refused"
        assert marketing_url(KEYS[1])

    def test_change_without_a_new_timestamp_waits_for_the_full_sync(self, catalog):
        catalog.control.upsert([{"key": KEYS[1], "marketing_url": NEW_URL}], via_publisher=False)
        update_catalog_data(changed=True)
        assert marketing_url(KEYS[1]) != NEW_URL


class TestSince:
    """From which time on changes are requested."""

    def test_sends_one_request_from_shortly_before_the_last_sync_if_nothing_changed(self, catalog):
        last = SyncRun.objects.get()
        update_catalog_data(changed=True)
        assert paths(catalog) == [COURSES_PATH]
        assert requested_since(catalog) == overlapping(last)

    def test_first_incremental_sync_starts_an_hour_ago(self, catalog):
        SyncRun.objects.all().delete()
        update_catalog_data(changed=True)
        ago = timezone.now() - requested_since(catalog) - incremental.OVERLAP
        assert timedelta(hours=1) < ago < timedelta(hours=1, minutes=10)

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ({"action_kind": "status", "status": 404}, "404"),
            ({"action_kind": "body", "status": 200, "body": "<html>"}, "courses/"),
            (
                {"action_kind": "body", "status": 200, "body": '{"count": 3, "results": []}'},
                "The Catalog returned 0 of 3 courses",
            ),
        ],
        ids=["not found", "HTML", "some courses are missing"],
    )
    def test_next_sync_starts_before_one_that_failed(self, fault, message, catalog):
        last = SyncRun.objects.get()
        CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
        catalog.control.fault(**fault, match={"path": COURSES_PATH}, times=1)
        report = update_catalog_data(changed=True)
        assert report.status == "failed"
        assert message in report.message
        update_catalog_data(changed=True)
        assert requested_since(catalog) == overlapping(last)

    def test_starts_at_the_last_full_sync_that_only_rejected_records(self, catalog):
        unusable = {"key": KEYS[29], "marketing_url": "javascript:alert(1)"}
        catalog.control.upsert([unusable], via_publisher=False)
        rejecting = update_catalog_data()
        assert rejecting.course_runs_rejected == 1
        catalog.control.clear_requests()
        update_catalog_data(changed=True)
        assert requested_since(catalog) == overlapping(SyncRun.objects.get(pk=rejecting.run_id))

    def test_starts_before_a_full_sync_that_did_not_read_everything(self, catalog):
        last = SyncRun.objects.get()
        SyncRun.objects.create(scope="all", status="incomplete", started=timezone.now())
        update_catalog_data(changed=True)
        assert requested_since(catalog) == overlapping(last)


class TestBulkChange:
    """More changes than an incremental sync applies: they wait for the full sync."""

    def test_of_many_courses_is_skipped_after_one_request(self, catalog, monkeypatch):
        monkeypatch.setattr(incremental, "MAX_COURSES", 5)
        change(catalog, *KEYS)
        assert update_catalog_data(changed=True).status == "skipped"
        assert set(paths(catalog)) == {COURSES_PATH}

    def test_of_many_course_runs_is_skipped_before_they_are_requested(self, catalog, monkeypatch):
        monkeypatch.setattr(incremental, "MAX_COURSE_RUNS", 5)
        change(catalog, *KEYS[:6])
        report = update_catalog_data(changed=True)
        assert (report.status, paths(catalog)) == ("skipped", [COURSES_PATH, COURSES_PATH])
        assert report.message.startswith("Too many course runs changed in the Catalog (")

    @pytest.mark.parametrize("most", ["MAX_COURSES", "MAX_COURSE_RUNS"])
    def test_that_the_last_sync_applied_does_not_hide_later_changes(self, catalog, monkeypatch, most):
        """It happened within the time in which two syncs overlap."""
        monkeypatch.setattr(incremental, most, 5)
        monkeypatch.setattr(incremental, "OVERLAP", timedelta(minutes=20))
        catalog.control.set_runs([{"key": key, "marketing_url": NEW_URL} for key in KEYS])
        assert update_catalog_data().status == "succeeded"
        SyncRun.objects.update(started=F("started") + timedelta(seconds=30))
        catalog.control.clear_requests()
        assert update_catalog_data(changed=True).status == "succeeded"
        assert paths(catalog) == [COURSES_PATH, COURSES_PATH]


def test_history_keeps_the_last_sync_without_changes_and_the_last_skipped_one(catalog, monkeypatch):
    monkeypatch.setattr(incremental, "MAX_COURSES", 5)
    for _ in range(3):
        update_catalog_data(changed=True)
    change(catalog, *KEYS)
    for _ in range(3):
        update_catalog_data(changed=True)
    kept = SyncRun.objects.filter(scope="changed").values_list("status", flat=True)
    assert sorted(kept) == ["skipped", "succeeded"]


def test_history_keeps_a_sync_that_rejected_a_record(catalog):
    change(catalog, KEYS[0], marketing_url="courses/one")
    rejecting = update_catalog_data(changed=True)
    assert rejecting.course_runs_rejected == 1
    SyncRun.objects.update(started=F("started") + timedelta(minutes=10))
    assert update_catalog_data(changed=True).course_runs_rejected == 0
    assert f"Sync run {rejecting.run_id} rejected" in course_link.explain(KEYS[0]).reason


def test_is_skipped_while_another_sync_is_running(catalog):
    Lease.acquire()
    report = update_catalog_data(changed=True)
    assert (report.status, paths(catalog)) == ("skipped", [])


def test_course_keys_cannot_be_given():
    with pytest.raises(UsageError):
        update_catalog_data(changed=True, course_keys=[KEYS[0]])
