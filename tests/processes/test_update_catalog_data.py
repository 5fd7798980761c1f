"""``manage.py update_catalog_data`` as a process: its exit status, standard output and standard error."""

from __future__ import annotations

import json
import shutil

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.processes.manage import Lms
from tests.raw_server import nobody_listens

COURSE_RUNS = 60
KEYS = (
    "run_id status dry_run page_size concurrency catalog duration_seconds pages requests retries catalog_count "
    "course_runs_retrieved course_runs_rejected course_overviews matched updated unchanged removed not_in_lms "
    "not_in_catalog in_other_catalogs of_other_orgs failures"
).split()
STORED = """
from sandbox.lms.course_overviews.models import CourseOverview
print(*CourseOverview.objects.order_by("id").values_list("id", "marketing_url", "modified"), sep="\\n")
"""


@pytest.fixture(scope="module")
def running_catalog():
    with CatalogProcess(runs=COURSE_RUNS) as process:
        yield process


@pytest.fixture(scope="module")
def seeded_database(running_catalog, tmp_path_factory):
    """The database of an LMS with course overviews without marketing URLs, to copy."""
    lms = Lms.of(tmp_path_factory.mktemp("seeded") / "lms.sqlite3", running_catalog)
    for arguments in (["migrate", "--verbosity", "0"], ["seed_lms", "--course-overviews", "40"]):
        process = lms.manage(*arguments)
        assert process.returncode == 0, process.stderr
    return lms.database


@pytest.fixture(scope="module")
def lms(running_catalog, seeded_database, tmp_path_factory):
    """An LMS that every test may sync."""
    database = tmp_path_factory.mktemp("lms") / "lms.sqlite3"
    return Lms.of(shutil.copy(seeded_database, database), running_catalog)


def test_complete_sync_prints_its_report_and_logs(lms, running_catalog):
    process = lms.update("--page-size", "20")
    assert process.returncode == 0
    assert [line.split()[0] for line in process.stdout.splitlines()] == KEYS
    events = [word for word in process.stderr.split() if word.startswith("event=")]
    assert events == ["event=catalog_sync.started", "event=catalog_sync.finished"]
    finished = process.stderr.splitlines()[-1]
    assert [name for name in KEYS if f" {name}=" not in finished] == []
    assert "%|" not in process.stderr  # no progress bar without a terminal
    assert running_catalog.client_secret not in process.stderr + process.stdout
    assert "eyJ" not in process.stderr + process.stdout  # the beginning of every JSON Web Token


def test_json_is_one_line_with_the_report(lms):
    process = lms.update("--json", "--page-size", "20", "--concurrency", "3")
    assert process.stdout.count("\n") == 1
    report = json.loads(process.stdout)
    assert list(report) == KEYS
    assert (report["status"], report["page_size"], report["concurrency"]) == ("succeeded", 20, 3)
    assert report["catalog_count"] == COURSE_RUNS
    assert [name for name in KEYS[KEYS.index("pages") :] if type(report[name]) is not int] == []


@pytest.mark.parametrize(
    ("options", "is_shown"), [([], True), (["--no-progress"], False), (["--json"], False)]
)
def test_progress_bar_on_a_terminal(options, is_shown, lms):
    assert (f"/{COURSE_RUNS}" in lms.update_on_a_terminal(*options)) == is_shown


@pytest.mark.parametrize(
    ("redirection", "why"),
    [
        (">/dev/full", "No space left on device"),
        ("> >(true)", "Broken pipe"),
        (">&-", "Standard output is closed"),
    ],
)
def test_report_that_cannot_be_printed_does_not_change_the_exit_status(redirection, why, lms):
    process = lms.update_redirected(redirection)
    assert process.returncode == 0
    assert process.stderr.splitlines()[-1].startswith(f"The report could not be printed ({why}).")
    assert "Traceback" not in process.stderr


def test_sync_without_standard_error_exits_with_0(lms):
    assert lms.update_redirected("2>&-").returncode == 0


def test_wrong_usage_exits_with_2_and_names_the_option(lms):
    process = lms.update("--page-size", "abc")
    assert process.returncode == 2
    assert process.stderr.strip().endswith("--page-size must be between 1 and 10,000, or 'auto' (got abc).")


@pytest.mark.parametrize("path", ["/api/v1/course_runs/", "/oauth2/access_token"])
def test_sync_without_the_catalog_or_its_token_provider(
    path, lms, seeded_database, running_catalog, tmp_path
):
    """The sync fails with one sentence, and changes no URL that is stored."""
    assert lms.update().returncode == 0
    with nobody_listens() as address:
        database = shutil.copy(lms.database, tmp_path / "lms.sqlite3")
        if "api" in path:
            cut_off = Lms(database, f"{address}/api/v1", running_catalog.oauth2_url)
        else:
            cut_off = Lms(database, running_catalog.api_url, f"{address}/oauth2")
        # Other tests prove the retries.
        cut_off.shell(
            "from catalog_sync.models import CatalogSyncConfig\n"
            "CatalogSyncConfig.objects.create(enabled=True, retry_deadline_seconds=0)"
        )
        stored = cut_off.shell(STORED)
        process = cut_off.update("--json")
    assert process.returncode == 1
    last_line = process.stderr.splitlines()[-1]
    assert f"{address}{path}" in last_line
    assert "check" in last_line.lower()  # the remedy
    assert "Traceback" not in process.stderr
    for event in ("started", "request_failed", "finished"):
        assert f"event=catalog_sync.{event} run_id=" in process.stderr
    report = json.loads(process.stdout)
    assert (report["status"], report["matched"], report["unchanged"]) == ("failed", 0, 0)
    assert report["course_overviews"] > 0
    assert cut_off.shell(STORED) == stored


def test_second_sync_exits_with_75_and_names_the_first(seeded_database, running_catalog, tmp_path):
    lms = Lms.of(shutil.copy(seeded_database, tmp_path / "lms.sqlite3"), running_catalog)
    lms.shell(
        "from catalog_sync.models import SyncRun\n"
        "SyncRun.objects.create(lease='default', holder='worker-7 process 4711')\n"
        "from datetime import UTC, datetime\n"
        "SyncRun.objects.update(started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))"
    )
    process = lms.update("--json")
    assert (process.returncode, process.stdout) == (75, "")
    assert "worker-7 process 4711" in process.stderr
    assert "started 2026-01-02 03:04:05 UTC" in process.stderr
    assert "Traceback" not in process.stderr


def test_one_of_three_parallel_syncs_runs(lms, running_catalog):
    """The first holds the lease while the Catalog is slow, until the others have started."""
    running_catalog.control.fault("slow", seconds=8, match={"path": "/api/"})
    assert lms.update_in_parallel(3) == [0, 75, 75]


def test_database_without_tables_is_one_sentence(running_catalog, tmp_path):
    process = Lms.of(tmp_path / "lms.sqlite3", running_catalog).update()
    assert process.returncode == 1
    assert "manage.py migrate catalog_sync" in process.stderr
    assert "Traceback" not in process.stderr
