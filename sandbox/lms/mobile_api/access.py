"""Whether a learner has access to the courseware, and if not, why."""

from __future__ import annotations

from django.contrib.auth.models import User
from msgspec import Struct

from sandbox.lms.mobile_api.enrollments import Course


class CoursewareAccess(Struct, frozen=True, gc=False):
    """``courseware_access`` of the Mobile API."""

    has_access: bool
    error_code: str | None = None
    developer_message: str | None = None
    user_message: str | None = None
    additional_context_user_message: None = None
    user_fragment: None = None


GRANTED = CoursewareAccess(has_access=True)


def courseware_access(course: Course, user: User) -> CoursewareAccess:
    """Return whether the user has access: staff always, others after the start of the course."""
    if course.has_started or user.is_staff:
        return GRANTED
    start = course.start_display
    return CoursewareAccess(
        has_access=False,
        error_code="course_not_started",
        developer_message=f"The course does not start until {course.start:%Y-%m-%dT%H:%M:%SZ}.",
        user_message=f"This course starts on {start}." if start else "This course has not started yet.",
    )
