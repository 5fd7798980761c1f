"""Which enrollments a learner's app shows. All that it shows comes with one query, however many there are."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from sandbox.lms.student.models import CourseEnrollment

Enrollments = QuerySet[CourseEnrollment]


def visible_enrollments(user: User, *, org: str | None = None) -> Enrollments:
    """Return the user's active enrollments with their course overview, newest first.

    Those without course overview are left out, and, except for staff, those in courses that are not for mobile apps.
    ``org`` keeps one organization's courses, upper or lower case alike.
    """
    # The condition on a column of the course overview makes COUNT(*), too, leave out those without one.
    enrollments = CourseEnrollment.objects.filter(user=user, is_active=True, course__org__isnull=False)
    if not user.is_staff:
        enrollments = enrollments.filter(course__mobile_available=True)
    if org:
        enrollments = enrollments.filter(course__org__iexact=org)
    return enrollments.select_related("course").order_by("-created", "-id")


def _in_progress(enrollments: Enrollments) -> Enrollments:
    now = timezone.now()
    has_started = Q(course__start__isnull=True) | Q(course__start__lte=now)
    has_not_ended = Q(course__end__isnull=True) | Q(course__end__gte=now)
    return enrollments.filter(has_started, has_not_ended)


def _completed(enrollments: Enrollments) -> Enrollments:
    # Completed is who holds a certificate, and the sandbox awards none.
    return enrollments.none()


def _expired(enrollments: Enrollments) -> Enrollments:
    return enrollments.filter(course__end__lt=timezone.now())


# The values of ``?status=``. Any other is as if there were none.
STATUS_FILTERS: dict[str | None, Callable[[Enrollments], Enrollments]] = {
    "in_progress": _in_progress,
    "completed": _completed,
    "expired": _expired,
}
