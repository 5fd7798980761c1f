"""``manage.py update_catalog_data`` as a process: its exit status, standard output and standard error."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog_sync.models import CatalogSyncConfig, SyncRun
from sandbox.catalog.testing import CatalogProcess
from sandbox.lms.course_overviews.models import CourseOverview
from tests.integration.processes import wait_until
from tests.processes.manage import GIVE_UP_SECONDS, Lms
from tests.raw_server import nobody_listens

COURSE_RUNS = 60
KEYS = (
    "run_id status dry_run page_size concurrency catalog bypassed_cache duration_seconds seconds_per_page pages "
    "requests retries catalog_count course_runs_retrieved course_runs_rejected course_overviews matched updated "
    "unchanged removed removals_refused not_in_lms not_in_catalog in_other_catalogs of_other_orgs failures"
).split()
SEED_AND_SYNC = """
from io import StringIO
from django.core.management import call_command
from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogSyncConfig
call_command("migrate", verbosity=0)
call_command("seed_lms", course_overviews=40, verbosity=0, stdout=StringIO())
CatalogSyncConfig.objects.create(enabled=True, retry_deadline_seconds=0)
print(update_catalog_data().status)
"""
# One process for all, since most of a command's time is that to start.
RUN_EACH = """
import json, sys
from django.core.management import execute_from_command_line
for arguments in json.loads(sys.argv[1]):
    try:
        execute_from_command_line(["manage.py", *arguments])
    except SystemExit as end:
        print("exit status", end.code, file=sys.stderr, flush=True)
"""


@pytest.fixture(scope="module")
def running_catalog():
    with CatalogProcess(runs=COURSE_RUNS) as process:
        yield process


@pytest.fixture(autouse=True)
def control(running_catalog):
    """The controls of the Catalog, without what earlier tests left."""
    running_catalog.control.clear_faults()
    running_catalog.control.clear_requests()
    return running_catalog.control


@pytest.fixture(scope="module")
def synced(running_catalog, tmp_path_factory):
    """A synced LMS that does not repeat a request: other tests prove the retries."""
    lms = Lms.of(tmp_path_factory.mktemp("synced") / "lms.sqlite3", running_catalog)
    assert lms.shell(SEED_AND_SYNC) == "succeeded\n"
    return lms


@pytest.fixture(scope="module")
def lms(synced, tmp_path_factory):
    """An LMS that every test may sync, with the defaults of the configuration."""
    lms = copy_of(synced, tmp_path_factory.mktemp("lms"))
    write(lms, f"DELETE FROM {CatalogSyncConfig._meta.db_table}")
    return lms


def copy_of(lms: Lms, folder: Path) -> Lms:
    return replace(lms, database=shutil.copy(lms.database, folder / "lms.sqlite3"))


def write(lms: Lms, sql: str, *values: str) -> None:
    with closing(sqlite3.connect(lms.database)) as database, database:
        database.execute(sql, values)


def test_complete_sync_prints_its_report_and_logs(lms, running_catalog):
    process = lms.update("--page-size", "20")
    assert process.returncode == 0
    sentence, empty, *table = process.stdout.splitlines()
    assert sentence.startswith("Updated ")
    assert (empty, [line.split()[0] for line in table]) == ("", KEYS)
    events = [word for word in process.stderr.split() if word.startswith("event=")]
    assert events == ["event=catalog_sync.started", "event=catalog_sync.finished"]
    finished = process.stderr.splitlines()[-1]
    assert [name for name in KEYS if f" {name}=" not in finished] == []
    assert "%|" not in process.stderr  # no progress bar without a terminal
    assert running_catalog.client_secret not in process.stderr + process.stdout
    assert "eyJ" not in process.stderr + process.stdout  # the beginning of every JSON Web Token


def test_json_is_one_line_with_the_report_without_a_progress_bar_on_a_terminal(lms):
    process = lms.update_on_a_terminal("--json", "--page-size", "20", "--concurrency", "3")
    assert "course runs" not in process.stderr
    assert process.stdout.count("\n") == 1
    report = json.loads(process.stdout)
    assert list(report) == [*KEYS, "changes"]
    assert (report["status"], report["page_size"], report["concurrency"]) == ("succeeded", 20, 3)
    assert report["catalog_count"] == COURSE_RUNS
    assert [name for name in KEYS[KEYS.index("pages") :] if type(report[name]) is not int] == []


def test_quiet_sync_prints_nothing_even_on_a_terminal(lms):
    process = lms.update_on_a_terminal("-v0")
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


def on_screen(text: str) -> list[str]:
    """Return the lines of a terminal that received this text."""
    lines = []
    for line in text.split("\n"):
        visible = ""
        for part in line.removesuffix("\r").split("\r"):  # each return starts to overwrite the line
            visible = part + visible[len(part) :]
        lines.append(visible.strip())
    return lines


def test_progress_bar_and_log_lines_have_lines_of_their_own_on_a_terminal(lms, control):
    control.fault("status", status=503, match={"path": "/api/", "nth": 3})
    control.fault("slow", seconds=0.3, match={"path": "/api/"}, times=None)
    text = lms.update_on_a_terminal("--page-size", "10", "--concurrency", "2", "-v2").stderr
    assert f"/{COURSE_RUNS} [" in text
    lines = [line for line in on_screen(text) if line]
    assert [
        re.sub(r"^[-0-9]{10} [0-9:,]{12} [A-Z]+ \[catalog_sync\] (\S+) .*", r"\1", line) for line in lines
    ] == [f"event=catalog_sync.{name}" for name in ("started", "request_retried", "finished")]


def test_progress_bar_can_be_hidden(lms):
    assert "course runs" not in lms.update_on_a_terminal("--no-progress").stderr


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
    assert process.stderr.startswith(f"The report could not be printed ({why}).")
    assert "Traceback" not in process.stderr


def test_sync_without_standard_error_exits_with_0(lms):
    assert lms.update_redirected("2>&-").returncode == 0


def test_wrong_usage_exits_with_2_and_names_the_option(lms):
    process = lms.update("--page-size", "abc")
    assert process.returncode == 2
    assert process.stderr.strip().endswith("--page-size must be between 1 and 10,000, or 'auto' (got abc).")


def course_overviews(lms: Lms) -> list[tuple[str, ...]]:
    columns = "id, marketing_url, modified"
    with closing(sqlite3.connect(lms.database)) as database:
        return database.execute(
            f"SELECT {columns} FROM {CourseOverview._meta.db_table} ORDER BY id"
        ).fetchall()


@pytest.mark.parametrize(
    ("setting", "prefix", "path"),
    [("api_url", "/api/v1", "/course_runs/"), ("oauth2_url", "/oauth2", "/access_token")],
)
def test_sync_without_the_catalog_or_its_token_provider_fails_in_one_sentence_and_changes_no_url(
    setting, prefix, path, synced
):
    stored = course_overviews(synced)
    with nobody_listens() as address:
        process = replace(synced, **{setting: f"{address}{prefix}"}).update("--json")
    assert process.returncode == 1
    first_line = process.stderr.splitlines()[0]
    assert first_line.startswith("CommandError: The connection to the ")
    assert f"{address}{prefix}{path}" in first_line
    assert "check" in first_line.lower()  # the remedy
    assert "Traceback" not in process.stderr
    for event in ("started", "request_failed", "finished"):
        assert f"event=catalog_sync.{event} run_id=" in process.stderr
    report = json.loads(process.stdout)
    assert (report["status"], report["matched"], report["unchanged"]) == ("failed", 0, 0)
    assert report["course_overviews"] > 0
    assert course_overviews(synced) == stored
    assert any(url for _, url, _ in stored)


def test_second_sync_exits_with_75_and_names_the_first(synced, tmp_path):
    lms = copy_of(synced, tmp_path)
    write(
        lms,
        f"UPDATE {SyncRun._meta.db_table} SET lease = 'default', holder = 'worker-7 process 4711', "
        "status = 'running', finished = NULL, started = '2026-01-02 03:04:05', heartbeat = ? "
        f"WHERE id = (SELECT MAX(id) FROM {SyncRun._meta.db_table})",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
    )
    process = lms.update("--json")
    assert (process.returncode, process.stdout) == (75, "")
    assert "worker-7 process 4711" in process.stderr
    assert "started 2026-01-02 03:04:05 UTC" in process.stderr
    assert "Traceback" not in process.stderr


def test_quiet_sync_that_fails_prints_only_the_cause(synced):
    with nobody_listens() as address:
        process = replace(synced, api_url=f"{address}/api/v1").update("-v0")
    assert (process.returncode, process.stdout) == (1, "")
    assert re.fullmatch(r"CommandError: The connection to the .*\n", process.stderr)


def test_other_commands_print_the_cause_before_log_lines(synced):
    commands = [("catalog_sync_status", "--connect"), ("tune_page_size",)]
    with nobody_listens() as address:
        process = replace(synced, api_url=f"{address}/api/v1").python(RUN_EACH, json.dumps(commands))
    *printed, end = process.stderr.split("exit status 1\n")
    assert (len(printed), end) == (len(commands), "")
    for stderr in printed:
        assert stderr.startswith("CommandError: The connection to the Catalog was refused. Check ")
        assert "event=catalog_sync.request_failed" in stderr


def test_ctrl_c_exits_with_130_and_closes_the_sync_run(lms, control):
    control.fault("hang", match={"params": {"offset": "19"}}, times=None)
    process = lms.start_update("--json", "--page-size", "20", "--concurrency", "1")
    wait_until(lambda: any(each.params.get("offset") == "19" for each in control.requests()), "the request")
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=GIVE_UP_SECONDS)
    assert process.returncode == 130
    report = json.loads(stdout)
    assert (report["status"], report["pages"]) == ("canceled", 1)
    assert "stopped" in stderr.splitlines()[0]
    assert "event=catalog_sync.finished" in stderr
    assert "Traceback" not in stderr


def test_second_ctrl_c_exits_with_130_without_a_traceback(lms, tmp_path):
    process = replace(copy_of(lms, tmp_path), settings="tests.processes.settings_with_ctrl_c").update()
    assert process.returncode == 130
    assert process.stderr.startswith("Interrupted by Ctrl-C. The changes so far are kept")
    assert "Traceback" not in process.stderr


def test_database_without_tables_is_one_sentence(running_catalog, tmp_path):
    process = Lms.of(tmp_path / "lms.sqlite3", running_catalog).update()
    assert process.returncode == 1
    assert "manage.py lms migrate catalog_sync" in process.stderr
    assert "Traceback" not in process.stderr
