"""How the Mobile enrollment API writes an enrollment.

Apps read every field that is listed here. Those that the sandbox knows nothing of are null or empty, never absent.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework import serializers

from catalog_sync.api import get_lms_link_for_about_page
from sandbox.lms.mobile_api.access import courseware_access
from sandbox.lms.mobile_api.enrollments import Course, Enrollment

NOT_IN_SUBSCRIPTION_ID = re.compile(r"[^A-Za-z0-9]")


class EnrollmentSerializer(serializers.BaseSerializer):
    """An enrollment as of v1, from a row of ``as_rows``."""

    def to_representation(self, row: tuple[Any, ...]) -> dict[str, Any]:
        enrollment = Enrollment.of(row)
        return {
            "audit_access_expires": None,
            "created": enrollment.created,
            "mode": enrollment.mode,
            "is_active": enrollment.is_active,
            "course": course_fields(enrollment.course, self._user, self._utm_parameters),
            "certificate": {},
            "course_modes": [],
        }

    # Both are the same for the whole list.

    @cached_property
    def _user(self) -> User:
        return self.context["request"].user

    @cached_property
    def _utm_parameters(self) -> dict[str, str]:
        return sharing_utm_parameters()


class EnrollmentV05Serializer(EnrollmentSerializer):
    """An enrollment as of v0.5."""

    def to_representation(self, row: tuple[Any, ...]) -> dict[str, Any]:
        fields = super().to_representation(row)
        del fields["audit_access_expires"], fields["course_modes"]
        return fields


def course_fields(course: Course, user: User, utm_parameters: dict[str, str]) -> dict[str, Any]:
    """Return the ``course`` of an enrollment, as ``user`` sees it."""
    image_url = course.course_image_url
    return {
        "id": course.id,
        "name": course.display_name,
        "number": course.display_number_with_default,
        "org": course.display_org_with_default,
        "org_logo": None,
        "start": course.start,
        "start_display": course.start_display,
        "start_type": course.start_type,
        "end": course.end,
        "dynamic_upgrade_deadline": None,
        "subscription_id": NOT_IN_SUBSCRIPTION_ID.sub("_", course.id),
        "courseware_access": courseware_access(course, user),
        "media": {"course_image": {"uri": image_url, "name": "Course Image"}},
        "course_image": image_url,
        "course_about": get_lms_link_for_about_page(course),
        "course_sharing_utm_parameters": utm_parameters,
        "course_updates": None,
        "course_handouts": None,
        "discussion_url": None,
        "video_outline": None,
        "is_self_paced": course.self_paced,
    }


def sharing_utm_parameters() -> dict[str, str]:
    """Return, for each site to share on, the query string that the app appends to ``course_about``."""
    return {site: urlencode(query) for site, query in settings.COURSE_SHARING_UTM_PARAMETERS.items()}
