"""Several Catalogs whose pages real Celery workers read, on Redis and on RabbitMQ."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from catalog_sync.models import SyncRun
from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls
from tests.integration.processes import PATIENCE_SECONDS, ROOT, wait_until
from tests.integration.workers import PAGE_SIZE, Workers
from tests.several_catalogs.lms import PARTNER_URL, URL, lists, providers

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

KEYS = [f"course-v1:ExampleX+W{number:02}+2026" for number in range(80)]
OURS, BOTH, THEIRS = KEYS[:30], KEYS[30:50], KEYS[50:]
URLS = dict.fromkeys(OURS + BOTH, URL) | dict.fromkeys(THEIRS, PARTNER_URL)
OWNERS = dict.fromkeys(OURS + BOTH, "default") | dict.fromkeys(THEIRS, "partner")
SECOND_PAGE = str(PAGE_SIZE - 1)
# What does not depend on the broker is tested with one.
ON_REDIS = pytest.mark.parametrize("workers", ["TEST_REDIS_URL"], ids=["redis"], indirect=True)


@pytest.fixture(params=["TEST_REDIS_URL", "TEST_RABBITMQ_URL"], ids=["redis", "rabbitmq"])
def workers(request, catalogs_environment, catalog, partner, tmp_path) -> Iterator[Workers]:
    """Yield the workers of an LMS with both Catalogs. Each lists 50 course runs, and 20 of these are in both."""
    add_course_overviews(*KEYS)
    lists(catalog, *OURS, *BOTH, url=URL)
    lists(partner, *BOTH, *THEIRS, url=PARTNER_URL)
    workers = Workers(os.environ[request.param], catalog, tmp_path / "workers.log")
    workers.environment |= catalogs_environment
    yield workers
    workers.stop()


def reports_of(command: subprocess.Popen) -> list[dict]:
    """Return the report of each Catalog that a command has synced."""
    stdout, stderr = command.communicate(timeout=PATIENCE_SECONDS)
    assert stdout, stderr
    report = json.loads(stdout)
    return report.get("catalogs") or [report]


def numbers(reports: list[dict], *names: str) -> list[tuple]:
    return [tuple(report[name] for name in names) for report in reports]


class TestOneCommand:
    """``manage.py update_catalog_data --distribute``."""

    @pytest.fixture
    def reports(self, workers):
        workers.start()
        return reports_of(workers.command("--concurrency=3"))

    def test_publishes_all_urls_of_both(self, reports):
        assert marketing_urls() == URLS

    @ON_REDIS
    def test_counts_as_a_single_process_does(self, reports):
        names = ("catalog", "status", "course_runs_retrieved", "updated", "removed", "in_other_catalogs")
        assert numbers(reports, *names) == [
            ("default", "succeeded", 50, 50, 0, 0),
            ("partner", "succeeded", 50, 30, 0, 20),
        ]

    @ON_REDIS
    def test_second_sync_removes_only_what_no_catalog_has_any_more(self, reports, workers, catalog, partner):
        lists(catalog, *OURS, url=URL)
        lists(partner, *BOTH, *THEIRS[1:], url=PARTNER_URL)
        reports_of(workers.command("--concurrency=3", "--allow-removals"))
        assert marketing_urls() == URLS | dict.fromkeys(BOTH, PARTNER_URL) | {THEIRS[0]: None}


def test_two_commands_in_parallel_publish_the_url_of_the_first_catalog(workers):
    workers.start()
    commands = [workers.command(f"--catalog={name}", "--concurrency=3") for name in ("partner", "default")]
    for command in commands:
        reports_of(command)
    assert (marketing_urls(), providers()) == (URLS, OWNERS)


@ON_REDIS
def test_task_of_celery_beat_publishes_all_urls_of_both(workers):
    workers.start()
    task = ["catalog_sync.tasks.update_catalog_data", "--kwargs", '{"distribute": true, "page_size": 12}']
    call = [sys.executable, "-m", "celery", "-A", "sandbox.lms", "call", *task]
    subprocess.run(call, cwd=ROOT, env=workers.environment, check=True, capture_output=True)
    wait_until(lambda: SyncRun.objects.filter(status="succeeded").count() == 2, "the end of both sync runs")
    assert marketing_urls() == URLS


def kill_process(worker: subprocess.Popen) -> None:
    """Kill the one process in which the worker does its tasks."""
    children = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True, check=True)
    (child,) = children.stdout.split()
    os.kill(int(child), signal.SIGKILL)


def kill_worker(worker: subprocess.Popen) -> None:
    os.killpg(worker.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("workers", "kill"),
    [
        ("TEST_REDIS_URL", kill_process),
        ("TEST_RABBITMQ_URL", kill_process),
        # Redis delivers the tasks of a killed worker again only after an hour.
        ("TEST_RABBITMQ_URL", kill_worker),
    ],
    ids=["redis-process", "rabbitmq-process", "rabbitmq-worker"],
    indirect=["workers"],
)
def test_worker_killed_in_a_partition_affects_neither_catalog(workers, kill, catalog, partner):
    doomed = workers.start(processes=1)
    catalog.control.fault("hang", match={"path": COURSE_RUNS_PATH, "params": {"offset": SECOND_PAGE}})
    ours = workers.command("--catalog=default", "--concurrency=1")
    wait_until(lambda: asked_for_the_second_page(catalog), "the partition in which it is killed")
    workers.start(processes=1)
    partner.control.fault("slow", match={"path": COURSE_RUNS_PATH}, times=None, seconds=0.3)
    theirs = workers.command("--catalog=partner", "--concurrency=2")
    wait_until(lambda: asked_for_the_second_page(partner), "a partition of the other Catalog")
    kill(doomed)
    reports = [*reports_of(ours), *reports_of(theirs)]
    assert (numbers(reports, "status"), marketing_urls()) == ([("succeeded",), ("succeeded",)], URLS)


def asked_for_the_second_page(catalog) -> bool:
    return any(
        each.params.get("offset") == SECOND_PAGE for each in catalog.control.requests(COURSE_RUNS_PATH)
    )
