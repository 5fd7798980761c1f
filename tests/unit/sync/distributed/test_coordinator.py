"""A sync with Celery workers, but without real workers: the tasks, and the command that waits for them."""

from __future__ import annotations

import pytest
from celery import Celery, current_app
from celery.backends.base import DisabledBackend
from celery.backends.redis import RedisBackend
from django.db.models import F

from catalog_sync import conf
from catalog_sync.api import update_catalog_data
from catalog_sync.models import SyncRun
from catalog_sync.store import lease
from catalog_sync.sync.distributed import coordinator
from catalog_sync.sync.distributed.coordinator import (
    PATIENCE_SECONDS,
    POLL_SECONDS,
    give_up,
    wait_for_workers,
)
from catalog_sync.sync.distributed.partitions import plan
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.runner import Run, Stopped
from catalog_sync.sync.statistics import newest_stored_id
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls, published_urls
from tests.integration.processes import age_heartbeat
from tests.raw_server import nobody_listens
from tests.unit.sync.sync_runs import concluded, opened, read, stored

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = 60
PAGE_SIZE = 12
OPTIONS = {"page_size": PAGE_SIZE, "concurrency": 3}
TIMEOUTS = {"request_timeout_seconds": 30, "retry_deadline_seconds": 10}


class TestCelerySettings:
    def message(self):
        report = update_catalog_data(distribute=True)
        assert report.status == "failed"
        return report.message

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("CELERY_BROKER_URL", None),
            ("CELERY_BROKER_URL", "memory://"),
            ("CELERY_TASK_ALWAYS_EAGER", True),
        ],
    )
    def test_without_a_broker_are_refused(self, setting, value, broker, catalog, settings):
        setattr(settings, setting, value)
        add_course_overviews("course-v1:ExampleX+C1+2026")
        report = update_catalog_data(distribute=True)
        assert report.message.startswith("No Celery broker or no result backend is configured")
        assert (report.status, report.course_overviews) == ("failed", 1)

    def test_without_a_result_backend_are_refused(self, broker, catalog, monkeypatch):
        monkeypatch.setattr(Celery, "backend", property(DisabledBackend))
        assert "Set CELERY_BROKER_URL and CELERY_RESULT_BACKEND" in self.message()

    def test_without_the_client_of_the_result_backend_are_refused(self, broker, catalog, monkeypatch):
        def fail(app):
            raise ImportError("No module named 'pymongo'")

        monkeypatch.setattr(Celery, "backend", property(fail))
        assert self.message().startswith(
            "The Celery result backend cannot be used (No module named 'pymongo')"
        )

    def test_with_a_result_backend_that_is_down_are_refused_at_once(
        self, broker, catalog, monkeypatch, caplog
    ):
        with nobody_listens() as address:
            url = address.replace("http://", "redis://:secret@")
            backend = RedisBackend(app=current_app._get_current_object(), url=url)
            monkeypatch.setattr(Celery, "backend", property(lambda app: backend))
            message = self.message()
        assert message.startswith(f"The result backend {url.replace('secret', '**')}")
        assert " cannot be reached (" in message
        assert message.endswith("). Start it, or sync without --distribute.")
        assert "celery.backends" not in {record.name for record in caplog.records}


def test_interrupt_before_the_pages_are_sent_cancels_the_sync_run(broker, catalog):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_catalog_data(distribute=True, should_stop=interrupt)
    run = SyncRun.objects.get()
    assert (run.status, run.message) == ("canceled", str(Stopped()))


def planned(run: Run, count: int = RUNS):
    return plan(run, PAGE_SIZE, count, newest_stored_id())


@pytest.fixture
def course_runs(catalog):
    """60 course runs in the Catalog, 40 of them with a marketing URL, and in the LMS."""
    keys = [f"course-v1:ExampleX+Run{number:03}+2026" for number in range(RUNS)]
    statuses = ["published", "published", "unpublished"] * (RUNS // 3)
    catalog.control.set_runs(
        {"key": key, "marketing_url": f"https://www.example.com/{key[10:]}", "status": status}
        for key, status in zip(keys, statuses, strict=True)
    )
    add_course_overviews(*keys)


@pytest.fixture
def run(course_runs):
    return opened(**OPTIONS)


@pytest.fixture
def partitions(run):
    return planned(run)


def refuse_everything(catalog):
    catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)


class TestConclude:
    def test_applies_and_counts_all_partitions(self, run, partitions, catalog):
        SyncRun.objects.update(requests=100, retries=7)  # those of the command
        ended = concluded(run, read(*partitions))
        assert (ended.status, ended.catalog_count, ended.retries) == ("succeeded", RUNS, 7)
        assert ended.requests > 100
        assert marketing_urls().items() >= published_urls(catalog).items()

    def test_counts_the_list_even_if_nothing_changed(self, run, partitions):
        concluded(run, read(*partitions))
        again = opened(**OPTIONS)
        assert concluded(again, read(*planned(again))).catalog_count == RUNS

    @pytest.mark.parametrize("status", [403, 400])
    def test_names_a_cause_once_if_no_page_could_be_read(self, status, run, partitions, catalog, caplog):
        SyncRun.objects.update(catalog_count=RUNS)
        catalog.control.fault(
            "status", match={"params": {"limit": str(PAGE_SIZE)}}, times=None, status=status
        )
        ended = concluded(run, read(*partitions))
        assert (ended.status, ended.catalog_count, ended.failures) == ("failed", RUNS, 3)
        assert ended.message.count(f"HTTP {status}") == 1
        logged = "event=catalog_sync.not_applied"
        assert (caplog.text.count(logged), ended.log_lines.count(logged)) == (1, 1)

    def test_keeps_the_numbers_of_a_sync_run_that_was_canceled(self, run, partitions):
        outcomes = read(*partitions)
        SyncRun.objects.update(cancel_requested=True)
        ended = concluded(run, outcomes)
        assert (ended.status, ended.course_runs_retrieved, ended.updated) == ("canceled", RUNS, RUNS * 2 // 3)

    def test_changes_and_logs_nothing_the_second_time(self, run, partitions, caplog):
        caplog.set_level("INFO")
        outcomes = read(*partitions)
        concluded(run, outcomes)
        before = SyncRun.objects.values().get()
        concluded(run, outcomes[:1])
        assert SyncRun.objects.values().get() == before
        assert caplog.text.count("catalog_sync.finished") == 1

    @pytest.mark.parametrize(
        ("returned", "status"),
        [(case, "incomplete") for case in ([0, 1, 1], [0, 0, 2], [1, 2, 2])] + [([0, 1, 2, 1], "succeeded")],
    )
    def test_counts_an_outcome_once_and_misses_none(self, returned, status, run, partitions):
        ended = concluded(run, read(*(partitions[index] for index in returned)))
        assert ended.status == status
        assert (ended.course_runs_retrieved == RUNS) is (status == "succeeded")

    @pytest.mark.parametrize(("allowed", "status"), [(False, "refused"), (True, "succeeded")])
    def test_refuses_removals_unless_the_command_allows_them(self, allowed, status, run, partitions, catalog):
        concluded(run, read(*partitions))
        catalog.control.delete([row["key"] for row in catalog.control.runs()[1:]])
        again = opened(**OPTIONS)
        assert concluded(again, read(*planned(again, 1)), allow_removals=allowed).status == status

    def test_reads_course_runs_that_moved_between_two_partitions(self, run, partitions, catalog):
        outcomes = read(partitions[0])
        catalog.control.delete([row["key"] for row in catalog.control.runs()[:5]])
        concluded(run, outcomes + read(*partitions[1:]))
        assert marketing_urls().items() >= published_urls(catalog).items()

    def test_is_incomplete_if_course_runs_between_two_partitions_cannot_be_read(
        self, run, partitions, catalog
    ):
        outcomes = read(partitions[0])
        catalog.control.delete([row["key"] for row in catalog.control.runs()[:5]])
        outcomes += read(*partitions[1:])
        further_back = str(partitions[1].start - PAGE_SIZE // 2)
        catalog.control.fault("status", match={"params": {"offset": further_back}}, times=None, status=400)
        assert concluded(run, outcomes).status == SyncRun.Status.INCOMPLETE

    def test_bypasses_the_cache_in_each_process(self, course_runs, catalog):
        run = opened(**OPTIONS, bypass_cache=True)
        concluded(run, read(*planned(run)))
        assert all("bypass_cache" in each.query for each in catalog.control.requests(COURSE_RUNS_PATH))
        assert stored(run).bypassed_cache


class TestTakePartition:
    def test_writes_a_partition_once_if_it_is_delivered_twice(self, partitions):
        first, second = read(partitions[1], partitions[1])
        assert (first["report"]["updated"] > 0, second["report"]["updated"]) == (True, 0)

    @pytest.mark.parametrize("status", [SyncRun.Status.FAILED, SyncRun.Status.SUCCEEDED])
    def test_sends_no_request_if_the_sync_run_has_ended(self, status, run, partitions, catalog):
        run.close(status, "it is over")
        [outcome] = read(partitions[0])
        assert outcome["failures"] == ["the sync run had ended before this partition was read"]
        assert catalog.control.requests(COURSE_RUNS_PATH) == []

    def test_returns_the_outcome_even_if_the_lease_is_lost(self, run, partitions, catalog):
        refuse_everything(catalog)
        SyncRun.objects.update(lease=None)
        [outcome] = read(partitions[0])
        assert outcome["failures"]


class TestGiveUp:
    def test_fails_the_sync_run_and_keeps_its_numbers(self, run, partitions):
        read(partitions[0])
        before = stored(run).pages
        give_up(run.lease.run_id)
        ended = stored(run)
        assert (ended.status, ended.pages) == ("failed", before)
        assert before > 0
        assert ended.message.startswith("A Celery task of this sync run failed. See the traceback")

    @pytest.mark.parametrize("status", [SyncRun.Status.FAILED, SyncRun.Status.SUCCEEDED])
    def test_does_not_change_a_sync_run_that_has_ended(self, status, run, caplog):
        caplog.set_level("INFO")
        run.close(status, "it is over")
        give_up(run.lease.run_id)
        concluded(run, [])
        assert (stored(run).message, caplog.text.count("catalog_sync.finished")) == ("it is over", 1)


class Clock:
    """The time during which a waiting command sleeps."""

    def __init__(self, at_each_sleep):
        self.seconds, self._at_each_sleep = 0.0, at_each_sleep

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds
        self._at_each_sleep(self.seconds)


class TestWaitForWorkers:
    @pytest.fixture
    def wait(self, monkeypatch):
        """Return a function that waits for a sync run; ``meanwhile`` is called at each sleep."""
        monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 0)

        def wait(run, meanwhile=lambda seconds: None, **options):
            clock = Clock(meanwhile)
            monkeypatch.setattr(coordinator, "time", clock)
            requested = SyncOptions.of(conf.catalogs()[0], **TIMEOUTS, **options)
            return wait_for_workers(run.report, requested), clock.seconds

        return wait

    def test_reports_progress_and_the_stored_numbers_and_keeps_the_lease(self, wait):
        run, progress, heartbeats = opened(), [], []

        def work(seconds):
            heartbeats.append(stored(run).heartbeat)
            age_heartbeat(10)
            if seconds == 2 * POLL_SECONDS:
                SyncRun.objects.update(pages=1, course_runs_retrieved=12, catalog_count=60)
            if seconds == 5 * POLL_SECONDS:
                run.report.pages, run.report.course_runs_retrieved, run.report.updated = 4, 40, 3
                run.close(SyncRun.Status.SUCCEEDED, "")

        report, _ = wait(run, work, on_progress=lambda *numbers: progress.append(numbers))
        assert (report.run_id, report.status, report.updated) == (run.lease.run_id, "succeeded", 3)
        assert progress == [(0, 0), (12, 60)]
        assert (len(heartbeats), heartbeats) == (5, sorted(heartbeats))

    def test_reports_progress_before_it_stops(self, wait):
        run, progress = opened(), []
        SyncRun.objects.update(pages=1, course_runs_retrieved=12, catalog_count=60)
        report, seconds = wait(
            run, should_stop=lambda: True, on_progress=lambda *numbers: progress.append(numbers)
        )
        assert (report.status, report.message, seconds) == ("canceled", str(Stopped()), 0)
        assert progress == [(12, 60)]

    def test_fails_if_no_page_is_written_for_the_longest_time_of_a_request(self, wait):
        report, seconds = wait(opened())
        patience = PATIENCE_SECONDS + sum(TIMEOUTS.values())
        assert (report.status, patience < seconds <= patience + 2 * POLL_SECONDS) == ("failed", True)
        assert report.message == (
            "No Celery worker has written a page for 100 s. Start a worker for queue celery, or sync without "
            "--distribute."
        )

    def test_points_to_the_workers_if_they_stop_midway(self, wait):
        report, _ = wait(opened(), lambda seconds: SyncRun.objects.update(pages=3))
        assert report.message == (
            "No Celery worker has written a page for 100 s, after 3 of them. Check whether the workers of queue celery "
            "have died (see their log), then run the command again."
        )

    def test_counts_the_courses_of_a_sync_run_without_workers(self, wait):
        add_course_overviews(*(f"course-v1:ExampleX+C{number}+2026" for number in range(4)))
        assert wait(opened())[0].course_overviews == 4

    def test_waits_the_same_time_for_each_page(self, wait):
        def write(seconds):
            if seconds % 90 == 0 and seconds < 400:
                SyncRun.objects.update(pages=F("pages") + 1)

        assert wait(opened(), write)[1] > 360 + 100

    def test_ends_if_the_sync_run_is_canceled(self, wait):
        report, _ = wait(opened(), lambda _: SyncRun.objects.update(cancel_requested=True))
        assert (report.status, "was canceled" in report.message) == ("canceled", True)

    def test_reports_a_sync_run_that_ends_between_two_queries(self, wait):
        run = opened()

        def end():
            run.close(SyncRun.Status.SUCCEEDED, "")
            return False

        assert wait(run, should_stop=end)[0].status == "succeeded"
