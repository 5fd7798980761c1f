"""A pipeline step for Open edX filters that puts marketing URLs into the LMS's own links."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from openedx_filters import PipelineStep

from catalog_sync import api, conf
from catalog_sync.course_keys import MAX_COURSE_KEY_LENGTH, is_course_key
from catalog_sync.event_log import EventLog

MAX_URL_LENGTH = 2048

# An about page of the LMS or of the catalog MFE. The quantifiers are possessive, so that the time is linear.
_ABOUT_PAGE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*+://[^/?#]++(?:/[^/?#]*+)*?"
    r"/courses/(?P<key>[^/?#]++(?:/[^/?#]++/[^/?#]++)?)/about/?"
)


class ReplaceAboutPageUrl(PipelineStep):
    """Replaces the URL of a course's about page by the course's marketing URL.

    It is a step of the filter ``CourseAboutPageURLRequested``. Any other URL is returned as it is.
    """

    def run_filter(self, url: Any, org: Any) -> dict[str, Any]:
        """Return the marketing URL, or the URL as it is, and the organization. It never raises an exception."""
        try:
            return {"url": _marketing_url(url) or url, "org": org}
        except Exception as error:  # The link of the LMS is better than an error page.
            # The URLs of an organization are read once per request, so this is logged once, too.
            EventLog().warning("about_page_link_kept", org=org, reason=f"{type(error).__name__}: {error}")
            return {"url": url, "org": org}


def _marketing_url(url: Any) -> str | None:
    if not isinstance(url, str) or not conf.about_page_filter_enabled():
        return None
    course_key = _course_key_in(url)
    return api.get_marketing_url(course_key, about_page_url=url) if course_key else None


# Parsing an unusual course key takes about 10 µs, and the same lists are shown again and again.
@lru_cache(maxsize=4096)
def _course_key_in(url: str) -> str | None:
    """Return the course key in the URL of an about page; None if the URL is not one of an about page."""
    about_page = _ABOUT_PAGE.fullmatch(url) if len(url) <= MAX_URL_LENGTH else None
    if about_page is None:
        return None
    course_key = unquote(about_page["key"])
    return course_key if len(course_key) <= MAX_COURSE_KEY_LENGTH and is_course_key(course_key) else None
