"""The shell step of the Jenkins job: the command that it runs, and the exit status of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.manage import Lms

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy/jenkins/update_catalog_data.sh"

# The stand-in for manage.py: it prints its arguments and exits with STATUS.
STAND_IN = """
import json, os, sys
print(json.dumps(sys.argv[1:]))
sys.exit(int(os.environ["STATUS"]))
"""
# The stand-in for a long sync, which SIGTERM ends.
LONG = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
print("running", flush=True)
time.sleep(60)
"""


def step(command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the step as Jenkins does; ``command`` is LMS_MANAGE."""
    return subprocess.run(
        [SCRIPT],
        cwd=ROOT,
        env=os.environ | {"LMS_MANAGE": command, "PAGE_SIZE": "500", "DRY_RUN": "false"} | environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def stand_in(tmp_path):
    (tmp_path / "manage.py").write_text(STAND_IN)
    return f"{sys.executable} {tmp_path}/manage.py lms"


@pytest.mark.parametrize("status", [0, 1, 2, 75])
def test_exit_status_is_that_of_the_command(stand_in, status):
    assert step(stand_in, STATUS=str(status)).returncode == status


@pytest.mark.parametrize(
    ("parameters", "options"),
    [
        ({}, ["--page-size", "500"]),
        ({"PAGE_SIZE": ""}, []),
        ({"PAGE_SIZE": "auto"}, ["--page-size", "auto"]),
        ({"DRY_RUN": "true"}, ["--page-size", "500", "--dry-run"]),
    ],
)
def test_parameters_become_options(stand_in, parameters, options):
    called = ["lms", "update_catalog_data", "--no-progress", *options]
    assert json.loads(step(stand_in, STATUS="0", **parameters).stdout) == called


@pytest.mark.parametrize(
    "parameters",
    [
        {"PAGE_SIZE": "500; rm -rf /"},
        {"PAGE_SIZE": "--allow-removals"},
        {"PAGE_SIZE": "1 000"},
        {"DRY_RUN": "yes"},
    ],
)
def test_invalid_parameter_runs_nothing(stand_in, parameters):
    process = step(stand_in, STATUS="0", **parameters)
    assert (process.returncode, process.stdout) == (2, "")
    assert "must be" in process.stderr


def test_sigterm_reaches_the_command(tmp_path):
    (tmp_path / "manage.py").write_text(LONG)
    environ = os.environ | {"LMS_MANAGE": f"{sys.executable} {tmp_path}/manage.py", "PAGE_SIZE": ""}
    process = subprocess.Popen([SCRIPT], env=environ, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 1


@pytest.fixture(scope="module")
def lms(tmp_path_factory, catalog_process) -> Lms:
    catalog_process.control.reset()
    lms = Lms.of(tmp_path_factory.mktemp("lms") / "lms.sqlite3", catalog_process)
    assert lms.manage("migrate", "--verbosity", "0").returncode == 0
    return lms


@pytest.mark.parametrize(
    ("environ", "status"),
    [({}, 0), ({"COURSE_CATALOG_API_URL": "nowhere"}, 1), ({"PAGE_SIZE": "20000"}, 2)],
    ids=["complete", "failed", "wrong usage"],
)
def test_exit_status_of_the_real_command(lms, environ, status):
    command = f"{shlex.quote(sys.executable)} manage.py"
    process = step(command, **lms.environment | environ)
    assert process.returncode == status
    # The regular expression of the job's mail finds the cause.
    assert len(re.findall("^CommandError: ", process.stderr, re.MULTILINE)) == (status > 0)
