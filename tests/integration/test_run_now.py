"""*Run now* in Django admin starts a sync through a real broker, and the page shows if no worker takes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from catalog_sync.models import SyncRequest, SyncRun
from catalog_sync.operations.jobs import WAITING_SECONDS
from sandbox.catalog.testing import CatalogProcess
from tests.integration.processes import PATIENCE_SECONDS, wait_until
from tests.integration.workers import Workers
from tests.raw_server import nobody_listens

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

START = "from catalog_sync.api import start_sync; start_sync()"
RUNS = "/admin/catalog_sync/syncrun/"
WAITING = "Waiting for a Celery worker."
OVERDUE = "No Celery worker has taken the requested sync"


@pytest.fixture(params=["TEST_REDIS_URL", "TEST_RABBITMQ_URL"], ids=["redis", "rabbitmq"])
def workers(request, catalog: CatalogProcess, tmp_path: Path) -> Iterator[Workers]:
    catalog.control.generate(20)
    workers = Workers(os.environ[request.param], catalog, tmp_path / "workers.log")
    yield workers
    workers.stop()


@pytest.fixture
def requested(workers: Workers) -> SyncRequest:
    request_sync(workers)
    return SyncRequest.objects.get()


def request_sync(workers: Workers) -> None:
    """Request a sync as the button does, in a process that uses the broker."""
    command = workers.manage("shell", "-c", START)
    _, stderr = command.communicate(timeout=PATIENCE_SECONDS)
    assert command.returncode == 0, stderr


def page(client: Client) -> str:
    return client.get(RUNS).content.decode()


def wait_a_minute() -> None:
    SyncRequest.objects.update(requested=timezone.now() - timedelta(seconds=WAITING_SECONDS))


def test_without_a_worker_the_page_shows_it_until_it_is_dismissed(workers, requested, admin_client):
    assert WAITING in page(admin_client)
    wait_a_minute()
    assert OVERDUE in page(admin_client)
    admin_client.post(f"{RUNS}requests/{requested.pk}/dismiss/")
    assert OVERDUE not in page(admin_client)
    assert workers.waiting_tasks() == 1


def test_worker_that_starts_late_takes_the_task_and_the_message_disappears(workers, requested, admin_client):
    wait_a_minute()
    assert OVERDUE in page(admin_client)
    workers.start(processes=1)
    wait_until(lambda: SyncRun.objects.filter(status="succeeded").exists(), "the sync")
    assert OVERDUE not in page(admin_client)


def test_result_backend_has_the_report(workers, requested):
    workers.start(processes=1)
    report = workers.only_result().get(timeout=PATIENCE_SECONDS)
    assert (report["status"], report["course_runs_retrieved"]) == ("succeeded", 20)


def test_result_backend_has_the_failure_and_its_message(workers, requested, catalog):
    catalog.control.fault("status", match={"path": "/api/v1/course_runs/"}, times=None, status=404)
    workers.start(processes=1)
    result = workers.only_result()
    with pytest.raises(Exception, match="failed: The Catalog answered HTTP 404"):
        result.get(timeout=PATIENCE_SECONDS)
    assert result.state == "FAILURE"


def test_task_is_sent_even_if_the_result_backend_is_down(workers):
    with nobody_listens() as address:
        workers.environment["CELERY_RESULT_BACKEND"] = address.replace("http", "redis")
        request_sync(workers)
    assert workers.waiting_tasks() == 1
