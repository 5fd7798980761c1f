"""``make demo``: a sandbox LMS before and after one sync, as a learner's mobile app sees it."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from sandbox.catalog.testing import CatalogProcess
from sandbox.lms_server import LmsServer

COURSE_RUNS = 3300
LEARNER, PASSWORD = "honor", "edx"
ENROLLMENTS = f"/api/mobile/v3/users/{LEARNER}/course_enrollments/?page_size=100"
SYNC = ("update_catalog_data", "--page-size", "500")

Links = dict[str, str]


def demo() -> None:
    """Show the links of a learner's enrollments before and after a sync."""
    say(f"Starting a stand-in Catalog with {COURSE_RUNS:,} course runs, and a sandbox LMS.")
    with (
        TemporaryDirectory(prefix="catalog-sync-demo-") as directory,
        CatalogProcess(runs=COURSE_RUNS) as catalog,
        LmsServer(environment=settings(catalog, Path(directory, "lms.sqlite3"))) as lms,
    ):
        lms.manage("migrate", "--verbosity", "0")
        lms.manage("seed_lms")
        lms.start()

        before = links(lms.url)
        say(f"$ manage.py {shlex.join(SYNC)}")
        lms.manage(*SYNC)
        after = links(lms.url)

        say(f"GET {ENROLLMENTS}\n`course_about`, the link that {LEARNER}'s app shares:")
        for key, link in before.items():
            print(f"{key}\n    before  {link}\n    after   {after[key]}{reason(link, after[key], lms.url)}")
    if before == after:
        sys.exit("The sync changed no link: something is wrong.")


def settings(catalog: CatalogProcess, database: Path) -> dict[str, str]:
    """Return the environment variables of an LMS with this Catalog and this database file."""
    return {"LMS_DATABASE_URL": f"sqlite:///{database}"} | catalog.lms_environment


def links(lms_url: str) -> Links:
    """Ask the mobile enrollment API; return course key -> link to share, newest enrollment first."""
    response = requests.get(f"{lms_url}{ENROLLMENTS}", auth=(LEARNER, PASSWORD), timeout=30)
    response.raise_for_status()
    courses = [enrollment["course"] for enrollment in response.json()["enrollments"]["results"]]
    return {course["id"]: course["course_about"] for course in courses}


def reason(before: str, after: str, lms_url: str) -> str:
    """Say why a link stayed as it was."""
    if before != after:
        return ""
    if after.startswith(lms_url):
        return "  (the Catalog has no URL for learners)"
    return "  (the course's own social sharing URL comes first)"


def say(text: str) -> None:
    print(f"\n{text}\n", flush=True)


def interrupted(signal_number: int, frame: object) -> None:
    # An exception, so that what is open is closed on the way out.
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        demo()
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{shlex.join(map(str, error.cmd))}` failed with exit status {error.returncode}.")
