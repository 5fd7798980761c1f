"""``changed``: what the Catalog says changed since the last look, between full syncs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from catalog_sync.api import update_catalog_data
from catalog_sync.exceptions import UsageError
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, SyncRun
from catalog_sync.store.lease import Lease
from catalog_sync.sync import incremental
from sandbox.catalog.testing import COURSE_RUNS_PATH, COURSES_PATH
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEYS = [f"course-v1:ExampleX+C{number}+2026" for number in range(30)]
CCX = "ccx-v1:ExampleX+C0+2026+ccx@7"
NEW_URL = "https://www.example.com/course/new"


@pytest.fixture(autouse=True)
def synced(catalog):
    """Bring the LMS up to the Catalog, an hour ago; then watch the requests."""
    for key in [*KEYS, CCX]:
        CourseOverviewFactory(id=key)
    catalog.control.set_runs(
        {"key": key, "marketing_url": f"https://www.example.com/{key[10:]}"} for key in KEYS
    )
    # What was made a moment ago would be "changed" for as long as two looks overlap.
    assert update_catalog_data().status == "succeeded"
    SyncRun.objects.update(started=F("started") + timedelta(minutes=10))
    catalog.control.clear_requests()


def just_now():
    """Let the next look reach back to before the change that comes now."""
    SyncRun.objects.update(started=F("started") - timedelta(minutes=10))


def url(key):
    return CourseOverview.objects.get(pk=key).marketing_url


def paths(catalog):
    return [request.path for request in catalog.control.requests() if request.path.startswith("/api/")]


def test_one_request_when_nothing_changed(catalog):
    update_catalog_data(changed=True)
    assert paths(catalog) == [COURSES_PATH]


def test_changed_url_reaches_the_course_overview(catalog):
    just_now()
    catalog.control.upsert([{"key": KEYS[1], "marketing_url": NEW_URL}])
    update_catalog_data(changed=True)
    assert url(KEYS[1]) == NEW_URL


def test_ccx_course_takes_the_changed_url_of_its_parent(catalog):
    just_now()
    catalog.control.upsert([{"key": KEYS[0], "marketing_url": NEW_URL}])
    update_catalog_data(changed=True)
    assert url(CCX) == NEW_URL


def test_unpublished_run_loses_its_url(catalog):
    just_now()
    catalog.control.upsert([{"key": KEYS[1], "status": "unpublished"}])
    update_catalog_data(changed=True)
    assert url(KEYS[1]) is None


def test_more_removals_than_allowed_remove_nothing(catalog):
    just_now()
    catalog.control.upsert([{"key": key, "status": "unpublished"} for key in KEYS[:20]])
    report = update_catalog_data(changed=True)
    assert (report.status, url(KEYS[1]) is None) == ("refused", False)


def test_change_that_the_timestamp_does_not_tell_waits_for_the_full_sync(catalog):
    catalog.control.upsert([{"key": KEYS[1], "marketing_url": NEW_URL}], via_publisher=False)
    update_catalog_data(changed=True)
    assert url(KEYS[1]) != NEW_URL


def test_look_goes_back_to_the_start_of_the_last_one_and_a_little_further(catalog):
    last = SyncRun.objects.get()
    update_catalog_data(changed=True)
    (request,) = catalog.control.requests(COURSES_PATH)
    expected = last.started - incremental.OVERLAP
    assert request.params["timestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_failed_look_is_not_gone_on_from(catalog):
    last = SyncRun.objects.get()
    catalog.control.fault("status", match={"path": COURSES_PATH}, times=1, status=404)
    assert update_catalog_data(changed=True).status == "failed"
    update_catalog_data(changed=True)
    since = catalog.control.requests(COURSES_PATH)[-1].params["timestamp"]
    assert since == (last.started - incremental.OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_bulk_change_is_left_to_the_full_sync(catalog, monkeypatch):
    monkeypatch.setattr(incremental, "MOST_COURSES", 5)
    just_now()
    catalog.control.upsert([{"key": key, "marketing_url": NEW_URL} for key in KEYS])
    report = update_catalog_data(changed=True)
    assert (report.status, catalog.control.requests(COURSE_RUNS_PATH)) == ("skipped", [])


def test_skipped_while_another_sync_runs(catalog):
    Lease.acquire()
    report = update_catalog_data(changed=True)
    assert (report.status, paths(catalog)) == ("skipped", [])


def test_history_keeps_one_of_the_looks_that_found_nothing(catalog):
    for _ in range(3):
        update_catalog_data(changed=True)
    assert SyncRun.objects.filter(scope="changed").count() == 1


def test_run_is_marked_as_no_full_sync(catalog):
    report = update_catalog_data(changed=True)
    assert SyncRun.objects.get(pk=report.run_id).scope == SyncRun.Scope.CHANGED


def test_run_that_is_new_to_the_replica_is_recorded(catalog):
    just_now()
    catalog.control.upsert([{"key": "course-v1:ExampleX+New+2026", "marketing_url": NEW_URL}])
    update_catalog_data(changed=True)
    assert CatalogCourseRun.objects.get(course_key="course-v1:ExampleX+New+2026").marketing_url == NEW_URL


def test_excludes_course_keys():
    with pytest.raises(UsageError):
        update_catalog_data(changed=True, course_keys=[KEYS[0]])


def test_reply_that_is_no_page_of_courses_fails_in_a_sentence(catalog):
    catalog.control.fault("body", match={"path": COURSES_PATH}, times=None, body="<html>", status=200)
    CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
    assert "courses/" in update_catalog_data(changed=True).message


class TestBesideARejectedRecord:
    """One that stays in the Catalog for months: full syncs are incomplete, for nothing but that."""

    @pytest.fixture(autouse=True)
    def incomplete(self, catalog):
        catalog.control.upsert(
            [{"key": KEYS[29], "marketing_url": "javascript:alert(1)"}], via_publisher=False
        )
        assert update_catalog_data().status == "incomplete"
        catalog.control.clear_requests()

    def test_look_goes_back_to_the_full_sync(self, catalog):
        last = SyncRun.objects.latest("pk")
        update_catalog_data(changed=True)
        (request,) = catalog.control.requests(COURSES_PATH)
        expected = last.started - incremental.OVERLAP
        assert request.params["timestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")

    def test_look_does_not_go_back_to_one_that_has_not_read_all(self, catalog):
        SyncRun.objects.filter(status="incomplete").update(failures=1)
        last = SyncRun.objects.get(status="succeeded")
        update_catalog_data(changed=True)
        (request,) = catalog.control.requests(COURSES_PATH)
        expected = last.started - incremental.OVERLAP
        assert request.params["timestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_history_keeps_one_of_the_looks_that_left_a_bulk_change(catalog, monkeypatch):
    monkeypatch.setattr(incremental, "MOST_COURSES", 5)
    just_now()
    catalog.control.upsert([{"key": key, "marketing_url": NEW_URL} for key in KEYS])
    for _ in range(3):
        update_catalog_data(changed=True)
    assert SyncRun.objects.filter(scope="changed").count() == 1


def test_look_that_left_a_bulk_change_takes_the_place_of_no_other(catalog, monkeypatch):
    monkeypatch.setattr(incremental, "MOST_COURSES", 5)
    update_catalog_data(changed=True)
    just_now()
    catalog.control.upsert([{"key": key, "marketing_url": NEW_URL} for key in KEYS])
    update_catalog_data(changed=True)
    assert set(SyncRun.objects.filter(scope="changed").values_list("status", flat=True)) == {
        "succeeded",
        "skipped",
    }


def test_reply_that_lacks_some_of_the_courses_is_not_gone_on_from(catalog):
    last = SyncRun.objects.get()
    body = '{"count": 3, "results": []}'
    catalog.control.fault("body", match={"path": COURSES_PATH}, times=1, body=body, status=200)
    CatalogSyncConfig.objects.create(retry_deadline_seconds=0)
    assert "The Catalog returned 0 of 3 courses" in update_catalog_data(changed=True).message
    update_catalog_data(changed=True)
    since = catalog.control.requests(COURSES_PATH)[-1].params["timestamp"]
    assert since == (last.started - incremental.OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_too_many_course_runs_of_few_courses_are_left_to_the_full_sync(catalog, monkeypatch):
    """Looking them up would cost as many requests as there are hundreds of them."""
    monkeypatch.setattr(incremental, "MOST_COURSE_RUNS", 5)
    just_now()
    catalog.control.upsert([{"key": key, "marketing_url": NEW_URL} for key in KEYS[:6]])
    report = update_catalog_data(changed=True)
    assert (report.status, paths(catalog)) == ("skipped", [COURSES_PATH, COURSES_PATH])
    assert " course runs changed in the Catalog, more than 5: " in report.message


@pytest.mark.parametrize("most", ["MOST_COURSES", "MOST_COURSE_RUNS"])
def test_bulk_change_that_the_last_sync_has_brought_hides_no_later_one(catalog, monkeypatch, most):
    """It came within the time that two looks have in common."""
    monkeypatch.setattr(incremental, most, 5)
    monkeypatch.setattr(incremental, "OVERLAP", timedelta(minutes=20))
    catalog.control.set_runs([{"key": key, "marketing_url": NEW_URL} for key in KEYS])
    assert update_catalog_data().status == "succeeded"
    SyncRun.objects.update(started=F("started") + timedelta(seconds=30))
    catalog.control.clear_requests()
    assert (update_catalog_data(changed=True).status, paths(catalog)) == (
        "succeeded",
        [COURSES_PATH, COURSES_PATH],
    )


def test_first_look_goes_back_an_hour(catalog):
    SyncRun.objects.all().delete()
    update_catalog_data(changed=True)
    (request,) = catalog.control.requests(COURSES_PATH)
    since = datetime.strptime(request.params["timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    back = timezone.now() - since
    assert timedelta(hours=1) < back - incremental.OVERLAP < timedelta(hours=1, minutes=10)
