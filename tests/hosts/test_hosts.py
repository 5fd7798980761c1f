"""Hosts of every kind: checked, synced, published in place and anew, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.drive import CCX, GONE, LATER, OFFERED, UNPUBLISHED

ROOT = Path(__file__).resolve().parents[2]
# Each kind, the model to be named in the settings (None: the default), whether it has `history`, and `modified`.
KINDS = {
    "own_column": (None, True, True),
    "mixin": (None, False, True),
    "bare": ("catalogue.CourseSummary", False, False),
    "history_only": ("courseware.Course", True, False),
    "uuid_history": (None, True, False),
}
URLS = {
    key: f"https://www.example.com/{number}" for number, key in enumerate((OFFERED, GONE, LATER, UNPUBLISHED))
}
SHOWN = {OFFERED: URLS[OFFERED], GONE: URLS[GONE], UNPUBLISHED: None, CCX: URLS[OFFERED]}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def seen(kind, catalog_process):
    """What was seen of a host of this kind."""
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
        | {"HOST": kind, "COURSE_OVERVIEW_MODEL": KINDS[kind][0] or ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_first_sync_writes_every_url(seen):
    first = seen["first"]
    assert (first["status"], first["matched"], first["updated"], first["not_in_lms"]) == (
        "succeeded",
        4,
        3,
        1,
    )


def test_urls_are_those_of_the_catalog(seen):
    assert seen["urls"] == SHOWN


def test_links_are_the_urls_or_the_about_page(seen):
    about = f"https://lms.example.com/courses/{UNPUBLISHED}/about"
    assert seen["links"] == {key: url or about for key, url in SHOWN.items()}


def test_filter_replaces_the_about_page_if_there_is_a_url(seen):
    about = f"https://lms.example.com/courses/{UNPUBLISHED}/about"
    assert seen["filtered"] == {key: url or about for key, url in SHOWN.items()}


def test_history_holds_what_was_written_where_there_is_one(seen, kind):
    written = sorted([key, url] for key, url in SHOWN.items() if url)
    assert seen["history"] == (written if KINDS[kind][1] else [])


def test_modified_is_kept_up_where_there_is_one(seen, kind):
    assert seen["touched"] == (sorted(key for key, url in SHOWN.items() if url) if KINDS[kind][2] else [])


def test_second_sync_writes_nothing(seen):
    assert (seen["second"]["status"], seen["second"]["updated"]) == ("succeeded", 0)


@pytest.mark.parametrize("way", ["in_place", "anew"])
def test_publishing_keeps_the_url(seen, way):
    assert seen[f"published_{way}"] == SHOWN


def test_saving_what_was_read_before_the_sync_keeps_the_url(seen):
    assert seen["saved_stale"] == SHOWN


def test_course_that_is_created_after_the_sync_has_its_url(seen):
    assert seen["created_later"] == SHOWN | {LATER: URLS[LATER]}


def test_url_that_the_catalog_has_no_more_goes(seen):
    assert (seen["removal"]["status"], seen["removal"]["removed"]) == ("succeeded", 1)


@pytest.mark.parametrize("when", ["after_removal", "after_removal_anew"])
def test_publishing_does_not_bring_a_removed_url_back(seen, when):
    assert seen[when] == SHOWN | {LATER: URLS[LATER], GONE: None}
