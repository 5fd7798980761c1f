"""``make demo``: the links of a learner's mobile app before and after a sync of the sandbox LMS."""

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
        lms.manage("migrate", "--verbosity", "0", "--skip-checks")
        lms.manage("seed_lms")
        lms.start()

        before = links(lms.url)
        say(f"$ manage.py {shlex.join(SYNC)}")
        lms.manage(*SYNC)
        after = links(lms.url)

        say(f"GET {ENROLLMENTS}\n`course_about`, the link that {LEARNER}'s app shares:")
        for key, link in before.items():
            print(f"{key}\n    before  {link}\n    after   {after[key]}")
            if link == after[key]:
                about_page = f"{lms.url}/courses/{key}/about"
                print(f"            unchanged: {reason(catalog, key, is_about_page=link == about_page)}")
    if before == after:
        sys.exit("The sync changed no link: something is wrong.")


def settings(catalog: CatalogProcess, database: Path) -> dict[str, str]:
    """Return the environment variables of an LMS with this Catalog and this database file."""
    return {"LMS_DATABASE_URL": f"sqlite:///{database}"} | catalog.lms_environment


def links(lms_url: str) -> Links:
    """Return the link of each course from the mobile enrollment API, by course key, newest enrollment first."""
    response = requests.get(f"{lms_url}{ENROLLMENTS}", auth=(LEARNER, PASSWORD), timeout=30)
    response.raise_for_status()
    courses = [enrollment["course"] for enrollment in response.json()["enrollments"]["results"]]
    return {course["id"]: course["course_about"] for course in courses}


def reason(catalog: CatalogProcess, key: str, *, is_about_page: bool) -> str:
    """Return why the sync did not change the link of a course."""
    if not is_about_page:
        return "the course has a social sharing URL, which the LMS prefers"
    run = next((run for run in catalog.control.runs() if run["key"] == key), None)
    if run is None:
        return "the course is not in the Catalog"
    if run["status"] != "published":
        return f"the Catalog has the course run with status {run['status']}"
    if not run["marketing_url"]:
        return "the Catalog has no marketing URL for the course run"
    sys.exit(f"The Catalog has a marketing URL for {key}, but its link did not change: something is wrong.")


def say(text: str) -> None:
    print(f"\n{text}\n", flush=True)


def interrupted(signal_number: int, frame: object) -> None:
    # sys.exit raises an exception, so both servers are closed.
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        demo()
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{shlex.join(map(str, error.cmd))}` failed with exit status {error.returncode}.")
