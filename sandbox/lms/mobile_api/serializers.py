"""From a row to an enrollment in a reply."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework import serializers

from sandbox.lms.course_overviews.links import get_link_for_about_page
from sandbox.lms.mobile_api.access import courseware_access
from sandbox.lms.mobile_api.enrollments import Course, Enrollment
from sandbox.lms.mobile_api.replies import (
    CourseImage,
    CourseReply,
    EnrollmentReply,
    EnrollmentV05Reply,
    Media,
)

NOT_IN_SUBSCRIPTION_ID = re.compile(r"[^A-Za-z0-9]")


class EnrollmentSerializer(serializers.BaseSerializer):
    """Makes an enrollment from v1 on of a row of ``as_rows``."""

    reply: type[EnrollmentV05Reply] = EnrollmentReply

    def to_representation(self, row: tuple[Any, ...]) -> EnrollmentV05Reply:
        enrollment = Enrollment.of(row)
        course = course_reply(enrollment.course, self._user, self._utm_parameters)
        return self.reply(enrollment.created, enrollment.mode, enrollment.is_active, course)

    # Both are computed once per list.

    @cached_property
    def _user(self) -> User:
        return self.context["request"].user

    @cached_property
    def _utm_parameters(self) -> dict[str, str]:
        return sharing_utm_parameters()


class EnrollmentV05Serializer(EnrollmentSerializer):
    """Makes an enrollment in v0.5."""

    reply = EnrollmentV05Reply


def course_reply(course: Course, user: User, utm_parameters: dict[str, str]) -> CourseReply:
    """Return the ``course`` of an enrollment of ``user``."""
    return CourseReply(
        id=course.id,
        name=course.display_name,
        number=course.display_number_with_default,
        org=course.display_org_with_default,
        start=course.start,
        start_display=course.start_display,
        start_type=course.start_type,
        end=course.end,
        subscription_id=NOT_IN_SUBSCRIPTION_ID.sub("_", course.id),
        courseware_access=courseware_access(course, user),
        media=Media(CourseImage(course.course_image_url)),
        course_image=course.course_image_url,
        course_about=get_link_for_about_page(course),
        course_sharing_utm_parameters=utm_parameters,
        is_self_paced=course.self_paced,
    )


def sharing_utm_parameters() -> dict[str, str]:
    """Return the query string that the app appends to ``course_about``, by the site on which a learner shares it."""
    return {site: urlencode(query) for site, query in settings.COURSE_SHARING_UTM_PARAMETERS.items()}
