"""``make serve`` names an unusable port in one sentence. ``tests/docs/test_make.py`` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.workers import free_port
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


@pytest.mark.parametrize(
    ("name", "port"),
    [("LMS_PORT", "abc"), ("LMS_PORT", "80000"), ("CATALOG_PORT", "0"), ("CATALOG_PORT", "-1")],
)
def test_invalid_port_is_one_sentence(name, port):
    assert message_of_failure(**{name: port}).startswith(f"{name}={port} is not a port. Set it to a number ")


def test_port_of_the_catalog_that_is_in_use_has_one_remedy():
    with nobody_listens() as address:
        message = message_of_failure(LMS_PORT=str(free_port()), CATALOG_PORT=address.rpartition(":")[2])
    assert message.count("CATALOG_PORT=") == 1
    assert "--port" not in message
