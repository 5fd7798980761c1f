"""Each kind of host runs the sync, publishes courses in both ways and keeps its marketing URLs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hosts.drive import CCX, LATER, OFFERED, REMOVED, UNPUBLISHED

ROOT = Path(__file__).resolve().parents[2]


class Kind(NamedTuple):
    """What the course overviews of a host have, and the setting that names another model."""

    has_history: bool
    has_modified: bool
    model: str = ""


# By the name of the class in apps.py.
KINDS = {
    "OwnColumn": Kind(has_history=True, has_modified=True),
    "Mixin": Kind(has_history=False, has_modified=True),
    "Bare": Kind(has_history=False, has_modified=False, model="catalogue.CourseSummary"),
    "HistoryOnly": Kind(has_history=True, has_modified=False, model="courseware.Course"),
    "UuidHistory": Kind(has_history=True, has_modified=False),
}
URLS = {
    key: f"https://www.example.com/{number}"
    for number, key in enumerate((OFFERED, REMOVED, LATER, UNPUBLISHED))
}
SYNCED = {OFFERED: URLS[OFFERED], REMOVED: URLS[REMOVED], UNPUBLISHED: None, CCX: URLS[OFFERED]}
LINKS = SYNCED | {UNPUBLISHED: f"https://lms.example.com/courses/{UNPUBLISHED}/about"}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def record(kind, catalog_process):
    """What ``drive.py`` recorded of a host of this kind."""
    catalog_process.control.reset()
    catalog_process.control.set_runs(
        {"key": key, "marketing_url": url, "status": "unpublished" if key == UNPUBLISHED else "published"}
        for key, url in URLS.items()
    )
    process = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "tests.hosts.drive", catalog_process.url],
        cwd=ROOT,
        env=os.environ
        | catalog_process.lms_environment
        | {"HOST": kind, "COURSE_OVERVIEW_MODEL": KINDS[kind].model},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_first_sync_writes_the_marketing_urls(record):
    report = {name: record["first"][name] for name in ("status", "matched", "updated", "not_in_lms")}
    assert report == {"status": "succeeded", "matched": 4, "updated": 3, "not_in_lms": 1}
    assert record["urls"] == SYNCED


@pytest.mark.parametrize("links", ["links", "filtered"])
def test_link_is_the_marketing_url_or_the_about_page(record, links):
    assert record[links] == LINKS


def test_sync_writes_history_and_modified_if_the_model_has_them(record, kind):
    written = sorted([key, url] for key, url in SYNCED.items() if url)
    assert record["history"] == (written if KINDS[kind].has_history else [])
    assert record["modified"] == ([key for key, _ in written] if KINDS[kind].has_modified else [])


def test_second_sync_writes_nothing(record):
    assert (record["second"]["status"], record["second"]["updated"]) == ("succeeded", 0)


@pytest.mark.parametrize("event", ["published_in_place", "published_anew", "saved"])
def test_publishing_and_saving_an_old_instance_keep_the_url(record, event):
    assert record[event] == SYNCED


def test_course_that_is_created_after_the_sync_has_its_url(record):
    assert record["created_later"] == SYNCED | {LATER: URLS[LATER]}


def test_sync_removes_the_url_of_a_course_run_that_left_the_catalog(record):
    assert (record["removal"]["status"], record["removal"]["removed"]) == ("succeeded", 1)


@pytest.mark.parametrize("way", ["in_place", "anew"])
def test_publishing_does_not_restore_a_removed_url(record, way):
    assert record[f"removed_and_published_{way}"] == SYNCED | {LATER: URLS[LATER], REMOVED: None}
