"""Invalid values in the Catalog: none reaches a learner, and none affects another course run."""

from __future__ import annotations

import pytest

from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.integration.faulty import ALL, UNLISTED, key, old_url, row

pytest_plugins = ["tests.integration.fault_fixtures"]

BAD = 6


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "course/slug",
        "https://www.example.org/\x00",
        "https://user:password@www.example.org/6",
        "https://www.example.org/" + "x" * 2048,
    ],
    ids=lambda url: url[:30],
)
def test_invalid_marketing_url(sync, catalog, url):
    """``tests/unit/test_marketing_urls.py`` has all kinds of them."""
    catalog.control.upsert([row(BAD, marketing_url=url)])
    outcome = sync()
    outcome.assert_success(BAD)
    [line] = outcome.events("course_run_rejected")
    assert f"course_key={key(BAD)} " in line


def test_marketing_url_on_another_host(sync, catalog, settings):
    settings.CATALOG_SYNC_MARKETING_URL_HOSTS = [".example.org"]
    catalog.control.upsert([row(BAD, marketing_url="https://example.org.evil.example/6")])
    outcome = sync()
    outcome.assert_success(BAD)
    assert "CATALOG_SYNC_MARKETING_URL_HOSTS" in outcome.events("course_run_rejected")[0]


@pytest.mark.parametrize(
    "course_key",
    ["no course key", "course-v1:OnlyX", "course-v1:OrgX+C006+2026+more:x", "x" * 256, "a\x00b", ""],
)
def test_invalid_course_key(sync, catalog, course_key):
    catalog.control.upsert([row(0, key=course_key)])
    outcome = sync()
    outcome.assert_success()
    assert outcome.report["course_runs_rejected"] == 1


@pytest.mark.parametrize("status", ["x" * 33, "pub\x00lished"])
def test_status_too_long_or_with_control_characters(sync, catalog, status):
    catalog.control.upsert([row(BAD, status=status)])
    outcome = sync()
    outcome.assert_success(BAD)
    assert outcome.report["course_runs_rejected"] == 1


@pytest.mark.parametrize("language", ["x" * 256, "e\x00n"])
def test_language_too_long_or_with_control_characters(sync, catalog, settings, language):
    settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
    catalog.control.upsert([row(BAD, content_language=language)])
    outcome = sync()
    outcome.assert_success(BAD)
    assert outcome.report["course_runs_rejected"] == 1


def test_course_keys_that_differ_only_in_case(sync, catalog):
    """The LMS has one of the courses; its learners must not get the URL of the other."""
    lower = key(BAD).replace("OrgX", "orgx")
    other = row(BAD, key=lower, marketing_url="https://www.example.org/lower")
    catalog.control.set_runs([other, *map(row, ALL)])
    outcome = sync()
    outcome.assert_success()
    assert CatalogCourseRun.objects.get(course_key=lower).marketing_url == "https://www.example.org/lower"


def test_unpublished_course_run_with_a_url(sync, catalog):
    catalog.control.upsert([row(BAD, status="unpublished")])
    outcome = sync()
    assert (outcome.status, sorted(outcome.removed)) == ("succeeded", sorted([key(BAD), UNLISTED]))


def test_status_in_the_settings_that_no_course_run_has(sync, settings):
    settings.CATALOG_SYNC_RUN_STATUSES = ["published", "legal_review"]
    outcome = sync()
    assert (outcome.exit_status, outcome.status, outcome.applied, outcome.removed) == (1, "refused", ALL, [])
    assert outcome.message.startswith("CATALOG_SYNC_RUN_STATUSES names a status")


def test_unknown_values_in_a_record(sync, catalog):
    """A later version of the Catalog may add them."""
    catalog.control.upsert([row(BAD, status="a new one", added_later={"deep": [1]})])
    outcome = sync()
    assert (outcome.status, sorted(outcome.removed)) == ("succeeded", sorted([key(BAD), UNLISTED]))


def test_course_run_whose_url_was_valid_before(sync, catalog):
    catalog.control.upsert([row(BAD, marketing_url="javascript:alert(1)")])
    sync().assert_success(BAD)
    assert CatalogCourseRun.objects.get(course_key=key(BAD)).marketing_url == old_url(key(BAD))
    assert len(ALL) == CourseOverview.objects.filter(marketing_url__isnull=False).count()
