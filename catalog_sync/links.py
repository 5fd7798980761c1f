"""The link to a course that a learner shares."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.urls import NoReverseMatch, URLResolver, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language

from catalog_sync import conf
from catalog_sync.openedx.links import about_page_base

# The characters that Django does not quote when it reverses a path.
SAFE_IN_PATH = "!$&'()*+,;=/~:@"


def get_lms_link_for_about_page(course_overview: Any) -> str:
    """Return the absolute URL of the page that presents a course.

    It is the course's social sharing URL, else its marketing URL, else its about page. An empty string is ignored.
    The function sends no query and no request.

    Args:
        course_overview: a course overview, or a course block. A field that it does not have is ignored.
    """
    return (
        social_sharing_url(course_overview)
        or marketing_url(course_overview)
        or about_page_base() + _about_path(str(course_overview.id))
    )


def source_of_link(course_overview: Any) -> str:
    """Return which link ``get_lms_link_for_about_page`` returns.

    Returns:
        ``social_sharing_url``, ``marketing_url`` or ``about_course``.
    """
    if social_sharing_url(course_overview):
        return "social_sharing_url"
    return "marketing_url" if marketing_url(course_overview) else "about_course"


def social_sharing_url(course_overview: Any) -> Any:
    """Return the URL that the course team has set for sharing; None if it has none."""
    return getattr(course_overview, "social_sharing_url", None)


def marketing_url(course_overview: Any) -> Any:
    """Return the course's marketing URL, from the field that ``CATALOG_SYNC_FIELDS`` names; None if it has none."""
    return getattr(course_overview, conf.fields()["marketing_url"], None)


def _about_path(course_key: str) -> str:
    return _reversed(course_key, get_resolver(get_urlconf()), get_script_prefix(), get_language())


# Lists of courses need the same paths again and again. The arguments are everything that Django builds a path from.
@lru_cache(maxsize=4096)
def _reversed(course_key: str, patterns: URLResolver, script_prefix: str, language: str | None) -> str:
    try:
        return reverse("about_course", args=[course_key])
    except NoReverseMatch:  # Studio does not have this URL.
        return f"/courses/{quote(course_key, safe=SAFE_IN_PATH)}/about"
