"""The marketing URL that a course has, the one that it should have, and the link that learners get."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.links import (
    get_lms_link_for_about_page,
    marketing_url,
    social_sharing_url,
    source_of_link,
)
from catalog_sync.models import CatalogCourseRun
from catalog_sync.openedx import links as platform
from catalog_sync.store import course_overviews, precedence


class CourseStatus(NamedTuple):
    """The marketing URL of a course in the LMS, and the one that it should have.

    Attributes:
        is_in_lms: whether the LMS has a course overview for it.
        shown_url: the course overview's marketing URL.
        expected_url: the marketing URL that it should have; None if none is stored for it.
    """

    is_in_lms: bool
    shown_url: str | None
    expected_url: str | None

    @property
    def is_up_to_date(self) -> bool | None:
        """Whether the course overview has the marketing URL that it should have; None if it does not exist."""
        return (self.shown_url or None) == self.expected_url if self.is_in_lms else None


def course_statuses(course_keys: Collection[str]) -> dict[str, CourseStatus]:
    """Return the status of each of these courses, with two queries in total."""
    shown = course_overviews.marketing_urls(course_keys)
    expected = {key: data.marketing_url for key, data in precedence.data_for(course_keys).items()}
    return {key: CourseStatus(key in shown, shown.get(key), expected.get(key)) for key in course_keys}


def link_and_why(course_run: CatalogCourseRun) -> tuple[str, str]:
    """Return the link that learners get for a course, and the reason.

    It is the link that the LMS's own function returns, if there is one, else the link of this app.
    """
    course_overview = course_overviews.get(course_run.course_key)
    if course_overview is None:
        return "", _(
            "This course does not exist in the LMS. If it is created, it gets its marketing URL immediately."
        )
    expected = get_lms_link_for_about_page(course_overview)
    link = platform.platform_link(course_overview) or expected
    # The platform does not quote course keys.
    if unquote(link) != unquote(expected):
        return link, _why_other_link(course_overview, link)
    source = source_of_link(course_overview)
    if source == "social_sharing_url":
        return link, _("The course has a social sharing URL, which has priority.")
    if source == "marketing_url":
        return link, _why_marketing(course_run.course_key)
    return link, _why_about(course_run)


def _why_other_link(course_overview: Any, link: str) -> str:
    reasons = []
    uses_social = bool(social_sharing_url(course_overview))
    if uses_social and not platform.uses_social_sharing_urls():
        uses_social = False
        reasons.append(
            _(
                "The course has a social sharing URL, but the LMS does not use it because "
                'SOCIAL_SHARING_SETTINGS["CUSTOM_COURSE_URLS"] is off.'
            )
        )
    shared = marketing_url(course_overview)
    if shared and shared != link and not uses_social and not platform.returns_marketing_urls():
        reasons.append(_why_no_marketing())
    return " ".join(reasons) or _why_changed()


def _why_no_marketing() -> str:
    if not conf.about_page_filter_enabled():
        return _(
            "The LMS does not use the marketing URL of the course, because CATALOG_SYNC_ABOUT_PAGE_FILTER and "
            'FEATURES["ENABLE_MKTG_SITE"] are off. Set CATALOG_SYNC_ABOUT_PAGE_FILTER to True.'
        )
    text = _(
        "The LMS does not use the marketing URL of the course, because OPEN_EDX_FILTERS_CONFIG does not contain the "
        'filter step %(step)s, and FEATURES["ENABLE_MKTG_SITE"] is off. Add the filter step.'
    )
    return text % {"step": conf.ABOUT_PAGE_STEP}


def _why_changed() -> str:
    pipeline = conf.filter_pipeline(conf.ABOUT_PAGE_FILTER)
    if others := [step for step in pipeline if step != conf.ABOUT_PAGE_STEP]:
        text = _("Another plugin's filter step in OPEN_EDX_FILTERS_CONFIG changes the link: %(steps)s.")
        return text % {"steps": ", ".join(others)}
    return _("The LMS's own function get_link_for_about_page returns another link than this app expects.")


def _why_marketing(course_key: str) -> str:
    source = precedence.source_of(course_key)
    if source is None:
        return _("Another tool has set its marketing URL. The next full sync checks it against the Catalog.")
    if source.course_key != course_key:
        text = (
            _(
                "This CCX course has no marketing URL of its own. It uses the pinned URL of its parent run %(key)s."
            )
            if source.is_pinned
            else _(
                "This CCX course has no marketing URL of its own. It uses the Catalog's URL of its parent run %(key)s."
            )
        )
        return text % {"key": source.course_key}
    if source.is_pinned:
        return _("Its marketing URL is pinned.")
    return _("The Catalog has this marketing URL for the course.")


def _why_about(course_run: CatalogCourseRun) -> str:
    if precedence.source_of(course_run.course_key) is not None:
        return _(
            "The marketing URL has not reached the LMS yet. The next sync adds it; until then, learners share the LMS "
            "about page."
        )
    statuses = conf.run_statuses()
    if course_run.status and statuses is not None and course_run.status not in statuses:
        text = _(
            "The course run has the status '%(status)s' in the Catalog, so its marketing URL is not used. Learners "
            "share the LMS about page."
        )
        return text % {"status": course_run.status}
    return _("The course has no marketing URL. Learners share the LMS about page.")
