"""Sharing a sync with Celery workers, without any: what a task does, what the command waits for."""

from __future__ import annotations

import msgspec
import pytest
from celery import Celery
from celery.backends.base import DisabledBackend
from django.db.models import F

from catalog_sync import conf
from catalog_sync.api import update_catalog_data
from catalog_sync.models import SyncRun
from catalog_sync.store import lease
from catalog_sync.sync.distributed import coordinator
from catalog_sync.sync.distributed.coordinator import (
    LOOK_SECONDS,
    PATIENCE_SECONDS,
    conclude_distributed,
    give_up,
    take_partition,
    wait_for_workers,
)
from catalog_sync.sync.distributed.partitions import plan
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.runner import Run
from catalog_sync.sync.statistics import newest_id
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.factories import CourseOverviewFactory
from tests.integration.processes import age_heartbeat, shown, told

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = 60
PAGE_SIZE = 12
THIS_RUN = {"request_timeout_seconds": 30, "retry_deadline_seconds": 10}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CELERY_BROKER_URL", None),
        ("CELERY_BROKER_URL", "memory://"),
        ("CELERY_TASK_ALWAYS_EAGER", True),
    ],
)
def test_without_workers_it_says_what_to_set(setting, value, broker, catalog, settings):
    setattr(settings, setting, value)
    report = update_catalog_data(distribute=True)
    assert report.status == "failed"
    assert report.message.startswith("--distribute needs Celery workers")


@pytest.fixture
def result_backend(broker, catalog, monkeypatch):
    """A function that sets what Celery makes of its result backend."""

    def use(make):
        monkeypatch.setattr(Celery, "backend", property(make))

    return use


def test_without_a_result_backend_it_says_what_to_set(result_backend):
    result_backend(DisabledBackend)
    assert "no result backend: set CELERY_BROKER_URL and CELERY_RESULT_BACKEND" in (
        update_catalog_data(distribute=True).message
    )


def test_result_backend_without_its_client_is_told(result_backend):
    def make(app):
        raise ImportError("No module named 'pymongo'")

    result_backend(make)
    message = update_catalog_data(distribute=True).message
    assert message.startswith("The Celery result backend cannot be used (No module named 'pymongo')")


def opened(**changes) -> Run:
    return Run.open(SyncOptions.of(conf.catalogs()[0], page_size=PAGE_SIZE, concurrency=3, **changes))


def stored(run: Run) -> SyncRun:
    return SyncRun.objects.get(pk=run.lease.run_id)


def read(*partitions):
    return [take_partition(msgspec.to_builtins(partition)) for partition in partitions]


class TestTasks:
    @pytest.fixture
    def run(self, catalog):
        keys = [f"course-v1:ExampleX+Run{number:03}+2026" for number in range(RUNS)]
        statuses = ["published", "published", "unpublished"] * (RUNS // 3)
        catalog.control.set_runs(
            {"key": key, "marketing_url": f"https://www.example.com/{key[10:]}", "status": status}
            for key, status in zip(keys, statuses, strict=True)
        )
        for key in keys:
            CourseOverviewFactory(id=key)
        return opened()

    @pytest.fixture
    def partitions(self, run):
        return plan(run, PAGE_SIZE, RUNS, newest_id())

    def conclude(self, run, outcomes, **options):
        conclude_distributed(outcomes, run.lease.run_id, **{"allow_removals": False} | options)
        return stored(run)

    def test_stretches_that_are_all_read_bring_every_marketing_url(self, run, partitions, catalog):
        ended = self.conclude(run, read(*partitions))
        assert (ended.status, shown().items() >= told(catalog).items()) == ("succeeded", True)

    def test_requests_of_the_command_are_counted(self, run, partitions):
        SyncRun.objects.update(requests=100, retries=7)
        ended = self.conclude(run, read(*partitions))
        assert (ended.requests > 100, ended.retries) == (True, 7)

    def test_length_of_the_list_is_what_was_read_last(self, run, partitions):
        assert self.conclude(run, read(*partitions)).catalog_count == RUNS

    def test_length_of_the_list_is_told_even_if_nothing_changed(self, run, partitions):
        self.conclude(run, read(*partitions))
        again = opened()
        assert self.conclude(again, read(*plan(again, PAGE_SIZE, RUNS, newest_id()))).catalog_count == RUNS

    def test_length_of_the_list_stays_if_no_stretch_can_be_read(self, run, partitions, catalog):
        SyncRun.objects.update(catalog_count=RUNS)
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        assert self.conclude(run, read(*partitions)).catalog_count == RUNS

    def test_numbers_of_a_run_that_was_canceled_meanwhile_stay(self, run, partitions):
        outcomes = read(*partitions)
        SyncRun.objects.update(cancel_requested=True)
        ended = self.conclude(run, outcomes)
        assert (ended.status, ended.course_runs_retrieved, ended.updated) == ("failed", RUNS, RUNS * 2 // 3)

    def test_stretch_that_is_delivered_twice_is_written_once(self, partitions):
        first, second = read(partitions[1], partitions[1])
        assert (first["report"]["updated"] > 0, second["report"]["updated"]) == (True, 0)

    def test_run_that_is_concluded_twice_keeps_its_first_report(self, run, partitions):
        outcomes = read(*partitions)
        self.conclude(run, outcomes)
        before = SyncRun.objects.values().get()
        self.conclude(run, outcomes[:1])
        assert SyncRun.objects.values().get() == before

    def test_run_that_is_concluded_twice_is_told_of_once(self, run, partitions, caplog):
        caplog.set_level("INFO")
        outcomes = read(*partitions)
        for _ in range(2):
            self.conclude(run, outcomes)
        assert caplog.text.count("catalog_sync.finished") == 1

    def test_run_that_failed_meanwhile_is_not_concluded(self, run, partitions, caplog):
        caplog.set_level("INFO")
        outcomes = read(*partitions)
        run.close(SyncRun.Status.FAILED, "it was given up")
        self.conclude(run, outcomes)
        assert caplog.text.count("catalog_sync.finished") == 1

    @pytest.mark.parametrize("status", [SyncRun.Status.FAILED, SyncRun.Status.SUCCEEDED])
    def test_stretch_of_a_run_that_has_ended_asks_nothing(self, status, run, partitions, catalog):
        run.close(status, "it is over")
        read(partitions[0])
        assert catalog.control.requests(COURSE_RUNS_PATH) == []

    def test_stretch_of_a_run_that_has_ended_says_so(self, run, partitions):
        run.close(SyncRun.Status.FAILED, "lost")
        [outcome] = read(partitions[0])
        assert outcome["failures"] == ["the run had ended before this stretch was read"]

    def test_stretch_that_loses_the_lease_at_its_end_is_read_all_the_same(self, run, partitions, catalog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        SyncRun.objects.update(lease=None)
        [outcome] = read(partitions[0])
        assert outcome["failures"]

    def test_rows_that_leave_between_two_stretches_hide_no_run(self, run, partitions, catalog):
        outcomes = read(partitions[0])
        catalog.control.delete([row["key"] for row in catalog.control.runs()[:5]])
        self.conclude(run, outcomes + read(*partitions[1:]))
        assert shown().items() >= told(catalog).items()

    def test_gap_between_two_stretches_that_cannot_be_read_is_no_success(self, run, partitions, catalog):
        outcomes = read(partitions[0])
        catalog.control.delete([row["key"] for row in catalog.control.runs()[:5]])
        outcomes += read(*partitions[1:])
        further_back = str(partitions[1].start - PAGE_SIZE // 2)
        catalog.control.fault("status", match={"params": {"offset": further_back}}, times=None, status=400)
        assert self.conclude(run, outcomes).status == SyncRun.Status.INCOMPLETE

    def test_what_a_stretch_could_not_read_is_told_once(self, run, partitions, catalog, caplog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        outcomes = read(partitions[0])
        catalog.control.clear_faults()
        ended = self.conclude(run, outcomes + read(*partitions[1:]))
        assert (caplog.text.count("event=catalog_sync.not_applied"), ended.failures) == (1, 1)
        assert ended.log_lines.count("event=catalog_sync.not_applied") == 1

    @pytest.mark.parametrize("returned", [[0, 1, 1], [0, 0, 2], [1, 2, 2]])
    def test_outcome_that_came_twice_does_not_stand_for_a_missing_one(self, returned, run, partitions):
        outcomes = read(*(partitions[index] for index in returned))
        assert self.conclude(run, outcomes).status == SyncRun.Status.INCOMPLETE

    def test_outcome_that_came_twice_is_counted_once(self, run, partitions):
        ended = self.conclude(run, read(*partitions, partitions[1]))
        assert (ended.status, ended.course_runs_retrieved) == (SyncRun.Status.SUCCEEDED, RUNS)

    @pytest.mark.parametrize(("allowed", "status"), [(False, "refused"), (True, "succeeded")])
    def test_removals_are_refused_unless_the_command_allowed_them(self, allowed, status, run, catalog):
        self.conclude(run, read(*plan(run, PAGE_SIZE, RUNS, newest_id())))
        catalog.control.delete([row["key"] for row in catalog.control.runs()[1:]])
        again = opened()
        outcomes = read(*plan(again, PAGE_SIZE, 1, newest_id()))
        assert self.conclude(again, outcomes, allow_removals=allowed).status == status

    def test_run_that_is_given_up_keeps_the_numbers_of_what_was_written(self, run, partitions):
        read(partitions[0])
        before = stored(run).pages
        give_up(run.lease.run_id)
        assert stored(run).pages == before > 0

    def test_run_that_is_given_up_fails(self, run):
        give_up(run.lease.run_id)
        assert (stored(run).status, "a worker's task failed" in stored(run).message.lower()) == (
            "failed",
            True,
        )

    @pytest.mark.parametrize("status", [SyncRun.Status.FAILED, SyncRun.Status.SUCCEEDED])
    def test_run_that_has_ended_is_not_given_up(self, status, run, caplog):
        caplog.set_level("INFO")
        run.close(status, "it is over")
        give_up(run.lease.run_id)
        assert (stored(run).message, caplog.text.count("catalog_sync.finished")) == ("it is over", 1)


class Clock:
    """The time that a waiting command sleeps through."""

    def __init__(self, each_look):
        self.seconds, self._each_look = 0.0, each_look

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds
        self._each_look(self.seconds)


class TestWaiting:
    """What the command does while workers read; ``each_look`` is what happens before it looks again."""

    @pytest.fixture
    def waited(self, monkeypatch):
        def wait(run, each_look=lambda seconds: None, **options):
            clock = Clock(each_look)
            monkeypatch.setattr(coordinator, "time", clock)
            asked = SyncOptions.of(conf.catalogs()[0], **THIS_RUN, **options)
            return wait_for_workers(run.report, asked), clock.seconds

        return wait

    def test_report_is_what_the_workers_stored(self, waited):
        run = opened()

        def conclude(_):
            SyncRun.objects.update(pages=4, course_runs_retrieved=40, updated=3)
            run.report.updated = 3
            run.report.pages, run.report.course_runs_retrieved = 4, 40
            run.close(SyncRun.Status.SUCCEEDED, "")

        report, _ = waited(run, conclude)
        assert (report.run_id, report.status, report.updated) == (run.lease.run_id, "succeeded", 3)

    def test_progress_is_told_when_there_is_some(self, waited):
        run, told_progress = opened(), []

        def write(seconds):
            if seconds == 2 * LOOK_SECONDS:
                SyncRun.objects.update(pages=1, course_runs_retrieved=12, catalog_count=60)
            if seconds == 5 * LOOK_SECONDS:
                run.close(SyncRun.Status.SUCCEEDED, "")

        waited(run, write, on_progress=lambda *numbers: told_progress.append(numbers))
        assert told_progress == [(0, 0), (12, 60)]

    def test_progress_of_workers_that_were_quicker_is_told_at_once(self, waited):
        run, told_progress = opened(), []
        SyncRun.objects.update(pages=1, course_runs_retrieved=12, catalog_count=60)
        waited(run, should_stop=lambda: True, on_progress=lambda *numbers: told_progress.append(numbers))
        assert told_progress == [(12, 60)]

    def test_workers_that_write_nothing_are_waited_for_as_long_as_a_page_may_take(self, waited):
        report, seconds = waited(opened())
        patience = PATIENCE_SECONDS + sum(THIS_RUN.values())
        assert (report.status, patience < seconds <= patience + 2 * LOOK_SECONDS) == ("failed", True)

    def test_workers_that_write_nothing_are_told(self, waited):
        report, _ = waited(opened())
        assert report.message == (
            "No Celery worker has written a page for 100 s: look at the workers and their queue."
        )

    def test_each_page_gives_the_next_its_time(self, waited):
        def write(seconds):
            if seconds % 90 == 0 and seconds < 400:
                SyncRun.objects.update(pages=F("pages") + 1)

        assert waited(opened(), write)[1] > 360 + 100

    def test_stop_ends_the_run(self, waited):
        report, seconds = waited(opened(), should_stop=lambda: True)
        assert (report.status, report.message.startswith("The run was stopped"), seconds) == (
            "failed",
            True,
            0,
        )

    def test_run_that_somebody_cancels_ends(self, waited, monkeypatch):
        monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 0)
        run = opened()
        report, _ = waited(run, lambda _: SyncRun.objects.update(cancel_requested=True))
        assert (report.status, "was canceled" in report.message) == ("failed", True)

    def test_run_that_ends_while_it_is_looked_at_is_reported(self, waited, monkeypatch):
        monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 0)
        run = opened()

        def end():
            run.close(SyncRun.Status.SUCCEEDED, "")
            return False

        assert waited(run, should_stop=end)[0].status == "succeeded"

    def test_lease_is_kept_meanwhile(self, waited, monkeypatch):
        monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 0)
        run, heartbeats = opened(), []

        def look(seconds):
            heartbeats.append(stored(run).heartbeat)
            age_heartbeat(10)
            if seconds == 3 * LOOK_SECONDS:
                run.close(SyncRun.Status.SUCCEEDED, "")

        waited(run, look)
        assert (len(heartbeats), heartbeats) == (3, sorted(heartbeats))
