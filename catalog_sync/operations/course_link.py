"""The link that learners get for a course, the reason, and every link that they could get."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.db.models import Subquery
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.links import get_lms_link_for_about_page, marketing_url, social_sharing_url
from catalog_sync.models import CatalogCourseRun, SyncRun, SyncRunChange
from catalog_sync.openedx import links as platform
from catalog_sync.operations import link_reasons
from catalog_sync.operations.rejected_records import RejectedRecord, rejected_records
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.course_runs import StoredCourseRun, StoredData
from catalog_sync.store.sync_runs import full_syncs_that_read_the_list, successful_full_syncs


class Origin(StrEnum):
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
        label: the origin, for a person.
        url: the link; empty if there is none of this origin.
        note: why it is not used, or where it comes from; may be empty.
        is_used: whether learners get this link.
    """

    origin: Origin
    label: str
    url: str = ""
    note: str = ""
    is_used: bool = False


class CourseLink(NamedTuple):
    """The link that learners get for a course, and why.

    Attributes:
        link: empty if the LMS does not have the course.
        reason: one to three sentences.
        candidates: every link that learners could get, in the order of priority.
        parent: the key of the parent course run of a CCX course; empty for any other course.
        rejected: the rejected records of the course run, by Catalog.
        is_listed: whether a Catalog lists it.
    """

    course_key: str
    link: str
    reason: str
    candidates: tuple[Candidate, ...]
    parent: str
    rejected: Mapping[str, RejectedRecord]
    is_in_lms: bool
    is_listed: bool
    is_pinned: bool


class _Found(NamedTuple):
    """What is stored for a course and, if it is a CCX course, for its parent course run.

    Attributes:
        rejected: the rejected records, by Catalog and course key.
    """

    stored: StoredData
    rejected: Mapping[str, Mapping[str, RejectedRecord]]

    @classmethod
    def of(cls, course_key: str) -> _Found:
        keys = precedence.with_parents([course_key])
        rejected = {name: rejected_records(name, keys) for name in conf.catalog_names()}
        return cls(course_runs.read(keys), rejected)

    def listed(self, course_key: str) -> list[StoredCourseRun]:
        return self.stored.course_runs.get(course_key, [])

    def published(self, course_key: str) -> StoredCourseRun | None:
        listed = self.listed(course_key)
        return precedence.published_course_run(listed) if listed else None

    def rejection(self, course_key: str) -> str:
        """Return why a record of a course run is rejected, as a sentence; empty if none is, or it has no effect."""
        used = self.published(course_key)
        has_url = used is not None and used.data.marketing_url
        for catalog, rejected in self.rejected.items():
            # Of several Catalogs, only the one whose URL is published matters.
            if course_key in rejected and (not has_url or (used and used.catalog == catalog)):
                return rejected[course_key].sentence
        return ""

    def no_url(self, course_key: str) -> str:
        """Return why a course has no marketing URL."""
        rejected, parent = self.rejection(course_key), parent_of_ccx(course_key)
        if parent and not rejected:
            return link_reasons.no_url_of_parent(parent, self.why_parent_has_none(parent))
        return rejected or link_reasons.no_url(self.published(course_key))

    def why_parent_has_none(self, parent: str) -> str:
        return self.rejection(parent) or link_reasons.why_parent_has_none(self.published(parent))


def explain(course_key: str) -> CourseLink:
    """Return the link that learners get for a course, even if neither the LMS nor a Catalog has the course.

    It is the link that the LMS's own function returns. If that does not exist, it is the link of this app.
    """
    course_overview = course_overviews.get(course_key)
    found = _Found.of(course_key)
    source = precedence.source_in(course_key, found.stored)
    rejected, listed = found.rejection(course_key), found.listed(course_key)
    candidates = _candidates(course_key, course_overview, found)
    if course_overview is None:
        link, reason = "", link_reasons.not_in_lms(source, rejected, listed)
    else:
        expected = get_lms_link_for_about_page(course_overview)
        link = platform.platform_link(course_overview) or expected
        used = _find_used(link, candidates, marketing_url(course_overview))
        no_url = "" if source else found.no_url(course_key)
        reason = link_reasons.in_lms(course_overview, link, expected, source, rejected, no_url)
        if used and source and used.origin in (Origin.CATALOG, Origin.PARENT) and not rejected:
            reason = _with_sync_run(reason, source, found)
        candidates = [each._replace(is_used=each is used) for each in candidates]
        if used is None:
            label = _("Changed by the LMS")
            candidates.append(Candidate(Origin.PLATFORM, label, link, is_used=True))
    own = {name: some[course_key] for name, some in found.rejected.items() if course_key in some}
    return CourseLink(
        course_key,
        link,
        reason,
        tuple(candidates),
        parent=parent_of_ccx(course_key) or "",
        rejected=own,
        is_in_lms=course_overview is not None,
        is_listed=bool(listed),
        is_pinned=course_key in found.stored.pins,
    )


def is_known(course_key: str) -> bool:
    """Return whether the LMS has the course, a Catalog lists it, or it is pinned; two queries."""
    stored = course_runs.read([course_key])
    return bool(stored.course_runs or stored.pins) or course_overviews.get(course_key) is not None


def _find_used(link: str, candidates: list[Candidate], overview_url: str | None) -> Candidate | None:
    """Return the candidate that learners get; None if the LMS returns another link."""
    for each in candidates:
        # Learners get only what is on the course overview. The platform does not quote course keys.
        is_on_overview = each.origin in (Origin.SOCIAL, Origin.ABOUT) or each.url == overview_url
        if each.url and is_on_overview and unquote(each.url) == unquote(link):
            return each
    return None


def _candidates(course_key: str, course_overview: Any, found: _Found) -> list[Candidate]:
    parent = parent_of_ccx(course_key)
    social = social_sharing_url(course_overview) or ""
    candidates = [
        Candidate(Origin.SOCIAL, _("Social sharing URL"), social),
        Candidate(Origin.PIN, _("Pinned URL"), found.stored.pins.get(course_key, "")),
        *_of_catalogs(course_key, found),
        *([_of_parent(parent, found)] if parent else []),
    ]
    current = marketing_url(course_overview)
    if current and current not in [each.url for each in candidates[1:]]:
        candidates.append(Candidate(Origin.OTHER_TOOL, _("Marketing URL set by another tool"), current))
    about = ""
    if course_overview is not None:
        about = get_lms_link_for_about_page(SimpleNamespace(id=course_overview.id))
    return [*candidates, Candidate(Origin.ABOUT, _("About page of the LMS"), about)]


def _of_catalogs(course_key: str, found: _Found) -> list[Candidate]:
    listed = found.listed(course_key)
    if not listed:
        note = found.rejection(course_key) or _("No Catalog lists this course run.")
        return [Candidate(Origin.CATALOG, _("Catalog"), note=note)]
    several = conf.has_several_catalogs()
    candidates = []
    for each in listed:
        label = _("Catalog %(name)s") % {"name": each.catalog} if several else _("Catalog")
        rejected = found.rejected.get(each.catalog, {}).get(course_key)
        note = rejected.sentence if rejected else ""
        if each.data.marketing_url and rejected:
            label = _("%(catalog)s: last accepted value") % {"catalog": label}
        if not each.data.marketing_url and not note:
            note = link_reasons.why_status_is_unused(each.data.status)
        candidates.append(Candidate(Origin.CATALOG, label, each.data.marketing_url or "", note))
    return candidates


def _of_parent(parent: str, found: _Found) -> Candidate:
    source = precedence.source_in(parent, found.stored)
    label = _("Parent course run %(key)s") % {"key": parent}
    if source is None:
        return Candidate(Origin.PARENT, label, note=found.why_parent_has_none(parent))
    note = _("It is pinned.") if source.is_pinned else _("It comes from the Catalog.")
    return Candidate(Origin.PARENT, label, source.url, note)


def _with_sync_run(reason: str, source: precedence.Source, found: _Found) -> str:
    """Add to the reason when the Catalog's URL was read; if a sync run refused to remove it, return that instead."""
    course_run = None if source.is_pinned else found.published(source.course_key)
    if course_run is None:
        return reason
    refused = _refused_removal(source.course_key, course_run.catalog)
    return refused or f"{reason} {_last_read(course_run)}".strip()


def _last_read(course_run: StoredCourseRun) -> str:
    """Return when the Catalog's URL was read, as a sentence; empty if the row has been deleted since."""
    last_full = successful_full_syncs(course_run.catalog).values("pk", "finished", "bypassed_cache")[:1]
    columns = (Subquery(last_full.values(name)) for name in ("pk", "finished", "bypassed_cache"))
    row = CatalogCourseRun.objects.filter(pk=course_run.id).values_list("modified", *columns).first()
    if row is None:
        return ""
    modified, run_id, finished, bypassed = row
    if not finished or modified > finished:
        return _("A sync stored it (%(time)s).") % {"time": _time(modified)}
    if bypassed:
        text = _("The last successful full sync read it (sync run %(id)s, %(time)s).")
    else:
        text = _(
            "The last successful full sync (sync run %(id)s, %(time)s) read it from the Catalog's cache, which may be "
            "old. Sync this course to read the current one."
        )
    return text % {"id": run_id, "time": _time(finished)}


def _refused_removal(course_key: str, catalog: str) -> str:
    """Return that the last full sync refused to remove the Catalog's URL, as a sentence; empty if it did not."""
    last_full = full_syncs_that_read_the_list(catalog).values("pk")[:1]
    removals = SyncRunChange.objects.filter(
        sync_run=Subquery(last_full),
        sync_run__status=SyncRun.Status.REFUSED,
        kind=SyncRunChange.Kind.REMOVED,
        course_key=course_key,
    )
    run_id = removals.values_list("sync_run", flat=True).first()
    text = _(
        "Sync run %(id)s did not find this marketing URL in the Catalog any more, but refused to remove it. The "
        "page of that sync run has the reason."
    )
    return text % {"id": run_id} if run_id else ""


def _time(value: datetime) -> str:
    return date_format(localtime(value), "DATETIME_FORMAT")
