"""How a course stands: what its course overview is to show, what it shows, and which link a learner gets and why."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.utils.translation import gettext as _

from catalog_sync import conf, overviews, replica
from catalog_sync.links import get_lms_link_for_about_page, source_of_link
from catalog_sync.models import CatalogCourseRun


class Standing(NamedTuple):
    """Where the LMS and the replica stand with a course.

    Attributes:
        is_in_lms: whether there is a course overview.
        shown_url: its marketing URL.
        wanted_url: what it is to show; None: the replica holds nothing for it.
    """

    is_in_lms: bool
    shown_url: str | None
    wanted_url: str | None

    @property
    def is_in_step(self) -> bool | None:
        """Whether the course overview shows what it is to show; None without a course overview."""
        return (self.shown_url or None) == self.wanted_url if self.is_in_lms else None


def standings(course_keys: Collection[str]) -> dict[str, Standing]:
    """Return how the courses of these keys stand; two queries, however many they are."""
    shown = overviews.shown_urls(course_keys)
    held = replica.held_for(course_keys)
    wanted = {key: each.marketing_url for key, each in held.items()}
    return {key: Standing(key in shown, shown.get(key), wanted.get(key)) for key in course_keys}


def link_and_why(course_run: CatalogCourseRun) -> tuple[str, str]:
    """Return the link about a course that a learner shares, and why it is this one."""
    course_overview = overviews.get(course_run.course_key)
    if course_overview is None:
        return "", _(
            "The course is not in the LMS. Created there, it shows its marketing URL from the start."
        )
    link, source = get_lms_link_for_about_page(course_overview), source_of_link(course_overview)
    if source == "social_sharing_url":
        return link, _("The course has a social sharing URL, which comes first.")
    if source == "marketing_url":
        return link, _why_marketing(course_run.course_key)
    return link, _why_about(course_run)


def _why_marketing(course_key: str) -> str:
    source = replica.source_of(course_key)
    if source is None:
        return _("Its marketing URL was set by another tool. The next full sync asks the Catalog about it.")
    if source.course_key != course_key:
        text = (
            _(
                "This is a CCX course without a marketing URL of its own: its parent run %(key)s has a pinned one."
            )
            if source.is_pinned
            else _(
                "This is a CCX course without a marketing URL of its own: the Catalog has one for %(key)s."
            )
        )
        return text % {"key": source.course_key}
    if source.is_pinned:
        return _("Its marketing URL is pinned.")
    return _("The Catalog has a marketing URL for it.")


def _why_about(course_run: CatalogCourseRun) -> str:
    if replica.source_of(course_run.course_key) is not None:
        return _(
            "The course overview lacks the marketing URL that it is to show: the next sync puts it there. Until then "
            "the LMS's own page is shared."
        )
    statuses = conf.run_statuses()
    if course_run.status and statuses is not None and course_run.status not in statuses:
        text = _(
            "The Catalog calls the run %(status)s, and then its URL does not count: the LMS's own page is shared."
        )
        return text % {"status": course_run.status}
    return _("There is no marketing URL for it: the LMS's own page is shared.")
