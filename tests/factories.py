"""Factories of course overviews, users and enrollments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory
from opaque_keys.edx.keys import CourseKey

from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.student.models import CourseEnrollment

FIRST_ENROLLMENT = datetime(2026, 1, 1, tzinfo=UTC)


class CourseOverviewFactory(DjangoModelFactory):
    """A course overview of a mobile course that has started. ``id`` may be a string or a course key."""

    class Meta:
        model = CourseOverview

    id = factory.Sequence(lambda n: f"course-v1:ExampleX+C{n}+2026")
    org = factory.LazyAttribute(lambda row: CourseKey.from_string(str(row.id)).org)
    display_name = factory.Sequence(lambda n: f"Course {n}")
    display_number_with_default = factory.LazyAttribute(lambda row: CourseKey.from_string(str(row.id)).course)
    display_org_with_default = factory.SelfAttribute("org")
    start = datetime(2025, 9, 1, tzinfo=UTC)
    course_image_url = "/asset/course_image.jpg"
    mobile_available = True


def add_course_overviews(*keys: str, **values: Any) -> None:
    """Insert these course overviews in one statement: without a signal, so without a stored marketing URL."""
    CourseOverview.objects.bulk_create(CourseOverviewFactory.build(id=key, **values) for key in keys)


class UserFactory(DjangoModelFactory):
    """A learner without a password, because hashing one takes longer than most tests."""

    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"learner{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.LazyFunction(lambda: make_password(None))


class CourseEnrollmentFactory(DjangoModelFactory):
    """An active enrollment, created a day later than the previous one."""

    class Meta:
        model = CourseEnrollment

    user = factory.SubFactory(UserFactory)
    course = factory.SubFactory(CourseOverviewFactory)
    created = factory.Sequence(lambda n: FIRST_ENROLLMENT + timedelta(days=n))
