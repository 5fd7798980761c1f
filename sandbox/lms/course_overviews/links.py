"""The LMS's link to a course, as in edx-platform from Redwood to Teak."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from openedx_filters.learning.filters import CourseAboutPageURLRequested

_ORGANIZATION = re.compile(r"(?:[^:]+:)?([^+/]+)")


def get_link_for_about_page(course: Any) -> str:
    """Return the link to a course: a course overview, or another object with its id and its two URLs.

    It uses ``marketing_url`` only if ``ENABLE_MKTG_SITE`` is enabled. A filter lets plugins replace the about page.
    """
    if settings.SOCIAL_SHARING_SETTINGS["CUSTOM_COURSE_URLS"] and course.social_sharing_url:
        return course.social_sharing_url
    if settings.FEATURES["ENABLE_MKTG_SITE"] and course.marketing_url:
        return course.marketing_url
    about_page_url = f"{settings.LMS_ROOT_URL}/courses/{course.id}/about"
    url, _ = CourseAboutPageURLRequested.run_filter(url=about_page_url, org=_organization_of(str(course.id)))
    return url


def _organization_of(course_key: str) -> str:
    match = _ORGANIZATION.match(course_key)
    return match[1] if match else ""
