"""An enrollment in a reply of the Mobile enrollment API.

Apps read all of these fields. If the sandbox has no value, a field is null or empty, and never missing. ``gc=False``
avoids a garbage collection every few replies; it is safe because none of these objects is part of a cycle.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from sandbox.lms.mobile_api.access import CoursewareAccess


class CourseImage(Struct, gc=False):
    uri: str
    name: str = "Course Image"


class Media(Struct, gc=False):
    course_image: CourseImage


class CourseReply(Struct, gc=False, kw_only=True):
    """The ``course`` of an enrollment."""

    id: str
    name: str | None
    number: str
    org: str
    org_logo: None = None
    start: datetime | None
    start_display: str | None
    start_type: str
    end: datetime | None
    dynamic_upgrade_deadline: None = None
    subscription_id: str
    courseware_access: CoursewareAccess
    media: Media
    course_image: str
    course_about: str
    course_sharing_utm_parameters: dict[str, str]
    course_updates: None = None
    course_handouts: None = None
    discussion_url: None = None
    video_outline: None = None
    is_self_paced: bool


class EnrollmentV05Reply(Struct, gc=False):
    """An enrollment in v0.5."""

    created: datetime
    mode: str
    is_active: bool
    course: CourseReply
    certificate: dict[str, str] = {}


class EnrollmentReply(EnrollmentV05Reply, gc=False):
    """An enrollment from v1 on."""

    audit_access_expires: None = None
    course_modes: tuple[()] = ()
