"""Web processes import nothing that only the sync needs, and never open a socket for this app."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from openedx_filters.learning.filters import CourseAboutPageURLRequested
from pytest_socket import SocketBlockedError

from catalog_sync.api import get_lms_link_for_about_page
from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory, UserFactory
from tests.integration.lms import marketing_url
from tests.sandbox.mobile_client import VERSIONS, get_list

# The drivers of the databases are written in C and open their sockets despite `no_sockets`.
# Transactions are committed, so that the functions registered with on_commit are called.
no_socket = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_sockets", "stored")]

ROOT = Path(__file__).resolve().parents[2]
KEY, CCX = "course-v1:ExampleX+One+2026", "ccx-v1:ExampleX+One+2026+ccx@7"
URL = "https://www.example.com/course/one"

# This host, unlike the sandbox LMS, has no other app that imports an HTTP client or Celery.
WEB_PROCESS = """
import sys
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.admin",
        "django.contrib.messages",
        "config_models",
        "catalog_sync",
    ],
    CATALOG_SYNC_COURSE_OVERVIEW_MODEL="auth.User",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
import catalog_sync.api, catalog_sync.filters, catalog_sync.links, catalog_sync.receivers
import catalog_sync.operations.marketing_url_cache
print(*sys.modules)
"""
OF_THE_SYNC = {
    "requests",
    "urllib3",
    "edx_rest_api_client",
    "tqdm",
    "stamina",
    "msgspec",
    "idna",
    "celery",
    "catalog_sync.catalog_client",
    "catalog_sync.sync",
    "catalog_sync.management",
}
OF_WEB_PROCESSES = {
    f"catalog_sync.{name}"
    for name in ("admin", "api", "filters", "links", "models", "operations.marketing_url_cache", "receivers")
}


def test_web_process_imports_nothing_that_only_the_sync_needs():
    process = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(process.stdout.split())
    assert imported & OF_THE_SYNC == set()
    assert imported >= OF_WEB_PROCESSES


@pytest.fixture
def stored(caplog):
    """Store a course run; fail if an error was logged instead of raised, as on_commit does."""
    CatalogCourseRun.objects.create(course_key=KEY, marketing_url=URL, status="published")
    yield
    assert [record for record in caplog.get_records("call") if record.exc_info] == []


@pytest.mark.usefixtures("no_sockets")
def test_sockets_are_refused():
    """Without this, the tests below would prove nothing."""
    with pytest.warns(UserWarning, match="tried to use socket"), pytest.raises(SocketBlockedError):
        socket.socket()


class TestSockets:
    """What a web process does needs no socket."""

    pytestmark = no_socket

    @pytest.mark.parametrize("key", [KEY, CCX])
    def test_creating_saving_publishing_and_deleting_a_course_overview(self, key):
        overview = CourseOverviewFactory(id=key)
        assert marketing_url(key) == URL
        overview.marketing_url = None
        overview.save()
        assert marketing_url(key) == URL
        publish_course(key)
        assert marketing_url(key) == URL
        CourseOverview.objects.get(pk=key).delete()
        assert CatalogCourseRun.objects.filter(course_key=KEY).exists()

    def test_publishing_a_course_that_the_catalog_does_not_have(self):
        overview = CourseOverviewFactory()
        publish_course(str(overview.pk))
        assert marketing_url(overview.pk) is None

    def test_getting_the_link_of_a_course(self):
        assert get_lms_link_for_about_page(CourseOverviewFactory(id=KEY)) == URL
        about_page = f"https://lms.example.com/courses/{KEY}/about"
        assert CourseAboutPageURLRequested.run_filter(url=about_page, org="ExampleX") == (URL, "ExampleX")

    @pytest.mark.parametrize("version", VERSIONS)
    def test_listing_enrollments_in_the_mobile_api(self, version):
        user = UserFactory()
        CourseEnrollmentFactory(user=user, course=CourseOverviewFactory(id=KEY))
        assert URL in get_list(user, version).content.decode()
