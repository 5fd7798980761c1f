"""Every ``make`` target in the documentation is run: by ``.ci/run``, or by this module.

This module cannot run the targets of ``.ci/run``, because most of them run this module.
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
# They take minutes, or need Graphviz or GNU gettext. The suite runs the stress test for some seconds.
RUN_BY_HAND = {"stress", "release-check", "diagrams", "extract_translations"}
# Use this test's environment, and do not install anything.
INSTALLED = [
    f"BIN={Path(sys.executable).parent}",
    *(f"-o.venv/.installed-{name}" for name in ("sandbox", "test")),
]


def targets() -> dict[str, str]:
    """Return the target of each command."""
    return {line: line.partition("make")[2].strip() for line in commands("make")}


def targets_of_ci() -> set[str]:
    """Return the targets that ``.ci/run`` makes, and those that these make."""
    made = re.findall(r"^(?:[A-Z_]+=\S+ )?make (.+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    indirectly = re.findall(r"^\t\$\(MAKE\) ([a-z ]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {*made, *" ".join(indirectly).split()}


@pytest.mark.parametrize(("line", "target"), targets().items())
def test_target_exists_and_is_run(line, target):
    command = shlex.split(f"env {line} --dry-run")
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert target.partition(" PYTEST_ARGS=")[0] in targets_of_ci() | RUN_HERE | RUN_BY_HAND


def test_make_without_a_target_lists_the_targets():
    process = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {line.split()[0] for line in process.stdout.splitlines()}
    assert listed >= {target.split()[0] for target in targets().values() if target}


def test_every_test_module_in_the_makefile_exists():
    patterns = re.findall(r"\btests/[\w/*.!\[\]%]+", (ROOT / "Makefile").read_text())
    assert patterns
    assert [pattern for pattern in patterns if not list(ROOT.glob(pattern.replace("%", "*")))] == []


def test_bench_runs_a_benchmark():
    """Run only the smallest benchmark: all of them take ten minutes."""
    command = ["make", *INSTALLED, *ONE_BENCHMARK.split()]
    environment = os.environ | {"BENCH_SCALE": "0.001", "BENCH_REPEATS": "1"}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "get_lms_link_for_about_page" in process.stdout


def test_bench_fails_if_a_benchmark_crashes():
    command = ["make", *INSTALLED, "bench", "BENCHMARKS=benchmarks/bench_missing.py"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (process.returncode, "bench_missing has crashed." in process.stderr) == (2, True)


def test_serve_runs_an_lms_that_can_be_synced_and_ends_at_ctrl_c_without_an_error(tmp_path):
    port, catalog_port = free_port(), free_port()
    environment = os.environ | {
        "LMS_PORT": str(port),
        "CATALOG_PORT": str(catalog_port),
        "LMS_DATABASE_URL": f"sqlite:///{tmp_path / 'lms.sqlite3'}",
        "PYTHONDEVMODE": "",  # as in a terminal
    }
    sync = [sys.executable, "manage.py", "update_catalog_data", "--page-size", "500"]
    out, errors = tmp_path / "out", tmp_path / "errors"
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        server = subprocess.Popen(
            ["make", *INSTALLED, "serve"],
            cwd=ROOT,
            env=environment,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: "ends all three" in out.read_text() or server.poll() is not None,
            "the start of the servers",
        )
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/") as page:
            assert page.status == 200
        subprocess.run(sync, cwd=ROOT, env=environment, check=True)
    finally:
        os.killpg(server.pid, signal.SIGINT)  # to all processes, as a terminal does
        server.wait(30)
    # Make itself prints an error if the command ends with another exit status than 0.
    assert errors.read_text() == ""
