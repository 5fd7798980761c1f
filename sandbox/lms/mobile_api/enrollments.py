"""The enrollments in a learner's app. One query reads them, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import CharField, F, Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.utils import timezone

from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.student.models import CourseEnrollment

Enrollments = QuerySet[CourseEnrollment]


class Course(NamedTuple):
    """The fields and properties of a course overview that apps read."""

    id: str  # Not parsed: parsing a course key takes longer than reading its row.
    display_name: str | None
    display_number_with_default: str
    display_org_with_default: str
    start: datetime | None
    end: datetime | None
    advertised_start: str | None
    course_image_url: str
    social_sharing_url: str | None
    marketing_url: str | None
    self_paced: bool

    start_type = CourseOverview.start_type
    start_display = CourseOverview.start_display
    has_started = CourseOverview.has_started


class Enrollment(NamedTuple):
    """The fields of an enrollment that apps read."""

    id: int
    created: datetime
    mode: str
    is_active: bool
    course: Course

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Enrollment:
        """Return the enrollment in a row of ``as_rows``."""
        return cls(*row[:4], Course(*row[4:]))


def visible_enrollments(user: User, *, org: str | None = None) -> Enrollments:
    """Return the user's active enrollments that have a course overview, newest first.

    For users who are not staff, courses that are not for mobile apps are left out. ``org`` selects one organization, in
    upper or lower case.
    """
    # Because of the condition on a column of the course overview, COUNT(*) also leaves out enrollments without one.
    enrollments = CourseEnrollment.objects.filter(user=user, is_active=True, course__org__isnull=False)
    if not user.is_staff:
        enrollments = enrollments.filter(course__mobile_available=True)
    if org:
        enrollments = enrollments.filter(course__org__iexact=org)
    return enrollments.order_by("-created", "-id")


def as_rows(enrollments: Enrollments) -> QuerySet[CourseEnrollment, tuple[Any, ...]]:
    """Return the enrollments with their courses as rows for ``Enrollment.of``.

    Making the two model instances of an enrollment takes several times as long as reading its row.
    """
    course_id = ExpressionWrapper(F("course"), output_field=CharField())
    columns = (f"course__{field}" for field in Course._fields[1:])
    return enrollments.values_list(*Enrollment._fields[:-1], course_id, *columns)


def _in_progress(enrollments: Enrollments) -> Enrollments:
    now = timezone.now()
    has_started = Q(course__start__isnull=True) | Q(course__start__lte=now)
    has_not_ended = Q(course__end__isnull=True) | Q(course__end__gte=now)
    return enrollments.filter(has_started, has_not_ended)


def _completed(enrollments: Enrollments) -> Enrollments:
    # A course is completed if there is a certificate, and the sandbox has none.
    return enrollments.none()


def _expired(enrollments: Enrollments) -> Enrollments:
    return enrollments.filter(course__end__lt=timezone.now())


# The values of ``?status=``; others are ignored.
STATUS_FILTERS: dict[str | None, Callable[[Enrollments], Enrollments]] = {
    "in_progress": _in_progress,
    "completed": _completed,
    "expired": _expired,
}
