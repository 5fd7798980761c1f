"""The link that the LMS gives a learner for a course, decided as edx-platform decides it from Redwood to Teak."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from openedx_filters.learning.filters import CourseAboutPageURLRequested

_ORGANIZATION = re.compile(r"(?:[^:]+:)?([^+/]+)")


def get_link_for_about_page(course: Any) -> str:
    """Return the URL of the page about a course: a course overview, or anything with its id and its two URLs.

    It does not use ``marketing_url`` unless ``ENABLE_MKTG_SITE`` is on. The about page passes through the filter, so
    that plugins can replace it.
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
