"""Web processes never wait: whatever a request or a signal does here, no socket is opened."""

from __future__ import annotations

import socket

import pytest
from openedx_filters.learning.filters import CourseAboutPageURLRequested
from pytest_socket import SocketBlockedError

from catalog_sync.api import get_lms_link_for_about_page
from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory, UserFactory
from tests.sandbox.mobile_client import VERSIONS, get_list

# Transactions are committed, so that what is done on commit is done. The drivers of the databases are written in C
# and open their sockets out of reach of this fixture; all that Python opens is refused.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_sockets")]

KEY, CCX = "course-v1:ExampleX+One+2026", "ccx-v1:ExampleX+One+2026+ccx@7"
URL = "https://www.example.com/course/one"


@pytest.fixture(autouse=True)
def replica():
    CatalogCourseRun.objects.create(course_key=KEY, marketing_url=URL, status="published")


@pytest.fixture(autouse=True)
def nothing_was_swallowed(caplog):
    """What fails on commit is logged and goes no further, a refused socket too."""
    yield
    assert [record for record in caplog.get_records("call") if record.exc_info] == []


def shown(key):
    return CourseOverview.objects.get(pk=key).marketing_url


def test_sockets_are_refused():
    """Else the tests below would prove nothing."""
    with pytest.warns(UserWarning, match="tried to use socket"), pytest.raises(SocketBlockedError):
        socket.socket()


@pytest.mark.parametrize("key", [KEY, CCX])
def test_creating_a_course_overview(key):
    CourseOverviewFactory(id=key)
    assert shown(key) == URL


@pytest.mark.parametrize("key", [KEY, CCX])
def test_saving_a_course_overview(key):
    overview = CourseOverviewFactory(id=key)
    overview.marketing_url = None
    overview.save()
    assert shown(key) == URL


def test_deleting_a_course_overview():
    CourseOverviewFactory(id=KEY).delete()
    assert CatalogCourseRun.objects.filter(course_key=KEY).exists()


@pytest.mark.parametrize("key", [KEY, CCX])
def test_publishing_a_course(key):
    CourseOverviewFactory(id=key)
    publish_course(key)
    assert shown(key) == URL


def test_a_course_that_the_catalog_does_not_know():
    overview = CourseOverviewFactory()
    publish_course(str(overview.pk))
    assert shown(overview.pk) is None


def test_the_link_to_share():
    assert get_lms_link_for_about_page(CourseOverviewFactory(id=KEY)) == URL


def test_the_link_that_passes_through_the_filter():
    CourseOverviewFactory(id=KEY)
    about_page = f"https://lms.example.com/courses/{KEY}/about"
    assert CourseAboutPageURLRequested.run_filter(url=about_page, org="ExampleX") == (URL, "ExampleX")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_mobile_list(version):
    user = UserFactory()
    CourseEnrollmentFactory(user=user, course=CourseOverviewFactory(id=KEY))
    assert URL in get_list(user, version).content.decode()
