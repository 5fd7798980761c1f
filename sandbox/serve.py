"""``make serve``: run the sandbox LMS and the stand-in Catalog until Ctrl-C. The LMS keeps its data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from sandbox.demo import COURSE_RUNS, interrupted, say
from sandbox.lms_server import ROOT, LmsServer

# The LMS's settings read the same variables and have the same defaults.
LMS_PORT = int(os.environ.get("LMS_PORT") or 18000)
CATALOG_PORT = os.environ.get("CATALOG_PORT") or "18381"
CATALOG = (
    *(sys.executable, "-m", "sandbox.catalog", "--port", CATALOG_PORT),
    *("--runs", str(COURSE_RUNS), "--exit-with-parent"),
)
WHAT_TO_SEE = """\
The LMS is at {url}. Every password is edx.

  {url}/admin/  (sign in as staff: course overviews, sync runs, configuration of the sync)
  {url}/api/mobile/v3/users/honor/course_enrollments/  (sign in as honor: the reply that a mobile app gets)

Run a sync in another terminal, with the same environment variables if you have set any:

  .venv/bin/python manage.py update_catalog_data --page-size 500

Ctrl-C ends both servers."""


def serve() -> None:
    """Serve until a signal comes."""
    with (
        LmsServer(LMS_PORT) as lms,
        # The Catalog ends when its standard input is closed.
        subprocess.Popen(
            CATALOG, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as catalog,
    ):
        listening = catalog.stdout.readline() if catalog.stdout else ""
        if not listening:
            sys.exit("The stand-in Catalog did not start.")
        lms.manage("migrate", "--verbosity", "0")
        lms.manage("seed_lms")
        lms.start()
        say(listening.strip())
        say(WHAT_TO_SEE.format(url=lms.url))
        while True:
            signal.pause()


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        serve()
    except OSError as error:
        sys.exit(
            f"The sandbox LMS cannot listen on 127.0.0.1:{LMS_PORT} ({error.strerror}). Is another one running?"
        )
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
