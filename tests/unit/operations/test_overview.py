"""The state of the sync on one page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.operations import overview
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]


def synced(hours_ago, **values):
    """Store a full sync that started so long ago."""
    started = timezone.now() - timedelta(hours=hours_ago)
    run = SyncRun.objects.create(**{"status": "succeeded", "finished": started} | values)
    SyncRun.objects.filter(pk=run.pk).update(started=started)
    return run


def hours_until(time):
    return round((time - timezone.now()).total_seconds() / 3600, 1)


class TestState:
    """The state of one Catalog."""

    def state(self, *hours_ago, **values):
        """Return the state after full syncs that started so long ago."""
        for each in hours_ago:
            synced(each, **values)
        [state] = overview.states()
        return state

    def test_new_installation(self):
        state = self.state()
        assert (state.health.last_success, state.health.last_full, state.next_expected, state.stale_at) == (
            None,
        ) * 4
        assert "none has ever run" in state.health.fault

    def test_healthy(self):
        run = synced(1)
        state = self.state()
        assert (state.health.fault, state.health.last_success, state.health.last_full) == ("", run, run)
        assert hours_until(state.stale_at) == 11

    def test_last_full_sync_may_have_failed(self):
        succeeded, failed = synced(7), synced(1, status="failed")
        state = self.state()
        assert (state.health.last_success, state.health.last_full) == (succeeded, failed)

    def test_next_is_expected_after_the_median_interval(self):
        state = self.state(49, 25, 20, 13, 7, 1)  # one run was missed, one was extra
        assert (hours_until(state.next_expected), state.is_late) == (5, False)

    @pytest.mark.parametrize(
        "hours_ago",
        [(3.2, 3.1, 3), (30, 29, 20, 3), (3.03, 3.02, 3.01, 3)],
        ids=["three", "irregular", "one after the other"],
    )
    def test_manual_syncs_are_no_schedule(self, hours_ago):
        state = self.state(*hours_ago)
        assert (state.next_expected, state.is_late) == (None, False)

    def test_failed_syncs_count_as_schedule(self):
        assert hours_until(self.state(19, 13, 7, 1, status="failed").next_expected) == 5

    @pytest.mark.parametrize("values", [{"dry_run": True}, {"scope": "changed"}])
    def test_dry_runs_and_other_scopes_do_not_count_as_schedule(self, values):
        self.state(19, 13, 7)
        assert self.state(1, **values).next_expected is None

    def test_is_late_after_the_expected_time(self):
        assert self.state(28, 22, 16, 10).is_late

    def test_is_not_late_after_a_sync_that_did_not_succeed(self):
        self.state(34, 28, 22, 16)
        state = self.state(10, status="failed")
        assert (state.was_expected, state.is_late) == (True, False)

    def test_disabled_sync_has_no_next_one(self):
        CatalogSyncConfig.objects.create(enabled=False)
        state = self.state(19, 13, 7, 1)
        assert (state.next_expected, state.health.is_enabled) == (None, False)
        assert "is disabled" in state.health.fault

    def test_each_catalog_has_its_own(self, settings):
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in ("one", "two")}
        synced(1, catalog="two")
        states = overview.states()
        assert [(state.health.catalog, bool(state.health.fault)) for state in states] == [
            ("one", True),
            ("two", False),
        ]


class TestSummary:
    """The line above the lists."""

    def test_new_installation(self):
        assert overview.summary().is_new

    def test_healthy(self):
        run = synced(1)
        summary = overview.summary()
        assert (summary.fault, summary.last_success, summary.is_new) == ("", run.finished, False)

    def test_dry_run_is_a_sync_run(self):
        synced(1, dry_run=True)
        assert not overview.summary().is_new

    def test_fault_of_an_enabled_catalog_is_worse_than_a_disabled_one(self, settings):
        names = ("one", "two", "three")
        settings.CATALOG_SYNC_CATALOGS = {name: {"URL": "https://x.example"} for name in names}
        CatalogSyncConfig.objects.create(catalog="one", enabled=False)
        synced(99, catalog="two")
        synced(1, catalog="three")
        summary = overview.summary()
        assert (summary.is_enabled, "of the Catalog two" in summary.fault) == (True, True)
        synced(1, catalog="two")
        assert "of the Catalog one is disabled" in overview.summary().fault


class TestCountCourses:
    """How many courses have a marketing URL."""

    def test_counts_them(self):
        for url in ("https://www.example.com/", "", None):
            course = CourseOverviewFactory()
            CourseOverview.objects.filter(pk=course.pk).update(marketing_url=url)
        counts = overview.count_courses()
        assert counts == (3, 1, True)
        assert round(counts.percent) == 33

    def test_without_courses_there_is_no_share(self):
        assert overview.count_courses().percent is None

    def test_reads_only_so_many(self, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr(overview, "MAX_COUNTED", 2)
        CourseOverviewFactory.create_batch(4, marketing_url="https://www.example.com/")
        with django_assert_num_queries(1):
            counts = overview.count_courses()
        assert counts == (2, 2, False)
