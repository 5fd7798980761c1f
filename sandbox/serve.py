"""``make serve``: run the sandbox LMS, a Celery worker and the stand-in Catalog until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.demo import COURSE_RUNS, say
from sandbox.lms_server import ROOT, LmsServer

# The LMS's settings read the same variables and have the same defaults.
LMS_PORT = os.environ.get("LMS_PORT") or "18000"
CATALOG_PORT = os.environ.get("CATALOG_PORT") or "18381"
DESCRIPTION = """\
Run the sandbox LMS, a Celery worker and the stand-in Catalog until Ctrl-C. The LMS keeps its data in sandbox/var.
Environment variables: LMS_PORT (default 18000), CATALOG_PORT (default 18381), and those of manage.py."""
WHAT_TO_SEE = """\
LMS      {url}/admin/catalog_sync/
Catalog  http://127.0.0.1:{catalog_port}/api/v1/course_runs/ (HTTP 401 without an access token)
Users    staff (administrator), honor and collector (learners). Every password is edx.

Try this:

  1. See the links that honor's mobile app gets before a sync. Fetch a token, then the list:

     TOKEN=$(curl -s -d grant_type=password -d username=honor -d password=edx {url}/oauth2/access_token \\
       | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
     curl -s -H "Authorization: JWT $TOKEN" {url}/api/mobile/v3/users/honor/course_enrollments/ \\
       | python3 -m json.tool | grep course_about

  2. Open the address of the LMS as staff. Open Sync runs and choose Run now: the worker runs a sync.
     Or run a sync from a shell, in another terminal and with the same environment variables if you have set any:

     .venv/bin/python manage.py update_catalog_data --page-size 500

  3. Run the second command of step 1 again: links of courses in the Catalog have changed.

The LMS keeps its data in sandbox/var, so the next `make serve` shows the new links from the start.
Ctrl-C ends all three."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve() -> None:
    """Serve until a signal comes."""
    for name, port in (("LMS_PORT", LMS_PORT), ("CATALOG_PORT", CATALOG_PORT)):
        if not (port.isdecimal() and 0 < int(port) < 65_536):
            sys.exit(f"{name}={port} is not a port. Set it to a number from 1 to 65535, such as 18000.")
    with ExitStack() as stack:
        lms = stack.enter_context(_lms())
        stack.enter_context(_catalog())
        folder = stack.enter_context(TemporaryDirectory(prefix="catalog-sync-messages-"))
        os.environ.setdefault("CELERY_BROKER_URL", Path(folder).as_uri().replace("file:", "filesystem:"))
        lms.manage("migrate", "--verbosity", "0", "--skip-checks")
        lms.manage("seed_lms")
        lms.start()
        stack.enter_context(_worker())
        say(WHAT_TO_SEE.format(url=lms.url, catalog_port=CATALOG_PORT))
        while True:
            signal.pause()


def _lms() -> LmsServer:
    try:
        return LmsServer(int(LMS_PORT))
    except OSError as error:
        sys.exit(
            f"Port {LMS_PORT} of 127.0.0.1 cannot be used for the LMS ({error.strerror}). Choose another one: "
            f"LMS_PORT={int(LMS_PORT) + 1} make serve"
        )


@contextmanager
def _catalog() -> Iterator[None]:
    command = [
        *(sys.executable, "-m", "sandbox.catalog", "--port", CATALOG_PORT),
        *("--runs", str(COURSE_RUNS), "--exit-with-parent"),
    ]
    # The Catalog ends when its standard input is closed.
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if not (process.stdout and process.stdout.readline()):
            sys.exit(
                "The stand-in Catalog did not start (see above). If its port is in use, choose another one: "
                f"CATALOG_PORT={int(CATALOG_PORT) + 1} make serve"
            )
        yield


@contextmanager
def _worker() -> Iterator[None]:
    command = [
        *(sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "sandbox.lms", "worker"),
        *(
            "--pool",
            "solo",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel",
            "ERROR",
        ),
    ]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield
        finally:
            process.terminate()


def _end(number: int, frame: object) -> None:
    # Ctrl-C at a terminal also reaches make, which then sends a SIGTERM: only the first signal counts.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    # Ctrl-C is the usual end, so make must not report an error. Both servers are closed, because this is an exception.
    sys.exit(0 if number == signal.SIGINT else 128 + number)


if __name__ == "__main__":
    argparse.ArgumentParser(
        "make serve", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    for number in SIGNALS:
        signal.signal(number, _end)
    try:
        serve()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
