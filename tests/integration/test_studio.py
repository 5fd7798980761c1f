"""Studio publishes courses in processes of its own without losing URLs, and needs no Catalog."""

from __future__ import annotations

import os
import subprocess

import pytest

from catalog_sync.api import update_catalog_data
from tests.factories import CourseOverviewFactory
from tests.integration.lms import marketing_urls
from tests.integration.processes import manage

pytest_plugins = ["tests.integration.process_fixtures"]
pytestmark = pytest.mark.django_db(transaction=True)

KEY = "course-v1:ExampleX+Intro+2026"
URL = "https://www.example.com/intro"

# An author has the course open while the sync writes it.
SAVE_AN_OLD_ROW = f"""
from sandbox.lms.course_overviews.models import CourseOverview
course_overview = CourseOverview.objects.get(pk={KEY!r})
print("read", flush=True)
input()
course_overview.save()
"""
CHECK_AND_LIST_ADMIN_PAGES = """
from django.contrib import admin
from django.core.management import call_command
call_command("check", fail_level="WARNING")
print([model.__name__ for model in admin.site._registry if model._meta.app_label == "catalog_sync"])
"""


@pytest.fixture
def start_studio(shared_database):
    """Return a function that starts a command of Studio, in a process that shares the test's database."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.integration.studio_settings",
        "LMS_DATABASE_URL": shared_database,
    }
    return lambda *arguments: manage(environment, *arguments)


def output_of(process: subprocess.Popen, answer: str | None = None) -> str:
    output, errors = process.communicate(answer)
    assert process.returncode == 0, errors
    return output


@pytest.fixture
def course(catalog):
    """A course that both the LMS and the Catalog have."""
    catalog.control.set_runs([{"key": KEY, "marketing_url": URL, "status": "published"}])
    return CourseOverviewFactory(id=KEY)


def test_course_that_studio_publishes_again_keeps_its_url(start_studio, course):
    update_catalog_data()
    output_of(start_studio("publish_course", KEY))
    assert marketing_urls() == {KEY: URL}


def test_course_that_studio_creates_after_the_sync_gets_its_url(start_studio, course):
    update_catalog_data()
    course.delete()
    assert URL in output_of(start_studio("publish_course", KEY))


def test_course_that_studio_read_before_the_sync_and_saves_after_it_keeps_its_url(start_studio, course):
    saving = start_studio("shell", "-v0", "-c", SAVE_AN_OLD_ROW)
    assert saving.stdout.readline() == "read\n"
    update_catalog_data()
    output_of(saving, "\n")
    assert marketing_urls() == {KEY: URL}


def test_studio_has_no_warnings_and_no_admin_pages_of_a_sync_that_it_cannot_run(start_studio):
    output = output_of(start_studio("shell", "-v0", "-c", CHECK_AND_LIST_ADMIN_PAGES))
    assert output.splitlines()[-1] == "[]"
