"""``manage.py update_catalog_data`` as Jenkins sees it: a process, its exit status and its two outputs."""

from __future__ import annotations

import json
import shutil

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.raw_server import nobody_listens
from tests.unit.management.manage import Lms

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
    """The database of an LMS with course overviews and without links, to copy."""
    lms = Lms.of(tmp_path_factory.mktemp("seeded") / "lms.sqlite3", running_catalog)
    for arguments in (["migrate", "--verbosity", "0"], ["seed_lms", "--course-overviews", "40"]):
        process = lms.manage(*arguments)
        assert process.returncode == 0, process.stderr
    return lms.database


@pytest.fixture(scope="module")
def lms(running_catalog, seeded_database, tmp_path_factory):
    """An LMS that is only looked at, or synced as often as anybody likes."""
    database = tmp_path_factory.mktemp("lms") / "lms.sqlite3"
    return Lms.of(shutil.copy(seeded_database, database), running_catalog)


@pytest.fixture(scope="module")
def synced_lms(lms):
    assert lms.update().returncode == 0
    return lms


class TestSuccess:
    """A sync that is complete."""

    @pytest.fixture(scope="class")
    @classmethod
    def process(cls, lms):
        return lms.update("--page-size", "20")

    def test_exits_with_0(self, process):
        assert process.returncode == 0

    def test_prints_the_report(self, process):
        assert [line.split()[0] for line in process.stdout.splitlines()] == KEYS

    def test_logs_its_start_and_its_finish_to_stderr(self, process):
        events = [word for word in process.stderr.split() if word.startswith("event=")]
        assert events == ["event=catalog_sync.started", "event=catalog_sync.finished"]

    def test_finish_has_every_number_of_the_report(self, process):
        finished = process.stderr.splitlines()[-1]
        assert [name for name in KEYS if f" {name}=" not in finished] == []

    def test_shows_no_progress_bar_off_a_terminal(self, process):
        assert "%|" not in process.stderr

    def test_shows_no_token(self, process):
        # Every JSON Web Token starts so.
        assert "eyJ" not in process.stderr + process.stdout

    def test_shows_no_secret(self, process, running_catalog):
        assert running_catalog.client_secret not in process.stderr + process.stdout


class TestJson:
    """``--json``."""

    @pytest.fixture(scope="class")
    @classmethod
    def process(cls, lms):
        return lms.update("--json", "--page-size", "20", "--concurrency", "3")

    def test_is_one_line_and_nothing_else(self, process):
        assert process.stdout.count("\n") == 1

    def test_has_the_keys_of_the_report(self, process):
        assert list(json.loads(process.stdout)) == KEYS

    @pytest.mark.parametrize(
        ("name", "value"),
        [("status", "succeeded"), ("page_size", 20), ("concurrency", 3), ("catalog_count", COURSE_RUNS)],
    )
    def test_has_the_values_of_the_run(self, name, value, process):
        assert json.loads(process.stdout)[name] == value

    def test_has_whole_numbers_where_things_are_counted(self, process):
        report = json.loads(process.stdout)
        counted = KEYS[KEYS.index("pages") :]
        assert [name for name in counted if type(report[name]) is not int] == []


class TestTerminal:
    """The progress bar."""

    def test_is_shown_on_a_terminal(self, lms):
        assert f"{COURSE_RUNS}/{COURSE_RUNS}" in lms.update_on_a_terminal()

    @pytest.mark.parametrize("option", ["--no-progress", "--json"])
    def test_is_left_out_if_somebody_asks(self, option, lms):
        assert f"/{COURSE_RUNS}" not in lms.update_on_a_terminal(option)


class TestUnwritable:
    """Nobody can write to standard output: a full disk, a reader that has gone, none from the start."""

    @pytest.fixture(
        scope="class",
        params=[
            (">/dev/full", "No space left on device"),
            ("> >(true)", "Broken pipe"),
            (">&-", "Standard output is closed"),
        ],
        ids=lambda param: param[1],
    )
    @classmethod
    def why_and_process(cls, request, lms):
        redirection, why = request.param
        return why, lms.update_redirected(redirection)

    def test_exits_with_0(self, why_and_process):
        assert why_and_process[1].returncode == 0

    def test_says_so_in_its_last_line(self, why_and_process):
        why, process = why_and_process
        assert process.stderr.splitlines()[-1].startswith(f"{why}: the report could not be printed")

    def test_shows_no_traceback(self, why_and_process):
        assert "Traceback" not in why_and_process[1].stderr


def test_sync_without_standard_error_exits_with_0(lms):
    assert lms.update_redirected("2>&-").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--page-size", "0"], "page size must be from 1 to 10,000, or auto, not 0"),
        (["--page-size", "10001"], "page size must be from 1 to 10,000, or auto, not 10001"),
        (["--page-size", "-1"], "page size must be from 1 to 10,000, or auto, not -1"),
        (["--page-size", "abc"], "argument --page-size"),
        (["--course-key", "nonsense"], "'nonsense' is not a course key"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(arguments, message, lms):
    process = lms.update(*arguments)
    assert (process.returncode, message in process.stderr) == (2, True)


class TestCatalogDown:
    """Nobody listens where the Catalog, or its token provider, should be; the LMS has links from before."""

    @pytest.fixture(scope="class", params=["/api/v1/course_runs/", "/oauth2/access_token"])
    @classmethod
    def down(cls, request, synced_lms, running_catalog, tmp_path_factory):
        """The URL that is away, what the LMS had stored before, and how its sync ended."""
        database = shutil.copy(synced_lms.database, tmp_path_factory.mktemp("down") / "lms.sqlite3")
        with nobody_listens() as address:
            if "api" in request.param:
                lms = Lms(database, f"{address}/api/v1", running_catalog.oauth2_url)
            else:
                lms = Lms(database, running_catalog.api_url, f"{address}/oauth2")
            # Once is enough: how a sync tries again is tested elsewhere.
            lms.shell(
                "from catalog_sync.models import CatalogSyncConfig\n"
                "CatalogSyncConfig.objects.create(enabled=True, retry_deadline_seconds=0)"
            )
            yield f"{address}{request.param}", lms, lms.shell(STORED), lms.update("--json")

    def test_report_counts_no_course_that_was_not_met(self, down):
        report = json.loads(down[3].stdout)
        assert (report["matched"], report["unchanged"]) == (0, 0)

    def test_report_tells_how_many_course_overviews_there_are(self, down):
        assert json.loads(down[3].stdout)["course_overviews"] > 0

    def test_exits_with_1(self, down):
        assert down[3].returncode == 1

    def test_names_the_url_in_its_last_line(self, down):
        assert down[0] in down[3].stderr.splitlines()[-1]

    def test_says_what_to_do_in_its_last_line(self, down):
        assert ": check " in down[3].stderr.splitlines()[-1]

    def test_says_it_in_one_sentence(self, down):
        message = down[3].stderr.splitlines()[-1].removeprefix("CommandError: ")
        assert message.endswith(".")
        assert message.count(". ") == 0

    def test_shows_no_traceback(self, down):
        assert "Traceback" not in down[3].stderr

    @pytest.mark.parametrize("event", ["started", "request_failed", "finished"])
    def test_logs(self, event, down):
        assert f"event=catalog_sync.{event} run_id=" in down[3].stderr

    def test_reports_the_failure(self, down):
        assert json.loads(down[3].stdout)["status"] == "failed"

    def test_leaves_every_stored_url_untouched(self, down):
        _, lms, stored, _ = down
        assert lms.shell(STORED) == stored


class TestLease:
    """Another sync is running."""

    @pytest.fixture(scope="class")
    @classmethod
    def process(cls, seeded_database, running_catalog, tmp_path_factory):
        database = tmp_path_factory.mktemp("leased") / "lms.sqlite3"
        lms = Lms.of(shutil.copy(seeded_database, database), running_catalog)
        lms.shell(
            "from catalog_sync.models import SyncRun\n"
            "SyncRun.objects.create(lease='default', holder='worker-7 process 4711')\n"
            "from datetime import UTC, datetime\n"
            "SyncRun.objects.update(started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))"
        )
        return lms.update("--json")

    def test_exits_with_75(self, process):
        assert process.returncode == 75

    def test_names_the_holder(self, process):
        assert "worker-7 process 4711" in process.stderr

    def test_says_since_when(self, process):
        assert "started 2026-01-02 03:04:05 UTC" in process.stderr

    def test_shows_no_traceback(self, process):
        assert "Traceback" not in process.stderr

    def test_reports_nothing(self, process):
        assert process.stdout == ""


def test_of_three_at_once_one_syncs(lms, running_catalog):
    """The first holds the lease for as long as the Catalog lets it wait: until the others have come."""
    running_catalog.control.fault("slow", seconds=8, match={"path": "/api/"})
    assert lms.update_at_once(3) == [0, 75, 75]


class TestNoTables:
    """A database that was never migrated."""

    @pytest.fixture(scope="class")
    @classmethod
    def process(cls, running_catalog, tmp_path_factory):
        return Lms.of(tmp_path_factory.mktemp("new") / "lms.sqlite3", running_catalog).update()

    def test_exits_with_1(self, process):
        assert process.returncode == 1

    def test_says_what_to_do(self, process):
        assert "Run manage.py migrate catalog_sync, then run the command again." in process.stderr

    def test_shows_no_traceback(self, process):
        assert "Traceback" not in process.stderr
