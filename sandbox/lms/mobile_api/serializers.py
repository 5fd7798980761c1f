"""How the Mobile enrollment API writes an enrollment.

Apps read every field that is listed here. Those that the sandbox knows nothing of are null or empty, never absent.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework import serializers

from catalog_sync.api import get_lms_link_for_about_page
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.mobile_api.access import courseware_access
from sandbox.lms.student.models import CourseEnrollment


class EnrollmentSerializer(serializers.BaseSerializer):
    """An enrollment as of v1."""

    def to_representation(self, enrollment: CourseEnrollment) -> dict[str, Any]:
        return {
            "audit_access_expires": None,
            "created": enrollment.created,
            "mode": enrollment.mode,
            "is_active": enrollment.is_active,
            "course": course_fields(enrollment.course, self.context["request"].user),
            "certificate": {},
            "course_modes": [],
        }


class EnrollmentV05Serializer(EnrollmentSerializer):
    """An enrollment as of v0.5."""

    def to_representation(self, enrollment: CourseEnrollment) -> dict[str, Any]:
        fields = super().to_representation(enrollment)
        del fields["audit_access_expires"], fields["course_modes"]
        return fields


def course_fields(course_overview: CourseOverview, user: User) -> dict[str, Any]:
    """Return the ``course`` of an enrollment, as ``user`` sees it."""
    image_url = course_overview.course_image_url
    return {
        "id": str(course_overview.id),
        "name": course_overview.display_name,
        "number": course_overview.display_number_with_default,
        "org": course_overview.display_org_with_default,
        "org_logo": None,
        "start": course_overview.start,
        "start_display": course_overview.start_display,
        "start_type": course_overview.start_type,
        "end": course_overview.end,
        "dynamic_upgrade_deadline": None,
        "subscription_id": re.sub(r"[^A-Za-z0-9]", "_", str(course_overview.id)),
        "courseware_access": courseware_access(course_overview, user),
        "media": {"course_image": {"uri": image_url, "name": "Course Image"}},
        "course_image": image_url,
        "course_about": get_lms_link_for_about_page(course_overview),
        "course_sharing_utm_parameters": sharing_utm_parameters(),
        "course_updates": None,
        "course_handouts": None,
        "discussion_url": None,
        "video_outline": None,
        "is_self_paced": course_overview.self_paced,
    }


def sharing_utm_parameters() -> dict[str, str]:
    """Return, for each site to share on, the query string that the app appends to ``course_about``."""
    return {site: urlencode(query) for site, query in settings.COURSE_SHARING_UTM_PARAMETERS.items()}
