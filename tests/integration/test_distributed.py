"""``--distribute`` has the result of a single process, whichever worker, process or broker is killed meanwhile."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRequest, SyncRun
from catalog_sync.store.lease import Lease
from sandbox.catalog.testing import COURSE_RUNS_PATH, CatalogProcess
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.lms import marketing_urls, published_urls
from tests.integration.processes import PATIENCE_SECONDS, age_heartbeat, wait_until
from tests.integration.workers import PAGE_SIZE, PrivateRabbitMq, PrivateRedis, Workers

RUNS = 120
CONCLUDED = re.compile(r"conclude_sync\[.*\] (succeeded|raised).*")

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["TEST_REDIS_URL", "TEST_RABBITMQ_URL"], ids=["redis", "rabbitmq"])
def workers(request, catalog: CatalogProcess, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(os.environ[request.param], catalog, tmp_path / "workers.log")
    yield workers
    workers.stop()


ON_RABBITMQ = pytest.mark.parametrize("workers", ["TEST_RABBITMQ_URL"], ids=["rabbitmq"], indirect=True)


@pytest.fixture(autouse=True)
def course_overviews(catalog: CatalogProcess) -> None:
    keys = [f"course-v1:ExampleX+Run{number:03}+2026" for number in range(RUNS)]
    statuses = ["published", "published", "unpublished"] * (RUNS // 3)
    catalog.control.set_runs(
        {"key": key, "marketing_url": f"https://www.example.com/{key[10:]}", "status": status}
        for key, status in zip(keys, statuses, strict=True)
    )
    rows = [CourseOverviewFactory.build(id=key) for key in keys] + CourseOverviewFactory.build_batch(3)
    CourseOverview.objects.bulk_create(rows)


def report_of(command: subprocess.Popen) -> dict:
    stdout, stderr = command.communicate(timeout=PATIENCE_SECONDS)
    assert stdout, stderr
    return json.loads(stdout)


def urls_of_the_lms() -> dict[str, str]:
    return {key: url for key, url in marketing_urls().items() if url}


def requested_pages(catalog: CatalogProcess) -> list:
    return catalog.control.requests(COURSE_RUNS_PATH)


def slow_pages(catalog: CatalogProcess, seconds: float) -> None:
    catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, times=None, seconds=seconds)


def start_slow_sync(workers: Workers, catalog: CatalogProcess, seconds: float = 0.3) -> subprocess.Popen:
    """Start the command, and return when workers have written a page and are reading others."""
    slow_pages(catalog, seconds)
    command = workers.command("--concurrency=2")
    wait_until(CatalogCourseRun.objects.exists, "the first page")
    return command


def test_workers_do_what_a_single_process_does(workers, catalog):
    workers.start(processes=4)
    slow_pages(catalog, 0.3)
    report = report_of(workers.command("--concurrency=3"))
    assert urls_of_the_lms() == published_urls(catalog)
    names = ("status", "course_runs_retrieved", "matched", "updated", "not_in_lms", "not_in_catalog")
    assert [report[name] for name in names] == ["succeeded", RUNS, RUNS, len(published_urls(catalog)), 0, 3]
    starts = [request.at for request in requested_pages(catalog)]
    assert max(sum(start <= other < start + 0.3 for other in starts) for start in starts) <= 3

    catalog.control.clear_faults()
    command = workers.manage("update_catalog_data", "--json", "--distribute", "--page-size=auto")
    report = report_of(command)
    assert (report["page_size"], report["seconds_per_page"] > 0) == (100, True)

    # A list of a single page.
    catalog.control.delete([row["key"] for row in catalog.control.runs()[2:]])
    report = report_of(workers.command("--concurrency=3", "--allow-removals"))
    assert (report["status"], report["course_runs_retrieved"]) == ("succeeded", 2)
    assert urls_of_the_lms() == published_urls(catalog)


def test_tasks_without_a_worker_keep_the_lease_and_contain_no_secret(workers, catalog):
    command = workers.command("--concurrency=2")
    wait_until(lambda: workers.waiting_tasks() == 2, "the two tasks")
    command.kill()
    command.communicate()
    assert SyncRun.objects.get().catalog_count == RUNS
    age_heartbeat()
    assert update_catalog_data(changed=True).status == "skipped"
    messages = workers.take_messages(2)
    assert not any(catalog.client_secret in message for message in messages)


def test_task_that_raises_an_exception_fails_the_sync_run(workers, monkeypatch):
    with monkeypatch.context() as patch:
        settings = "tests.integration.settings_that_break_tasks"
        patch.setitem(workers.environment, "DJANGO_SETTINGS_MODULE", settings)
        workers.start()
    status = report_of(workers.command("--concurrency=3"))["status"]
    assert (status, SyncRun.objects.get().message) == (
        "failed",
        "A Celery task of this sync run failed. See the traceback in the worker's log.",
    )


def test_pages_of_a_killed_process_are_read_by_another(workers, catalog):
    worker = workers.start()
    command = start_slow_sync(workers, catalog)
    children = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=True)
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    assert report_of(command)["status"] == "succeeded"
    assert urls_of_the_lms() == published_urls(catalog)


@ON_RABBITMQ
def test_pages_of_a_killed_worker_are_read_by_another(workers, catalog):
    worker = workers.start()
    command = start_slow_sync(workers, catalog)
    os.killpg(worker.pid, signal.SIGKILL)
    workers.start()
    assert report_of(command)["status"] == "succeeded"
    assert urls_of_the_lms() == published_urls(catalog)


def test_terminated_command_also_ends_the_work_of_the_workers(workers, catalog):
    workers.start()
    command = start_slow_sync(workers, catalog, 0.5)
    command.send_signal(signal.SIGTERM)
    assert report_of(command)["status"] == "canceled"
    requested = len(requested_pages(catalog))
    # The last task follows those that read pages.
    wait_until(lambda: CONCLUDED.search(workers.log()), "the end of the last task")
    # Two requests may have been in flight.
    assert len(requested_pages(catalog)) <= requested + 2


class TestResults:
    """What the result backend of Celery has of a sync."""

    pytestmark = ON_RABBITMQ

    def test_of_a_sync_that_succeeded_is_its_report(self, workers):
        workers.start(processes=1)
        request = SyncRequest.objects.create(command="update_catalog_data")
        result = workers.send("update_catalog_data", request_id=request.pk).get(PATIENCE_SECONDS)
        assert (result["status"], result["updated"]) == ("succeeded", RUNS * 2 // 3)
        assert not SyncRequest.objects.exists()

    def test_of_a_sync_that_failed_is_a_failure_with_the_message_and_without_a_retry(self, workers, catalog):
        catalog.control.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
        workers.start(processes=1)
        results = [workers.send("update_catalog_data") for _ in range(2)]
        for result in results:
            result.get(PATIENCE_SECONDS, propagate=False)
        assert {result.state for result in results} == {"FAILURE"}
        assert "The Catalog answered HTTP 403" in str(results[0].result)
        assert (SyncRun.objects.count(), workers.waiting_tasks()) == (2, 0)

    def test_of_a_task_beside_a_running_sync_is_skipped(self, workers):
        Lease.acquire()
        workers.start(processes=1)
        result = workers.send("update_catalog_data").get(PATIENCE_SECONDS)
        assert result["status"] == "skipped"

    def test_of_the_last_task_of_an_incomplete_distributed_sync_is_a_failure(self, workers, catalog):
        second_page = {"path": COURSE_RUNS_PATH, "params": {"offset": str(PAGE_SIZE - 1)}}
        catalog.control.fault("status", match=second_page, times=None, status=400)
        workers.start(processes=2)
        assert report_of(workers.command("--concurrency=2"))["status"] == "incomplete"
        concluded = wait_until(lambda: CONCLUDED.search(workers.log()), "the end of the last task")
        assert "raised expected: SyncNotSucceeded('incomplete: Incomplete: course runs" in concluded[0]
        assert SyncRun.objects.get().status == "incomplete"


@pytest.fixture(params=[PrivateRedis, PrivateRabbitMq], ids=["redis", "rabbitmq"])
def private_broker(request, tmp_path):
    broker = request.param(tmp_path)
    broker.start()
    yield broker
    broker.kill()


def test_restart_of_the_broker_loses_no_marketing_url(private_broker, catalog, tmp_path):
    workers = Workers(private_broker.url, catalog, tmp_path / "workers.log")
    is_redis = isinstance(private_broker, PrivateRedis)
    if is_redis:
        workers.environment["CELERY_RESULT_BACKEND"] = private_broker.url
    try:
        workers.start()
        command = start_slow_sync(workers, catalog, 0.5)
        private_broker.kill()
        private_broker.start()
        if is_redis:
            # Celery may deliver a task again only after an hour, and an operator does not wait for that.
            command.send_signal(signal.SIGTERM)
            report_of(command)
            catalog.control.clear_faults()
            status = update_catalog_data().status
        else:
            status = report_of(command)["status"]
    finally:
        workers.stop()
    assert (status, urls_of_the_lms()) == ("succeeded", published_urls(catalog))


@ON_RABBITMQ
def test_unreachable_broker_is_reported_in_one_sentence(workers):
    workers.environment["CELERY_BROKER_URL"] = "amqp://guest:guest@127.0.0.1:1//"
    _, stderr = workers.command().communicate(timeout=PATIENCE_SECONDS)
    assert "broker or result backend cannot be reached" in stderr.strip().splitlines()[-1]
    assert "Traceback" not in stderr
