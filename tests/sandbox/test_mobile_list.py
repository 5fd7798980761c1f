"""The enrollments in a list of the Mobile API, and their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory, UserFactory
from tests.sandbox.mobile_client import VERSIONS, course_keys_of, enrollments_of

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("version", VERSIONS)]

COURSE = "course-v1:ExampleX+One+2026"


@pytest.fixture
def user():
    return UserFactory()


def test_inactive_foreign_and_not_mobile_enrollments_are_left_out(user, version):
    CourseEnrollmentFactory(user=user, is_active=False)
    CourseEnrollmentFactory()
    CourseEnrollmentFactory(user=user, course__mobile_available=False)
    assert course_keys_of(user, version) == []


def test_staff_get_courses_that_are_not_for_mobile(version):
    staff = UserFactory(is_staff=True)
    CourseEnrollmentFactory(user=staff, course__id=COURSE, course__mobile_available=False)
    assert course_keys_of(staff, version) == [COURSE]


@pytest.mark.parametrize("is_staff", [False, True])
def test_enrollment_without_course_overview_is_left_out(version, is_staff):
    user = UserFactory(is_staff=is_staff)
    CourseEnrollmentFactory(user=user).course.delete()
    assert course_keys_of(user, version) == []


def test_newest_enrollment_comes_first(user, version):
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (2, 3, 1)]
    for day in days:
        CourseEnrollmentFactory(user=user, created=day)
    listed = [datetime.fromisoformat(enrollment["created"]) for enrollment in enrollments_of(user, version)]
    assert listed == sorted(days, reverse=True)


def test_last_stored_enrollment_comes_first_if_the_time_is_the_same(user, version):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    stored = [str(CourseEnrollmentFactory(user=user, created=moment).course_id) for _ in range(4)]
    assert course_keys_of(user, version) == stored[::-1]


OTHER = "course-v1:OtherX+One+2026"


@pytest.mark.parametrize(
    ("org", "keys"),
    [("ExampleX", [COURSE]), ("eXAMPLEx", [COURSE]), ("Example%", []), ("", [OTHER, COURSE])],
)
def test_org_selects_an_organization_in_any_case(user, version, org, keys):
    CourseEnrollmentFactory(user=user, course__id=COURSE)
    CourseEnrollmentFactory(user=user, course__id=OTHER)
    assert course_keys_of(user, version, org=org) == keys


@pytest.mark.parametrize("key", [COURSE, "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"])
def test_every_kind_of_course_key_is_listed(user, version, key):
    CourseEnrollmentFactory(user=user, course__id=key)
    assert course_keys_of(user, version) == [key]


@pytest.mark.parametrize(
    ("status", "runs"),
    [
        ("in_progress", {"open", "running"}),
        ("completed", set()),
        ("expired", {"ended"}),
        ("unheard-of", {"open", "running", "ended", "coming"}),
    ],
)
def test_status_filters_the_list_in_v4_only(user, version, status, runs):
    now = timezone.now()
    past, future = now - timedelta(days=9), now + timedelta(days=9)
    spans = {"open": (None, None), "running": (past, future), "ended": (past, past), "coming": (future, None)}
    for run, (start, end) in spans.items():
        course = CourseOverviewFactory(id=f"course-v1:ExampleX+One+{run}", start=start, end=end)
        CourseEnrollmentFactory(user=user, course=course)
    keys = course_keys_of(user, version, status=status)
    assert {key.rpartition("+")[2] for key in keys} == (runs if version == "v4" else spans.keys())
