"""The commands in the documentation that need servers, Celery workers or curl."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from catalog_sync.api import update_catalog_data
from sandbox.lms.course_overviews.models import CourseOverview
from tests.docs.commands import ROOT, commands
from tests.factories import CourseOverviewFactory
from tests.integration.workers import Workers, database_url

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def course(catalog) -> CourseOverview:
    catalog.control.generate(30)
    return CourseOverviewFactory(id=catalog.control.runs()[0]["key"])


@pytest.fixture
def workers(course, catalog, tmp_path):
    workers = Workers(os.environ["TEST_REDIS_URL"], catalog, tmp_path / "workers.log")
    workers.start()
    yield workers
    workers.stop()


@pytest.mark.parametrize("line", [line for line in commands("manage.py") if "--distribute" in line])
def test_distributed_sync_succeeds(line, workers):
    options = shlex.split(line.partition(" update_catalog_data ")[2])
    command = workers.manage("update_catalog_data", *options)
    _, stderr = command.communicate(timeout=120)
    assert command.returncode == 0, stderr


@pytest.mark.parametrize("line", commands("python -m benchmarks"))
def test_benchmark_measures_each_way_to_read(line):
    """Use 40 course runs: 100,000 take a quarter of an hour."""
    environment = os.environ | {
        "LMS_DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": os.environ["TEST_REDIS_URL"],
        "CELERY_RESULT_BACKEND": os.environ["TEST_REDIS_URL"],
    }
    words = [sys.executable, *shlex.split(line)[1:], "40"]
    process = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert process.stdout.count(" updated ") == 5


@pytest.mark.parametrize("line", [line for line in commands("curl") if "/control/" in line])
def test_curl_controls_the_catalog(line, catalog):
    """Send the request to the Catalog of this test instead of the one of ``make serve``."""
    words = shlex.split(line.replace("http://127.0.0.1:18381", catalog.url))
    process = subprocess.run([*words, "--fail-with-body"], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout


@pytest.mark.parametrize("line", [line for line in commands("curl") if "/control/" not in line])
def test_curl_gets_the_health(line, course, live_server, settings):
    """Send the request to the LMS of this test instead of the host in the documentation."""
    settings.CATALOG_SYNC_HEALTH_TOKEN = "a long random text"
    update_catalog_data()
    process = subprocess.run(
        ["bash", "-c", line.replace("https://courses.example.com", live_server.url)],
        env=os.environ | {"TOKEN": "a long random text"},
        capture_output=True,
        text=True,
        check=True,
    )
    healthy = 'catalog_sync_healthy{catalog="default"} 1.0' if "/metrics/" in line else '"status": "ok"'
    assert healthy in process.stdout
