"""Enrollments."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from sandbox.lms.course_overviews.models import CourseOverview


class CourseEnrollment(models.Model):
    """A learner's enrollment in a course run.

    Publishing deletes and creates the course overview, so ``course`` has no database constraint and may not exist.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrollments")
    course = models.ForeignKey(
        CourseOverview, on_delete=models.DO_NOTHING, db_constraint=False, related_name="enrollments"
    )
    created = models.DateTimeField(default=timezone.now, db_index=True, editable=False)
    mode = models.CharField(max_length=100, default="audit")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "course"], name="student_one_enrollment_a_course"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.course_id}"
