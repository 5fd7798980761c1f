"""The list of enrollments as one writes it who does not think of what a row costs.

The reply has the same values as the sandbox's. It is made with model instances, an ordinary serializer and Django REST
framework's own JSON, and ``enrollment.course`` sends one query per enrollment.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from msgspec.structs import asdict
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from sandbox.lms.course_overviews.links import get_link_for_about_page
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.mobile_api.access import courseware_access
from sandbox.lms.mobile_api.enrollments import visible_enrollments
from sandbox.lms.mobile_api.serializers import sharing_utm_parameters
from sandbox.lms.mobile_api.views import EnrollmentsV1
from sandbox.lms.student.models import CourseEnrollment


class PerRowSerializer(serializers.BaseSerializer):
    def to_representation(self, enrollment: CourseEnrollment) -> dict[str, Any]:
        return {
            "audit_access_expires": None,
            "created": enrollment.created,
            "mode": enrollment.mode,
            "is_active": enrollment.is_active,
            "course": _course_fields(enrollment.course, self.context["request"].user),
            "certificate": {},
            "course_modes": [],
        }


def _course_fields(course_overview: CourseOverview, user: User) -> dict[str, Any]:
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
        "courseware_access": asdict(courseware_access(course_overview, user)),
        "media": {"course_image": {"uri": image_url, "name": "Course Image"}},
        "course_image": image_url,
        "course_about": get_link_for_about_page(course_overview),
        "course_sharing_utm_parameters": sharing_utm_parameters(),
        "course_updates": None,
        "course_handouts": None,
        "discussion_url": None,
        "video_outline": None,
        "is_self_paced": course_overview.self_paced,
    }


class EnrollmentsPerRow(EnrollmentsV1):
    renderer_classes = [JSONRenderer]
    serializer_class = PerRowSerializer

    def get_queryset(self) -> QuerySet[CourseEnrollment]:
        return visible_enrollments(self.request.user)
