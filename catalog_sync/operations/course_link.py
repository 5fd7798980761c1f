"""The link that learners get for a course, the reason, and every link that they could get."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.links import get_lms_link_for_about_page, marketing_url, social_sharing_url
from catalog_sync.models import CatalogCourseRun, SyncRunChange
from catalog_sync.openedx import links as platform
from catalog_sync.operations import link_reasons
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.changes import changing_runs
from catalog_sync.store.course_runs import StoredCourseRun, StoredData


class Source(StrEnum):
    """Where a link comes from."""

    SOCIAL = "social"
    PIN = "pin"
    CATALOG = "catalog"
    PARENT = "parent"
    OTHER_TOOL = "other_tool"
    ABOUT = "about"
    PLATFORM = "platform"


class Candidate(NamedTuple):
    """A link that learners could get.

    Attributes:
        label: the source, for a person.
        url: the link; empty if this source has none.
        note: why it is not used, or where it comes from; may be empty.
        is_used: whether learners get this link.
    """

    source: Source
    label: str
    url: str = ""
    note: str = ""
    is_used: bool = False


class CourseLink(NamedTuple):
    """The link that learners get for a course, and why.

    Attributes:
        link: empty if the LMS does not have the course.
        reason: one or two sentences.
        candidates: every link that learners could get, in the order of priority.
        is_listed: whether a Catalog lists it.
    """

    course_key: str
    link: str
    reason: str
    candidates: tuple[Candidate, ...]
    is_in_lms: bool
    is_listed: bool
    is_pinned: bool


def explain(course_key: str) -> CourseLink:
    """Return the link that learners get for a course, even if neither the LMS nor a Catalog has the course.

    It is the link that the LMS's own function returns. If that does not exist, it is the link of this app.
    """
    course_overview = course_overviews.get(course_key)
    stored = course_runs.read(precedence.with_parents([course_key]))
    source = precedence.source_in(course_key, stored)
    listed = stored.course_runs.get(course_key, [])
    has_url = any(each.data.marketing_url for each in listed)
    # Of several Catalogs, only the one whose URL is published matters.
    names = (
        [precedence.published_course_run(listed).catalog]
        if has_url
        else [each.name for each in conf.catalogs()]
    )
    rejected = _rejected(course_key, names)
    candidates = _candidates(course_key, course_overview, stored, "" if has_url else rejected)
    if course_overview is None:
        link, reason = "", link_reasons.not_in_lms(source, rejected, listed)
    else:
        expected = get_lms_link_for_about_page(course_overview)
        link = platform.platform_link(course_overview) or expected
        used = _source_of(link, candidates, marketing_url(course_overview))
        reason = link_reasons.in_lms(course_overview, link, expected, source, rejected, listed)
        candidates = [each._replace(is_used=each is used) for each in candidates]
        if used is None:
            label = _("Changed by the LMS")
            candidates.append(Candidate(Source.PLATFORM, label, link, is_used=True))
    flags = (course_overview is not None, bool(listed), course_key in stored.pins)
    return CourseLink(course_key, link, reason, tuple(candidates), *flags)


def is_known(course_key: str) -> bool:
    """Return whether the LMS has the course, a Catalog lists it, or it is pinned; two queries."""
    stored = course_runs.read([course_key])
    return bool(stored.course_runs or stored.pins) or course_overviews.get(course_key) is not None


def _source_of(link: str, candidates: list[Candidate], shown_url: str | None) -> Candidate | None:
    """Return the candidate that learners get; None if the LMS returns another link."""
    for each in candidates:
        # Learners get only what is on the course overview. The platform does not quote course keys.
        is_on_overview = each.source in (Source.SOCIAL, Source.ABOUT) or each.url == shown_url
        if each.url and is_on_overview and unquote(each.url) == unquote(link):
            return each
    return None


def _candidates(course_key: str, course_overview: Any, stored: StoredData, rejected: str) -> list[Candidate]:
    parent = parent_of_ccx(course_key)
    social = social_sharing_url(course_overview) or ""
    found = [
        Candidate(Source.SOCIAL, _("Social sharing URL"), social),
        Candidate(Source.PIN, _("Pinned URL"), stored.pins.get(course_key, "")),
        *_of_catalogs(stored.course_runs.get(course_key, []), rejected),
        *([_of_parent(parent, stored)] if parent else []),
    ]
    shown = marketing_url(course_overview)
    if shown and shown not in [each.url for each in found[1:]]:
        found.append(Candidate(Source.OTHER_TOOL, _("Marketing URL set by another tool"), shown))
    about = ""
    if course_overview is not None:
        about = get_lms_link_for_about_page(SimpleNamespace(id=course_overview.id))
    return [*found, Candidate(Source.ABOUT, _("About page of the LMS"), about)]


def _of_catalogs(listed: list[StoredCourseRun], rejected: str) -> list[Candidate]:
    if not listed:
        note = rejected or _("No Catalog lists this course run.")
        return [Candidate(Source.CATALOG, _("Catalog"), note=note)]
    several = conf.has_several_catalogs()
    found = []
    for each in listed:
        label = _("Catalog %(name)s") % {"name": each.catalog} if several else _("Catalog")
        note = ""
        if not each.data.marketing_url:
            note = rejected or link_reasons.unused_status(each.data.status)
        found.append(Candidate(Source.CATALOG, label, each.data.marketing_url or "", note))
    return found


def _of_parent(parent: str, stored: StoredData) -> Candidate:
    source = precedence.source_in(parent, stored)
    label = _("Parent course run %(key)s") % {"key": parent}
    if source is None:
        return Candidate(Source.PARENT, label)
    note = _("It is pinned.") if source.is_pinned else _("It comes from the Catalog.")
    return Candidate(Source.PARENT, label, source.url, note)


def _rejected(course_key: str, catalogs: Iterable[str]) -> str:
    """Return why a Catalog's record of a course run is rejected, as a sentence; empty if it is not."""
    for catalog in catalogs:
        # The index finds the changes by sync run. A sync run stores at most 1,000 of each kind.
        changes = SyncRunChange.objects.filter(sync_run__in=changing_runs(catalog))
        # A sync run that both changed a course run and rejected its URL has two rows: the rejection is decisive.
        last = changes.filter(course_key=course_key).order_by("-sync_run", "-kind").first()
        if last is None or last.kind != SyncRunChange.Kind.REJECTED:
            continue
        if _is_stored_since(last, catalog):
            continue
        text = _("Sync run %(id)s rejected the Catalog's record (%(reason)s).")
        reason = ", ".join(filter(None, (last.reason, last.new)))
        return text % {"id": last.sync_run_id, "reason": reason}
    return ""


def _is_stored_since(rejected: SyncRunChange, catalog: str) -> bool:
    """Return whether a later sync run stored another record of the course run, or accepted the stored one again."""
    finished = rejected.sync_run.finished
    stored = CatalogCourseRun.objects.filter(course_key=rejected.course_key, catalog=catalog)
    return finished is not None and stored.filter(modified__gt=finished).exists()
