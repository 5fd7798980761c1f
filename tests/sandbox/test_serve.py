"""``make serve`` names an unusable port in one sentence, and ends at Ctrl-C without an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.raw_server import nobody_listens

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "sandbox.serve"]
GIVE_UP_SECONDS = 120


def message_of_failure(**environment):
    """Return what the command prints to standard error, after checking that it fails."""
    process = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=GIVE_UP_SECONDS,
        check=False,
    )
    assert process.returncode == 1
    return process.stderr


def port_of(address):
    return address.rpartition(":")[2]


@pytest.mark.parametrize(
    ("name", "port"),
    [("LMS_PORT", "abc"), ("LMS_PORT", "80000"), ("CATALOG_PORT", "0"), ("CATALOG_PORT", "-1")],
)
def test_invalid_port_is_one_sentence(name, port):
    assert message_of_failure(**{name: port}).startswith(f"{name}={port} is not a port. Set it to a number ")


def test_port_of_the_catalog_that_is_in_use_has_one_remedy():
    with nobody_listens() as lms, nobody_listens() as catalog:
        pass
    with nobody_listens() as catalog:
        message = message_of_failure(LMS_PORT=port_of(lms), CATALOG_PORT=port_of(catalog))
    assert message.count("CATALOG_PORT=") == 1
    assert "--port" not in message


def test_ctrl_c_ends_it_without_an_error_or_a_warning(tmp_path):
    with nobody_listens() as lms, nobody_listens() as catalog:
        ports = {"LMS_PORT": port_of(lms), "CATALOG_PORT": port_of(catalog)}
    database = {"LMS_DATABASE_URL": f"sqlite:///{tmp_path}/lms.sqlite3"}
    with subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env=os.environ | ports | database,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if line.startswith("Ctrl-C"):
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=GIVE_UP_SECONDS)
    assert (process.returncode, errors) == (0, "")
