"""Remove the marketing URLs that a complete crawl did not contain, if look-ups confirm their absence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from catalog_sync.catalog_client import CatalogClient, CourseRun, Page
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.exceptions import RequestFailed
from catalog_sync.store import course_overviews, course_runs, precedence, publishing
from catalog_sync.store.changes import end_rejections
from catalog_sync.store.course_runs import CatalogData, StoredData
from catalog_sync.store.difference import Difference
from catalog_sync.store.sql import ROWS, in_chunks
from catalog_sync.sync.changeset import Changeset
from catalog_sync.sync.removal_candidates import Candidates, after_removal, read_stored
from catalog_sync.sync.removal_limits import (
    Refused,
    check_removal_limit,
    check_statuses,
    covers_alone,
    removable_urls,
    taken_over,
)
from catalog_sync.sync.writer import Writer

NOT_LISTED = "not in the Catalog any more"
NOT_IN_LIST = "the Catalog's list has no usable marketing URL for it"


def check_candidates(candidates: Candidates, writer: Writer, max_removal_percent: int | None) -> None:
    """Check the removals before the look-ups, which may take many requests.

    Raises:
        Refused: the sync must not remove them, even if the Catalog confirms all of them.
    """
    reasons = dict.fromkeys(candidates.removals, NOT_IN_LIST)
    _check(writer, candidates.keys, candidates.removals, reasons, max_removal_percent)


def _check(
    writer: Writer,
    absent: Collection[str],
    removals: Mapping[str, str],
    reasons: Mapping[str, str],
    max_removal_percent: int | None,
) -> None:
    try:
        check_statuses(absent, removals, writer)
        if max_removal_percent is not None:
            check_removal_limit(len(removals), writer, max_removal_percent)
    except Refused:
        writer.report.removals_refused = len(removals)
        writer.changes.add_removed(removals, reasons, "refused: ")
        raise


def look_up_and_apply(
    client: CatalogClient, writer: Writer, course_keys: Collection[str], max_removal_percent: int | None
) -> set[str]:
    """Look up these course keys, write the course runs that the Catalog has, and remove the others' marketing URLs.

    A CCX course loses its URL only if its parent course run is absent, too, so the caller has to pass both keys. If
    ``max_removal_percent`` is None, there is no limit.

    Returns:
        The course keys that the Catalog does not list.

    Raises:
        RequestFailed: a look-up failed; the earlier ones are applied.
        Refused: the removals exceed the limit, or a status is unknown; nothing was removed.
    """
    results, failure = [], None
    try:
        for batch, page in client.look_up(course_keys):
            writer.report.pages += 1
            results.append(_look_up_result(batch, page, writer.write(page)))
    except RequestFailed as error:
        failure = error
    if not writer.dry_run:
        end_rejections(writer.catalog.name, {key for result in results for key in result.accepted})
    absences = Absences({}, {})
    for result in results:
        absences.data.update({key: result.listed.get(key) for key in result.reasons})
        absences.reasons.update(result.reasons)
    to_clear = _plan_all(writer, absences)
    removals = removable_urls(writer, to_clear)
    _check(writer, absences.data, removals, to_clear, max_removal_percent)
    # CCX courses are first in the order of the keys: their stored parent course runs show which Catalog had the URL.
    for result in results:
        _remove(writer, result.reasons, absences)
    if failure:
        raise failure
    return absences.data.keys() - {key for result in results for key in result.listed}


class LookUpResult(NamedTuple):
    """What one look-up proves.

    Attributes:
        accepted: the course keys whose records were accepted.
        reasons: by course key, why the Catalog has no usable marketing URL.
        listed: of these, by course key, what to store for those that the Catalog lists.
    """

    accepted: set[str]
    reasons: dict[str, str]
    listed: dict[str, CatalogData]


class Absences(NamedTuple):
    """The results of all look-ups.

    Attributes:
        data: by course key, what to store; None: the row is deleted.
        reasons: by course key, why there is no usable marketing URL.
    """

    data: dict[str, CatalogData | None]
    reasons: dict[str, str]


def _look_up_result(course_keys: Collection[str], page: Page, changeset: Changeset) -> LookUpResult:
    runs = {run.key: run for run in page.course_runs if run.key in changeset.data}
    reasons = {
        key: _why_absent(runs.get(key), changeset) for key in course_keys if _is_absent(key, changeset)
    }
    listed = {
        key: changeset.data[key]._replace(status=runs[key].status or "", marketing_url=None)
        for key in reasons
        if key in runs
    }
    accepted = changeset.data.keys() - {record.key for record in changeset.rejected}
    return LookUpResult(accepted, reasons, listed)


def _why_absent(run: CourseRun | None, changeset: Changeset) -> str:
    if run is None:
        return NOT_LISTED
    if not run.marketing_url:
        return "no marketing URL in the Catalog"
    faults = [record.reason for record in changeset.rejected if record.key == run.key]
    return faults[0] if faults else f"status '{run.status or ''}' in the Catalog"


def _is_absent(course_key: str, changeset: Changeset) -> bool:
    """Return whether the reply to a look-up proves that the Catalog has no marketing URL for the course key."""
    rejected = {record.key for record in changeset.rejected}
    data = changeset.data.get(course_key)
    if data is None:
        # A record without a readable key may be this one.
        return course_key not in changeset.confirmed and "" not in rejected
    if data.marketing_url:
        return course_key not in changeset.confirmed
    # A rejected record removes nothing, not even a URL that another tool has set.
    return course_key not in rejected


class Plan(NamedTuple):
    """What happens to course overviews when this Catalog's marketing URLs are removed.

    Attributes:
        published: by course key, the data to publish, with the marketing URL of another source.
        rest: by course key, the data to publish if it has no marketing URL.
        to_clear: by course key, why the course overview loses its marketing URL.
        unproven: the CCX courses that keep their marketing URL, because their parent course run may still have it.
    """

    published: dict[str, CatalogData]
    rest: dict[str, CatalogData]
    to_clear: dict[str, str]
    unproven: set[str]


def _plan(writer: Writer, course_keys: Collection[str], absences: Absences, stored: StoredData) -> Plan:
    """Plan the removal for some course keys; ``stored`` is what ``read_stored`` returns for them."""
    own = {key for key, row in stored.of_catalog(writer.catalog.name).items() if row.data.marketing_url}
    data = precedence.published_with_parents(course_keys, after_removal(writer, stored, absences.data))
    plan = Plan({}, {}, {}, set())
    for key in course_keys:
        parent = parent_of_ccx(key)
        if key in data and data[key].marketing_url:
            plan.published[key] = data[key]
        elif parent is None or parent in absences.data:
            if not own.isdisjoint((key, parent)) or covers_alone(writer, key):
                plan.to_clear[key] = _why_cleared(key, parent, own, absences.reasons)
            if key in data:
                plan.rest[key] = data[key]
        else:
            plan.unproven.add(key)
    return plan


def _why_cleared(course_key: str, parent: str | None, own: set[str], reasons: Mapping[str, str]) -> str:
    """Return why a course overview loses its marketing URL; ``own``: the keys for which this Catalog had one."""
    if course_key in own:
        return reasons[course_key]
    if parent and parent in own:
        return f"parent course run: {reasons[parent]}"
    if reasons[course_key] == NOT_LISTED:
        return "the URL of another tool that the Catalog does not list"
    return f"the URL of another tool; {reasons[course_key]}"


def _plan_all(writer: Writer, absences: Absences) -> dict[str, str]:
    """Return the course keys whose course overviews lose their marketing URL, and why."""
    to_clear = {}
    for some in in_chunks(absences.data, ROWS):
        writer.heartbeat()
        to_clear.update(_plan(writer, some, absences, read_stored(writer, some)).to_clear)
    return to_clear


def _remove(writer: Writer, course_keys: Collection[str], absences: Absences) -> None:
    """Remove the marketing URLs of some of the absent course keys, or publish those of other Catalogs instead."""
    name = writer.catalog.name

    def remove() -> Removal:
        # Planned again: another Catalog may have changed its course runs since.
        stored = read_stored(writer, course_keys)
        if inherited := _with_inherited_url(writer, course_keys, absences, stored):
            stored = read_stored(writer, [*course_keys, *inherited])
        plan = _plan(writer, [*course_keys, *inherited], absences, stored)
        # A row stays if its course overview keeps the marketing URL, so that the next sync finds it.
        shown = course_overviews.marketing_urls(plan.unproven) if plan.unproven else {}
        changes = {key: absences.data[key] for key in course_keys if not shown.get(key)}
        former = changes.keys() & taken_over(writer, stored)
        found = writer.compare(plan.published)
        writer.changes.add_changed(found)
        if writer.dry_run:
            removed = course_overviews.removable_urls(plan.to_clear)
            writer.changes.add_removed(removed, plan.to_clear)
            return Removal(changes, former, found, len(found.differing), len(removed))
        course_runs.delete_course_runs([key for key, data in changes.items() if data is None], name)
        course_runs.record({key: data for key, data in changes.items() if data is not None}, name)
        if former:
            course_runs.delete_of_former_catalogs(former)
        if plan.rest:  # not counted as updated, because most of them are counted as removed
            publishing.publish(plan.rest)
        updated = publishing.publish({key: plan.published[key] for key in found.differing})
        removed = course_overviews.clear(plan.to_clear)
        writer.changes.add_removed(removed, plan.to_clear)
        return Removal(changes, former, found, updated, len(removed))

    removal = writer.transact(remove)
    if writer.dry_run:
        writer.simulation.store(removal.changes, removal.former)
        writer.simulation.publish(removal.found)
    writer.report.updated += removal.updated
    writer.report.removed += removal.removed


def _with_inherited_url(
    writer: Writer, course_keys: Collection[str], absences: Absences, stored: StoredData
) -> list[str]:
    """Return the CCX courses that inherited the URL of an absent course run after the search for candidates."""
    own = stored.of_catalog(writer.catalog.name)
    urls = {key: url for key in course_keys if key in own and (url := own[key].data.marketing_url)}
    return [
        key
        for chunk in course_overviews.ccx_chunks(urls)
        for key, url in chunk
        if key not in absences.data and url == urls[parent_of_ccx(key) or ""]
    ]


class Removal(NamedTuple):
    """What one transaction changed.

    Attributes:
        changes: by course key, the new data of the stored course runs; None: the row is deleted.
        former: the course keys whose rows of former Catalogs are deleted.
        found: the course overviews that get another marketing URL.
        updated: how many of these were written.
        removed: how many course overviews lost their marketing URL.
    """

    changes: dict[str, CatalogData | None]
    former: set[str]
    found: Difference
    updated: int
    removed: int
