"""The controls of the stand-in Catalog, and its process: how it starts and how it ends."""

import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from sandbox.catalog.faults import Action
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH, ROOT, CatalogProcess
from tests.integration.processes import wait_until
from tests.sandbox.catalog_caller import Caller

COMMAND = [sys.executable, "-m", "sandbox.catalog", "--port", "0"]


def test_runs_are_all_rows_in_the_order_of_the_list(control):
    rows = [
        {"key": "course-v1:A+B+1", "marketing_url": None, "status": "reviewed"},
        {"key": "course-v1:A+B+2", "marketing_url": "https://x.example/", "status": "published"},
    ]
    control.set_runs(reversed(rows))

    assert control.runs() == rows


@pytest.mark.parametrize("change", [{"status": "reviewed"}, {"title": "New"}])
def test_upsert_changes_only_the_given_fields(control, caller, change):
    control.generate(10)
    before = caller.runs().json["results"]
    control.upsert([{"key": before[4]["key"]} | change])

    assert caller.runs().json["results"] == [*before[:4], before[4] | change, *before[5:]]


def test_upsert_inserts_a_new_course_run_in_order_and_delete_ignores_unknown_keys(control):
    control.set_runs([{"key": "course-v1:A+B+1"}, {"key": "course-v1:A+B+3"}])
    control.upsert([{"key": "course-v1:A+b+2"}])
    assert [row["key"][-1] for row in control.runs()] == ["1", "2", "3"]

    control.delete(["course-v1:A+B+1", "course-v1:A+B+4"])
    assert [row["key"][-1] for row in control.runs()] == ["2", "3"]


def test_row_without_key_is_refused(control):
    with pytest.raises(ValueError, match="key"):
        control.set_runs([{"status": "published"}])


@pytest.mark.parametrize("change", [{"lateness": True}, {"workers": "two"}])
def test_invalid_setting_is_refused(control, change):
    with pytest.raises(ValueError, match="400"):
        control.settings(**change)


def test_unknown_control_is_not_found(caller):
    assert caller.get("/control/lunch", authorized=False).status == 404


def test_documentation_has_every_fault():
    page = (ROOT / "docs/testing.rst").read_text()
    assert [
        kind.__name__ for kind in Action.__subclasses__() if f"``{kind.__name__.lower()}``" not in page
    ] == []


def test_log_has_each_request_as_it_was_sent(control, caller):
    answer = caller.runs("limit=3&keys=a%2Bb", headers={"User-Agent": "me/1", "Host": "some.host"})

    token_request, logged = control.requests()
    assert [(each.n, each.path) for each in (token_request, logged)] == [
        (1, ACCESS_TOKEN_PATH),
        (2, COURSE_RUNS_PATH),
    ]
    assert (logged.method, logged.query) == ("GET", "limit=3&keys=a%2Bb")
    assert logged.params == {"limit": "3", "keys": "a+b"}
    assert (logged.status, logged.bytes) == (200, len(answer.body))
    sent = {"User-Agent": "me/1", "Host": "some.host", "Authorization": f"JWT {caller.token}"}
    assert sent.items() <= logged.headers.items()
    assert abs(logged.at - time.time()) < 60

    control.clear_requests()
    assert control.requests() == []


def test_log_has_no_status_if_there_was_no_reply(control, caller):
    assert caller.token
    control.fault("reset")
    with pytest.raises(ConnectionError):
        caller.runs()

    assert control.requests(COURSE_RUNS_PATH)[0].status is None


def test_log_has_requests_whose_line_is_too_long(control, caller):
    caller.runs("keys=" + "k" * 5000)

    assert [entry.status for entry in control.requests(COURSE_RUNS_PATH)] == [400]


def test_reset_restores_the_state_of_the_start():
    with CatalogProcess(runs=5, seed=3, token_seconds=99) as process:
        started = (process.control.runs(), process.control.settings())
        process.control.set_runs([])
        process.control.settings(token_seconds=1, latency=True)
        process.control.fault("status", status=503, times=None)
        process.control.reset()

        assert (process.control.runs(), process.control.settings()) == started
        assert Caller(process).runs().status == 200
        assert len(process.control.requests()) == 2


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_process_prints_its_address_and_ends_at_a_signal(stop):
    with subprocess.Popen(
        [*COMMAND, "--runs", "7"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline().startswith("Catalog stand-in listening on http://127.0.0.1:")
        process.send_signal(stop)
        assert (process.wait(60), process.stdout.read(), process.stderr.read()) == (0, "", "")


def test_port_that_is_in_use_fails_with_a_message(catalog):
    command = [*COMMAND[:-1], str(urlsplit(catalog.url).port)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("Cannot listen on 127.0.0.1:")


def listens(url):
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(("method", "status"), [("stop", 0), ("kill", -signal.SIGKILL)])
def test_stop_and_kill_end_the_process(method, status):
    process = CatalogProcess()

    assert (getattr(process, method)(), listens(process.url)) == (status, False)


def test_process_ends_with_the_process_that_started_it():
    script = (
        "import time\n"
        "from sandbox.catalog.testing import CatalogProcess\n"
        "print(CatalogProcess().url, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        url = parent.stdout.readline().strip()
        assert listens(url)
        parent.kill()

    wait_until(lambda: not listens(url), "the end of the Catalog")
