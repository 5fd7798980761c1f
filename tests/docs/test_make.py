"""Every target of ``make`` in the documentation is run: by ``.ci/run``, or here those that it leaves out.

``.ci/run`` runs all the others for real. They are not run here: most of them run this very suite.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.docs.commands import ROOT, commands
from tests.integration.processes import wait_until
from tests.integration.workers import free_port

ONE_BENCHMARK = "bench BENCHMARKS=benchmarks/bench_link.py"
RUN_HERE = {"", "bench", ONE_BENCHMARK, "serve"}
# As in an environment where all is installed: the one of this test.
INSTALLED = [
    f"BIN={Path(sys.executable).parent}",
    *(f"-o.venv/.installed-{name}" for name in ("sandbox", "test")),
]


def targets() -> dict[str, str]:
    """What each command makes, by the command."""
    return {line: line.partition("make")[2].strip() for line in commands("make")}


def targets_of_ci() -> set[str]:
    """What ``.ci/run`` makes, and what these make in turn."""
    made = re.findall(r"^make (.+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    in_turn = re.findall(r"^\t\$\(MAKE\) ([a-z ]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {*made, *" ".join(in_turn).split()}


@pytest.mark.parametrize("line", commands("make"))
def test_command_is_in_the_makefile(line):
    command = shlex.split(f"env {line} --dry-run")
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize(("line", "target"), targets().items())
def test_target_is_run(line, target):
    assert target in targets_of_ci() | RUN_HERE


def test_make_alone_lists_the_targets():
    process = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {line.split()[0] for line in process.stdout.splitlines()}
    assert listed >= {target.split()[0] for target in targets().values() if target}


def test_bench_runs_a_benchmark():
    """One of them, and as small as can be: all of them take a quarter of an hour."""
    command = ["make", *INSTALLED, *ONE_BENCHMARK.split()]
    environment = os.environ | {"BENCH_SCALE": "0.001", "BENCH_REPEATS": "1"}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "get_lms_link_for_about_page" in process.stdout


def test_serve_answers_and_can_be_synced_until_it_is_stopped(tmp_path):
    port, catalog_port = free_port(), free_port()
    environment = os.environ | {
        "LMS_PORT": str(port),
        "CATALOG_PORT": str(catalog_port),
        "LMS_DATABASE_URL": f"sqlite:///{tmp_path / 'lms.sqlite3'}",
    }
    sync = [sys.executable, "manage.py", "update_catalog_data", "--page-size", "500"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            ["make", *INSTALLED, "serve"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "ends both" in (tmp_path / "log").read_text() or server.poll(), "both servers")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/") as page:
            assert page.status == 200
        subprocess.run(sync, cwd=ROOT, env=environment, check=True)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(30)
