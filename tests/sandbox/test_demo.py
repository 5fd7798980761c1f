"""``make demo`` shows the links before and after a sync, and why some did not change."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COURSE = re.compile(r"^(\S+)\n    before  (\S+)\n    after   (\S+)(?:\n +unchanged: (.+))?$", re.MULTILINE)


@pytest.fixture(scope="module")
def courses():
    """Key, link before, link after and reason of each course in the output of the demo."""
    command = [sys.executable, "-m", "sandbox.demo"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return COURSE.findall(process.stdout)


def test_sync_replaces_about_pages_by_marketing_urls(courses):
    changed = [(before, after) for _, before, after, reason in courses if not reason]
    assert changed
    for before, after in changed:
        assert before.endswith("/about")
        assert after.startswith("https://www.marketing.example.com/course/")


def test_each_unchanged_link_has_its_reason(courses):
    reasons = {before: reason for _, before, after, reason in courses if before == after}
    assert sorted(reasons.values()) == [
        "the Catalog has the course run with status unpublished",
        "the course has a social sharing URL, which the LMS prefers",
        "the course is not in the Catalog",
    ]
    assert reasons["https://go.example.com/join"].startswith("the course has a social sharing URL")
