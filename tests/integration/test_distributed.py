"""A sync shared by real Celery workers, on Redis and on RabbitMQ."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from sandbox.catalog.testing import COURSE_RUNS_PATH, CatalogProcess
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.processes import PATIENCE_SECONDS, age_heartbeat, wait_until
from tests.integration.workers import PrivateRabbitMq, PrivateRedis, Workers

RUNS = 120

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["TEST_REDIS_URL", "TEST_RABBITMQ_URL"], ids=["redis", "rabbitmq"])
def workers(request, catalog: CatalogProcess, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(os.environ[request.param], catalog, tmp_path / "workers.log")
    yield workers
    workers.stop()


@pytest.fixture
def course_overviews(catalog: CatalogProcess) -> None:
    keys = [f"course-v1:ExampleX+Run{number:03}+2026" for number in range(RUNS)]
    statuses = ["published", "published", "unpublished"] * (RUNS // 3)
    catalog.control.set_runs(
        {"key": key, "marketing_url": f"https://www.example.com/{key[10:]}", "status": status}
        for key, status in zip(keys, statuses, strict=True)
    )
    CourseOverviewFactory.create_batch(3)
    for key in keys:
        CourseOverviewFactory(id=key)


def report_of(command: subprocess.Popen) -> dict:
    stdout, stderr = command.communicate(timeout=PATIENCE_SECONDS)
    assert stdout, stderr
    return json.loads(stdout)


def hand_out(workers: Workers) -> subprocess.Popen:
    """Start the command, with no worker, and return when its two tasks are with the broker."""
    command = workers.command("--concurrency=2")
    wait_until(lambda: workers.waiting_tasks() == 2, "the hand-out of the tasks")
    return command


def hand_out_and_die(workers: Workers) -> None:
    command = hand_out(workers)
    command.kill()
    command.communicate()


def expected_urls(catalog: CatalogProcess) -> dict[str, str]:
    return {
        row["key"]: row["marketing_url"]
        for row in catalog.control.runs()
        if row["status"] == "published" and row["marketing_url"]
    }


def marketing_urls() -> dict[str, str]:
    shown = CourseOverview.objects.exclude(marketing_url=None).values_list("id", "marketing_url")
    return {str(key): url for key, url in shown}


def slow_pages(catalog: CatalogProcess, seconds: float) -> None:
    catalog.control.fault("slow", match={"path": COURSE_RUNS_PATH}, times=None, seconds=seconds)


def test_workers_bring_every_marketing_url(workers, catalog, course_overviews):
    workers.start()
    report_of(workers.command("--concurrency=3"))
    assert marketing_urls() == expected_urls(catalog)


def test_the_numbers_are_those_of_a_single_process(workers, catalog, course_overviews):
    workers.start()
    report = report_of(workers.command("--concurrency=3"))
    names = ("status", "course_runs_retrieved", "matched", "updated", "not_in_lms", "not_in_catalog")
    updated = len(expected_urls(catalog))
    assert [report[name] for name in names] == ["succeeded", RUNS, RUNS, updated, 0, 3]


def test_no_more_requests_are_in_flight_than_concurrency_allows(workers, catalog, course_overviews):
    workers.start(processes=4)
    seconds = 0.3
    slow_pages(catalog, seconds)
    report_of(workers.command("--concurrency=2"))
    starts = [request.at for request in catalog.control.requests(COURSE_RUNS_PATH)]
    assert max(sum(start <= other < start + seconds for other in starts) for start in starts) <= 2


def test_an_automatic_page_size_is_kept_for_the_next_run(workers, catalog, course_overviews):
    workers.start()
    command = workers.manage("update_catalog_data", "--json", "--distribute", "--page-size=auto")
    report = report_of(command)
    assert SyncRun.objects.get().next_page_size == report["page_size"]


@pytest.mark.parametrize("workers", ["TEST_REDIS_URL"], ids=["redis"], indirect=True)
def test_tasks_that_wait_for_a_worker_keep_the_lease(workers, catalog, course_overviews):
    hand_out_and_die(workers)
    age_heartbeat()
    assert update_catalog_data(changed=True).status == "skipped"


@pytest.mark.parametrize("workers", ["TEST_REDIS_URL"], ids=["redis"], indirect=True)
def test_length_of_the_list_is_known_before_a_worker_is_free(workers, catalog, course_overviews):
    hand_out_and_die(workers)
    assert SyncRun.objects.get().catalog_count == RUNS


@pytest.mark.parametrize("workers", ["TEST_REDIS_URL"], ids=["redis"], indirect=True)
def test_list_of_one_page_is_shared_too(workers, catalog, course_overviews):
    catalog.control.delete([row["key"] for row in catalog.control.runs()[2:]])
    workers.start()
    report = report_of(workers.command("--concurrency=3"))
    assert (report["status"], report["course_runs_retrieved"]) == ("succeeded", 2)


def test_task_that_ends_in_an_error_of_its_own_ends_the_run(workers, catalog, course_overviews, monkeypatch):
    with monkeypatch.context() as patch:
        settings = "tests.integration.settings_that_break_tasks"
        patch.setitem(workers.environment, "DJANGO_SETTINGS_MODULE", settings)
        workers.start()
    status = report_of(workers.command("--concurrency=3"))["status"]
    message = SyncRun.objects.get().message
    assert (status, message) == (
        "failed",
        "A Celery task of this sync run failed. See the traceback in the worker's log.",
    )


def test_a_page_whose_process_is_killed_is_read_by_another(workers, catalog, course_overviews):
    worker = workers.start()
    slow_pages(catalog, 0.3)
    command = workers.command("--concurrency=2")
    wait_until(lambda: len(catalog.control.requests(COURSE_RUNS_PATH)) > 4, "a page's request")
    children = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=True)
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)
    status = report_of(command)["status"]
    assert (status, marketing_urls()) == ("succeeded", expected_urls(catalog))


@pytest.mark.parametrize("workers", ["TEST_RABBITMQ_URL"], ids=["rabbitmq"], indirect=True)
def test_what_a_killed_worker_had_goes_to_another_worker(workers, catalog, course_overviews):
    worker = workers.start()
    slow_pages(catalog, 0.3)
    command = workers.command("--concurrency=2")
    wait_until(lambda: len(catalog.control.requests(COURSE_RUNS_PATH)) > 4, "a page's request")
    os.killpg(worker.pid, signal.SIGKILL)
    workers.start()
    status = report_of(command)["status"]
    assert (status, marketing_urls()) == ("succeeded", expected_urls(catalog))


def test_a_terminated_command_ends_the_run_in_the_workers_too(workers, catalog, course_overviews):
    workers.start()
    slow_pages(catalog, 0.5)
    command = workers.command("--concurrency=2")
    wait_until(CatalogCourseRun.objects.exists, "the first page")
    command.send_signal(signal.SIGTERM)
    report_of(command)
    asked = len(catalog.control.requests(COURSE_RUNS_PATH))
    time.sleep(2)
    # Those that were in flight may end; no new page is begun.
    assert len(catalog.control.requests(COURSE_RUNS_PATH)) <= asked + 2


def test_no_secret_reaches_the_broker_or_the_result_backend(workers, catalog, course_overviews):
    # Without a worker the tasks stay where they are, to be looked at.
    command = hand_out(workers)
    command.send_signal(signal.SIGTERM)
    report_of(command)
    queue = workers.environment["CELERY_TASK_DEFAULT_QUEUE"]
    messages = _messages(workers.environment["CELERY_BROKER_URL"], queue)
    assert messages
    assert not any(catalog.client_secret in message for message in messages)


def _messages(broker_url: str, queue: str) -> list[str]:
    from kombu import Connection

    messages = []
    with Connection(broker_url) as broker:
        simple_queue = broker.SimpleQueue(queue)
        while len(messages) < 2:
            message = simple_queue.get(timeout=5)
            messages.append(f"{message.payload}{message.headers}")
            message.ack()
        simple_queue.close()
    return messages


def test_a_broker_that_is_restarted_costs_no_marketing_url(catalog, course_overviews, tmp_path):
    redis = PrivateRedis(tmp_path)
    redis.start()
    workers = Workers(redis.url, catalog, tmp_path / "workers.log")
    workers.environment["CELERY_RESULT_BACKEND"] = redis.url
    try:
        workers.start()
        slow_pages(catalog, 0.5)
        command = workers.command("--concurrency=2")
        wait_until(CatalogCourseRun.objects.exists, "the first page")
        redis.kill()
        redis.start()
        # Celery may hand a task out again only after an hour; an operator does not wait for that.
        command.send_signal(signal.SIGTERM)
        report_of(command)
        catalog.control.clear_faults()
        status = update_catalog_data().status
    finally:
        workers.stop()
        redis.kill()
    assert (status, marketing_urls()) == ("succeeded", expected_urls(catalog))


def test_a_run_outlives_a_broker_that_is_restarted(catalog, course_overviews, tmp_path):
    rabbitmq = PrivateRabbitMq(tmp_path)
    rabbitmq.start()
    workers = Workers(rabbitmq.url, catalog, tmp_path / "workers.log")
    try:
        workers.start()
        slow_pages(catalog, 0.5)
        command = workers.command("--concurrency=2")
        wait_until(CatalogCourseRun.objects.exists, "the first page")
        rabbitmq.kill()
        rabbitmq.start()
        report = report_of(command)
    finally:
        workers.stop()
        rabbitmq.kill()
    assert (report["status"], marketing_urls()) == ("succeeded", expected_urls(catalog))


def test_a_dead_broker_is_told_in_one_sentence(workers, catalog, course_overviews):
    workers.environment["CELERY_BROKER_URL"] = "amqp://guest:guest@127.0.0.1:1//"
    _, stderr = workers.command().communicate(timeout=PATIENCE_SECONDS)
    last = stderr.strip().splitlines()[-1]
    assert "broker or result backend cannot be reached" in last
    assert "Traceback" not in stderr
