"""The stand-in Catalog's controls, and its process: how it starts, and that it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH, ROOT, CatalogProcess
from tests.sandbox.catalog_caller import Caller

pytest_plugins = ["tests.sandbox.catalog_fixtures"]

COMMAND = [sys.executable, "-m", "sandbox.catalog", "--port", "0"]


def test_runs_are_all_rows_in_order(stand_in: CatalogProcess) -> None:
    rows = [
        {"key": "course-v1:A+B+1", "marketing_url": None, "status": "reviewed"},
        {"key": "course-v1:A+B+2", "marketing_url": "https://x.example/", "status": "published"},
    ]
    stand_in.control.set_runs(reversed(rows))

    assert stand_in.control.runs() == rows


def test_upsert_keeps_what_it_does_not_name(stand_in: CatalogProcess) -> None:
    stand_in.control.generate(10)
    before = stand_in.control.runs()[4]
    stand_in.control.upsert([{"key": before["key"], "status": "reviewed"}])

    assert stand_in.control.runs()[4] == before | {"status": "reviewed"}


def test_upsert_does_not_change_the_full_object_either(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.generate(1)
    before = caller.runs().json["results"][0]
    stand_in.control.upsert([{"key": before["key"], "title": "New"}])

    assert caller.runs().json["results"][0] == before | {"title": "New"}


def test_upsert_adds_a_run_where_it_belongs(stand_in: CatalogProcess) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+1"}, {"key": "course-v1:A+B+3"}])
    stand_in.control.upsert([{"key": "course-v1:A+b+2"}])

    assert [row["key"][-1] for row in stand_in.control.runs()] == ["1", "2", "3"]


def test_delete_leaves_unknown_keys_alone(stand_in: CatalogProcess) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+1"}, {"key": "course-v1:A+B+3"}])
    stand_in.control.delete(["course-v1:A+B+1", "course-v1:A+B+2"])

    assert [row["key"] for row in stand_in.control.runs()] == ["course-v1:A+B+3"]


def test_a_row_without_key_is_refused(stand_in: CatalogProcess) -> None:
    with pytest.raises(ValueError, match="key"):
        stand_in.control.set_runs([{"status": "published"}])


@pytest.mark.parametrize("change", [{"lateness": True}, {"workers": "two"}])
def test_a_setting_with_a_slip_is_refused(stand_in: CatalogProcess, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="400"):
        stand_in.control.settings(**change)


def test_requests_are_logged_as_they_came(stand_in: CatalogProcess, caller: Caller) -> None:
    answer = caller.runs("limit=3&keys=a%2Bb", headers={"User-Agent": "me/1", "Host": "some.host"})

    logged = stand_in.control.requests(COURSE_RUNS_PATH)[0]
    assert (logged.method, logged.query, logged.params) == (
        "GET",
        "limit=3&keys=a%2Bb",
        {"limit": "3", "keys": "a+b"},
    )
    assert (logged.status, logged.bytes) == (200, len(answer.body))
    assert logged.headers["User-Agent"] == "me/1"
    assert logged.headers["Host"] == "some.host"
    assert logged.headers["Authorization"] == f"JWT {caller.token}"
    assert abs(logged.at - time.time()) < 60


def test_requests_are_numbered_in_their_order(stand_in: CatalogProcess, caller: Caller) -> None:
    caller.runs()
    caller.runs()

    logged = [(entry.n, entry.path) for entry in stand_in.control.requests()]
    assert logged == [(1, ACCESS_TOKEN_PATH), (2, COURSE_RUNS_PATH), (3, COURSE_RUNS_PATH)]


def test_a_reply_that_was_never_begun_has_no_status(stand_in: CatalogProcess, caller: Caller) -> None:
    assert caller.token
    stand_in.control.fault("reset")
    with pytest.raises(ConnectionError):
        caller.runs()

    assert stand_in.control.requests(COURSE_RUNS_PATH)[0].status is None


def test_refused_request_lines_are_logged_too(stand_in: CatalogProcess, caller: Caller) -> None:
    caller.runs("keys=" + "k" * 5000)

    assert [entry.status for entry in stand_in.control.requests(COURSE_RUNS_PATH)] == [400]


def test_cleared_requests_are_forgotten(stand_in: CatalogProcess, caller: Caller) -> None:
    caller.runs()
    stand_in.control.clear_requests()

    assert stand_in.control.requests() == []


def test_an_unknown_control_is_not_found(caller: Caller) -> None:
    assert caller.get("/control/lunch", authorized=False).status == 404


def test_reset_restores_everything_as_started() -> None:
    with CatalogProcess(runs=5, seed=3, token_seconds=99) as process:
        started = (process.control.runs(), process.control.settings())
        process.control.set_runs([])
        process.control.settings(token_seconds=1, latency=True)
        process.control.fault("status", status=503, times=None)
        process.control.reset()

        assert (process.control.runs(), process.control.settings()) == started
        assert Caller(process).runs().status == 200
        assert len(process.control.requests()) == 2


@pytest.fixture
def by_hand() -> Iterator[subprocess.Popen]:
    """The stand-in as a person starts it."""
    with subprocess.Popen(
        [*COMMAND, "--runs", "7"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_it_says_in_one_line_where_it_listens(by_hand: subprocess.Popen) -> None:
    assert by_hand.stdout.readline().startswith("Catalog stand-in listening on http://127.0.0.1:")
    by_hand.terminate()

    assert by_hand.stdout.read() == ""


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(by_hand: subprocess.Popen, with_signal: signal.Signals) -> None:
    by_hand.stdout.readline()
    by_hand.send_signal(with_signal)

    assert (by_hand.wait(10), by_hand.stderr.read()) == (0, "")


def test_a_taken_port_is_told_in_a_sentence(stand_in: CatalogProcess) -> None:
    command = [*COMMAND[:-1], str(urlsplit(stand_in.url).port)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith("Cannot listen on 127.0.0.1:")


def listens(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_stop_ends_the_process_cleanly() -> None:
    process = CatalogProcess()

    assert (process.stop(), listens(process.url)) == (0, False)


def test_kill_ends_the_process_at_once() -> None:
    process = CatalogProcess()

    assert (process.kill(), listens(process.url)) == (-signal.SIGKILL, False)


def test_it_dies_with_the_process_that_started_it() -> None:
    script = (
        "import sys, time\n"
        "from sandbox.catalog.testing import CatalogProcess\n"
        "print(CatalogProcess().url, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as parent:
        url = parent.stdout.readline().strip()
        assert listens(url)
        parent.kill()

    deadline = time.monotonic() + 10
    while listens(url) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not listens(url)
