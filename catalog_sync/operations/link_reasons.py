"""Why learners get a link for a course, in one or two sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.links import marketing_url, social_sharing_url, source_of_link
from catalog_sync.openedx import links as platform
from catalog_sync.store.course_runs import StoredCourseRun
from catalog_sync.store.precedence import Source


def not_in_lms(source: Source | None, rejected: str, listed: Sequence[StoredCourseRun]) -> str:
    """Return why learners get no link: the LMS does not have the course."""
    if source is not None:
        return _(
            "This course does not exist in the LMS. If it is created, it gets its marketing URL immediately."
        )
    if rejected:
        return " ".join((_("This course does not exist in the LMS."), rejected))
    if listed:
        return _("This course does not exist in the LMS, and the Catalog has no usable marketing URL for it.")
    return _("This course does not exist in the LMS, and no Catalog lists it. Check the course key.")


def in_lms(
    course_overview: Any,
    link: str,
    expected: str,
    source: Source | None,
    rejected: str,
    no_url: str,
) -> str:
    """Return why learners get this link.

    Args:
        course_overview: the course overview.
        link: the link that they get.
        expected: the link that this app returns.
        source: the source of the marketing URL that the course overview should have; None: it should have none.
        rejected: why the record of the course run is rejected; empty if it is not.
        no_url: why it should have no marketing URL; empty if it should have one.
    """
    # The platform does not quote course keys.
    if unquote(link) != unquote(expected):
        return _other_link(course_overview, link)
    found = source_of_link(course_overview)
    if found == "social_sharing_url":
        return _("The course has a social sharing URL, which has priority.")
    if found == "marketing_url":
        return _marketing(str(course_overview.id), marketing_url(course_overview), source, rejected)
    if source is None:
        return " ".join((no_url, _("Learners share the LMS about page.")))
    return _(
        "The marketing URL has not reached the LMS yet. The next sync adds it; until then, learners share the LMS "
        "about page."
    )


def _other_link(course_overview: Any, link: str) -> str:
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
        reasons.append(_no_marketing())
    return " ".join(reasons) or _changed()


def _no_marketing() -> str:
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


def _changed() -> str:
    pipeline = conf.filter_pipeline(conf.ABOUT_PAGE_FILTER)
    if others := [step for step in pipeline if step != conf.ABOUT_PAGE_STEP]:
        text = _("Another plugin's filter step in OPEN_EDX_FILTERS_CONFIG changes the link: %(steps)s.")
        return text % {"steps": ", ".join(others)}
    return _("The LMS's own function get_link_for_about_page returns another link than this app expects.")


def _marketing(course_key: str, overview_url: str, source: Source | None, rejected: str) -> str:
    if source is None:
        return _("Another tool has set its marketing URL. The next full sync checks it against the Catalog.")
    if source.url != overview_url:
        if source.course_key != course_key:
            return _("This CCX course has a marketing URL of its own, which another tool has set.")
        return _("Another tool has changed its marketing URL. The next full sync restores the expected URL.")
    if source.course_key != course_key:
        text = (
            _(
                "This CCX course has no marketing URL of its own. It uses the pinned URL of its parent course run "
                "%(key)s."
            )
            if source.is_pinned
            else _(
                "This CCX course has no marketing URL of its own. It uses the Catalog's URL of its parent course run "
                "%(key)s."
            )
        )
        return text % {"key": source.course_key}
    if source.is_pinned:
        return _("Its marketing URL is pinned.")
    if rejected:
        return " ".join((rejected, _("The course keeps the marketing URL that it had.")))
    return _("The Catalog has this marketing URL for the course.")


def no_url(published: StoredCourseRun | None) -> str:
    """Return why a course has no marketing URL.

    Args:
        published: the stored course run whose values are published; None: no Catalog lists the course.
    """
    if published is None:
        return _("No Catalog lists this course, so it has no marketing URL.")
    if why_status_is_unused(published.data.status):
        text = _(
            "The course run has the status '%(status)s' in the Catalog, so its marketing URL is not used."
        )
        return text % {"status": published.data.status}
    return _("The Catalog lists this course without a marketing URL.")


def no_url_of_parent(parent: str, reason: str) -> str:
    """Return why a CCX course has no marketing URL: for this reason, its parent course run has none."""
    text = _("It is a CCX course, and its parent course run %(key)s has no marketing URL: %(reason)s")
    return text % {"key": parent, "reason": reason}


def why_parent_has_none(published: StoredCourseRun | None) -> str:
    """Return why the parent course run of a CCX course has no marketing URL; ``published`` as in ``no_url``."""
    if published is None:
        return _("No Catalog lists the parent course run.")
    return why_status_is_unused(published.data.status) or _("The Catalog has none for the parent course run.")


def why_status_is_unused(status: str) -> str:
    """Return a sentence if the status of a course run prevents the use of its marketing URL; else an empty text."""
    statuses = conf.run_statuses()
    if not status or statuses is None or status in statuses:
        return ""
    return _("The course run has the status '%(status)s' in the Catalog.") % {"status": status}
