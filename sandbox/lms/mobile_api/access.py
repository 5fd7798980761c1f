"""May a learner enter the courseware now, and if not, why?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from sandbox.lms.mobile_api.enrollments import Course


def courseware_access(course: Course, user: User) -> dict[str, Any]:
    """Return ``courseware_access`` of the Mobile API: everybody may enter once the course has started, staff before."""
    if course.has_started or user.is_staff:
        return _access(has_access=True)
    start = course.start_display
    return _access(
        has_access=False,
        error_code="course_not_started",
        developer_message=f"The course does not start until {course.start:%Y-%m-%dT%H:%M:%SZ}.",
        user_message=f"This course starts on {start}." if start else "This course has not started yet.",
    )


def _access(
    *,
    has_access: bool,
    error_code: str | None = None,
    developer_message: str | None = None,
    user_message: str | None = None,
) -> dict[str, Any]:
    return {
        "has_access": has_access,
        "error_code": error_code,
        "developer_message": developer_message,
        "user_message": user_message,
        "additional_context_user_message": None,
        "user_fragment": None,
    }
