"""What the Mobile enrollment API tells of an enrollment.

Apps read every field that is listed here. Those that the sandbox knows nothing of are null or empty, never absent.
None of these is part of a cycle. Left out of garbage collection, a thousand of them do not cause one every few replies.
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
    """An enrollment as of v0.5."""

    created: datetime
    mode: str
    is_active: bool
    course: CourseReply
    certificate: dict[str, str] = {}


class EnrollmentReply(EnrollmentV05Reply, gc=False):
    """An enrollment as of v1."""

    audit_access_expires: None = None
    course_modes: tuple[()] = ()
