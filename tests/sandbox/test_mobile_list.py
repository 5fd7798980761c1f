"""Which enrollments the Mobile API lists, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory, UserFactory
from tests.sandbox.mobile_client import VERSIONS, course_keys_of, enrollments_of, get_list

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("version", VERSIONS)]

COURSE = "course-v1:ExampleX+One+2026"


@pytest.fixture
def user():
    return UserFactory()


def test_active_enrollment_is_listed(user, version):
    CourseEnrollmentFactory(user=user, course__id=COURSE)
    assert course_keys_of(user, version) == [COURSE]


def test_inactive_enrollment_is_left_out(user, version):
    CourseEnrollmentFactory(user=user, is_active=False)
    assert course_keys_of(user, version) == []


def test_other_users_enrollment_is_left_out(user, version):
    CourseEnrollmentFactory()
    assert course_keys_of(user, version) == []


def test_course_that_is_not_for_mobile_is_left_out(user, version):
    CourseEnrollmentFactory(user=user, course__mobile_available=False)
    assert course_keys_of(user, version) == []


def test_staff_sees_a_course_that_is_not_for_mobile(version):
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


def test_of_enrollments_of_the_same_moment_the_last_stored_comes_first(user, version):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    stored = [str(CourseEnrollmentFactory(user=user, created=moment).course_id) for _ in range(4)]
    assert course_keys_of(user, version) == stored[::-1]


def test_org_keeps_only_that_organization(user, version):
    CourseEnrollmentFactory(user=user, course__id=COURSE)
    CourseEnrollmentFactory(user=user, course__id="course-v1:OtherX+One+2026")
    assert course_keys_of(user, version, org="ExampleX") == [COURSE]


def test_org_may_differ_in_case(user, version):
    CourseEnrollmentFactory(user=user, course__id=COURSE)
    assert course_keys_of(user, version, org="eXAMPLEx") == [COURSE]


def test_org_is_no_pattern(user, version):
    CourseEnrollmentFactory(user=user, course__id=COURSE)
    assert course_keys_of(user, version, org="Example%") == []


def test_empty_org_filters_nothing(user, version):
    CourseEnrollmentFactory(user=user, course__id=COURSE)
    assert course_keys_of(user, version, org="") == [COURSE]


@pytest.mark.parametrize("key", [COURSE, "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"])
def test_every_kind_of_course_key_is_listed(user, version, key):
    CourseEnrollmentFactory(user=user, course__id=key)
    assert course_keys_of(user, version) == [key]


def test_user_without_enrollments_is_200(user, version):
    assert get_list(user, version).status_code == 200


class TestStatus:
    """Only v4 knows ``?status=``; the others list everything."""

    @pytest.fixture
    def enrolled(self, user):
        now = timezone.now()
        past, future = now - timedelta(days=9), now + timedelta(days=9)
        spans = {
            "open": (None, None),
            "running": (past, future),
            "ended": (past, past),
            "coming": (future, None),
        }
        for run, (start, end) in spans.items():
            course = CourseOverviewFactory(id=f"course-v1:ExampleX+One+{run}", start=start, end=end)
            CourseEnrollmentFactory(user=user, course=course)
        return user

    @pytest.mark.parametrize(
        ("status", "runs"),
        [
            ("in_progress", {"open", "running"}),
            ("completed", set()),
            ("expired", {"ended"}),
            ("unheard-of", {"open", "running", "ended", "coming"}),
        ],
    )
    def test_filters_in_v4(self, enrolled, version, status, runs):
        keys = course_keys_of(enrolled, version, status=status)
        expected = runs if version == "v4" else {"open", "running", "ended", "coming"}
        assert {key.rpartition("+")[2] for key in keys} == expected
