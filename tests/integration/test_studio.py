"""Studio publishes courses in processes of its own, while the LMS syncs."""

from __future__ import annotations

import os
import subprocess

import pytest

from catalog_sync.api import update_catalog_data
from tests.factories import CourseOverviewFactory
from tests.integration.processes import manage, shown

pytest_plugins = ["tests.integration.process_fixtures"]
pytestmark = pytest.mark.django_db(transaction=True)

KEY = "course-v1:ExampleX+Intro+2026"
URL = "https://www.example.com/intro"

# An author has the course open while it is synced.
SAVE_WHAT_WAS_READ_BEFORE = f"""
from sandbox.lms.course_overviews.models import CourseOverview
course_overview = CourseOverview.objects.get(pk={KEY!r})
print("read", flush=True)
input()
course_overview.save()
"""
PAGES_IN_ADMIN = """
from django.contrib import admin
print([model.__name__ for model in admin.site._registry if model._meta.app_label == "catalog_sync"])
"""


class Studio:
    """Commands of Studio, in processes that share the test's database."""

    def __init__(self, database_url: str) -> None:
        self._environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.integration.studio_settings",
            "LMS_DATABASE_URL": database_url,
        }

    def start(self, *arguments: str) -> subprocess.Popen:
        return manage(self._environment, *arguments)

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        return output


@pytest.fixture
def studio(shared_database):
    return Studio(shared_database)


@pytest.fixture
def course(catalog):
    """A course that the LMS has and the Catalog knows."""
    catalog.control.set_runs([{"key": KEY, "marketing_url": URL, "status": "published"}])
    return CourseOverviewFactory(id=KEY)


def test_course_that_studio_publishes_anew_has_its_url(studio, course):
    update_catalog_data()
    studio.run("publish_course", KEY)
    assert shown() == {KEY: URL}


def test_course_that_studio_creates_after_the_sync_has_its_url(studio, course):
    update_catalog_data()
    course.delete()
    assert URL in studio.run("publish_course", KEY)


def test_studio_that_saves_what_it_read_before_the_sync_keeps_the_url(studio, course):
    saving = studio.start("shell", "-v0", "-c", SAVE_WHAT_WAS_READ_BEFORE)
    assert saving.stdout.readline() == "read\n"
    update_catalog_data()
    saving.communicate("\n")
    assert (saving.returncode, shown()) == (0, {KEY: URL})


def test_studio_starts_without_a_warning_though_it_knows_no_catalog(studio):
    studio.run("check", "--fail-level", "WARNING")


def test_studio_shows_no_pages_of_a_sync_that_it_could_not_run(studio):
    assert studio.run("shell", "-v0", "-c", PAGES_IN_ADMIN).strip() == "[]"
