"""Remove the marketing URLs that a complete crawl did not contain, if look-ups confirm their absence.

A course key is absent if a look-up proves that the Catalog has no usable marketing URL for it: the Catalog does not
list it, or lists it without one. Its course overview then gets the URL of another source, or loses its URL.

``look_up_and_apply`` looks up all course keys before it removes anything, because the number of removals is limited,
and because a CCX course loses its URL only if its parent course run is absent, too. Then it removes the URLs of one
batch of course keys per transaction.
"""

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
from catalog_sync.sync.removal_candidates import Candidates, after_removal, find_removals, read_stored
from catalog_sync.sync.removal_limits import (
    Refused,
    check_removal_limit,
    check_statuses,
    covers_alone,
    taken_over,
)
from catalog_sync.sync.writer import Writer

NOT_LISTED = "not in the Catalog any more"
NOT_IN_LIST = "the Catalog's list has no usable marketing URL for it"


def check_candidates(writer: Writer, candidates: Candidates, max_removal_percent: int | None) -> None:
    """Check the removals before the look-ups, which may take many requests.

    Raises:
        Refused: the sync must not remove them, even if the Catalog confirms all of them.
    """
    reasons = dict.fromkeys(candidates.removals, NOT_IN_LIST)
    _check_removals(writer, candidates.keys, candidates.removals, reasons, max_removal_percent)


def _check_removals(
    writer: Writer,
    absent: Collection[str],
    removals: Mapping[str, str],
    reasons: Mapping[str, str],
    max_removal_percent: int | None,
) -> None:
    try:
        check_statuses(writer, absent, removals)
        if max_removal_percent is not None:
            check_removal_limit(writer, len(removals), max_removal_percent)
    except Refused:
        writer.report.removals_refused = len(removals)
        writer.changes.add_removed(removals, reasons, refused=True)
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
    accepted: set[str] = set()
    absent_of_batches, absent, failure = [], Absent({}, {}), None
    try:
        for batch, page in client.look_up(course_keys):
            writer.report.pages += 1
            changeset = writer.write_look_up(page)
            accepted |= changeset.data.keys() - {record.key for record in changeset.rejected}
            absent_of_batches.append(_find_absent(batch, page, changeset))
    except RequestFailed as error:
        failure = error
    if not writer.dry_run:
        end_rejections(writer.catalog.name, accepted)
    for each in absent_of_batches:
        absent.data.update(each.data)
        absent.reasons.update(each.reasons)
    to_clear = _plan_all(writer, absent)
    removals = find_removals(writer, to_clear)
    _check_removals(writer, absent.data, removals, to_clear, max_removal_percent)
    # "ccx-v1:" sorts before "course-v1:", so the stored parent course run, which shows the Catalog that had the URL,
    # still exists when its CCX courses are handled.
    for each in absent_of_batches:
        _remove(writer, each.data.keys(), absent)
    if failure:
        raise failure
    return {key for key, data in absent.data.items() if data is None}


class Absent(NamedTuple):
    """Absent course keys.

    Attributes:
        data: by course key, what to store; None: the Catalog does not list it, so the stored course run is deleted.
        reasons: by course key, why there is no usable marketing URL.
    """

    data: dict[str, CatalogData | None]
    reasons: dict[str, str]


def _find_absent(course_keys: Collection[str], page: Page, changeset: Changeset) -> Absent:
    """Return which of the course keys the reply to their look-up proves to be absent."""
    runs = {run.key: run for run in page.course_runs if run.key in changeset.data}
    faults = {record.key: record.reason for record in changeset.rejected}
    absent = Absent({}, {})
    for key in course_keys:
        if not _is_absent(key, changeset, faults):
            continue
        run = runs.get(key)
        absent.reasons[key] = _why_absent(run, faults.get(key))
        absent.data[key] = (
            changeset.data[key]._replace(status=run.status or "", marketing_url=None) if run else None
        )
    return absent


def _why_absent(run: CourseRun | None, fault: str | None) -> str:
    if run is None:
        return NOT_LISTED
    if not run.marketing_url:
        return "no marketing URL in the Catalog"
    return fault or f"status '{run.status or ''}' in the Catalog"


def _is_absent(course_key: str, changeset: Changeset, rejected: Collection[str]) -> bool:
    data = changeset.data.get(course_key)
    if data is None or data.marketing_url:
        # Not confirmed: the Catalog does not list it, or does not have the stored URL any more.
        return course_key not in changeset.confirmed
    # A rejected record removes nothing, not even a URL that another tool has set.
    return course_key not in rejected


class Plan(NamedTuple):
    """What happens to the course overviews of some course keys when this Catalog's marketing URLs are removed.

    Attributes:
        with_url: by course key, the data to publish, with the marketing URL of another source.
        without_url: by course key, the data to publish, without a marketing URL.
        to_clear: by course key, why the course overview loses its marketing URL.
        kept: the CCX courses that keep their marketing URL, because their parent course run is not absent.
    """

    with_url: dict[str, CatalogData]
    without_url: dict[str, CatalogData]
    to_clear: dict[str, str]
    kept: set[str]


def _plan(writer: Writer, course_keys: Collection[str], absent: Absent, stored: StoredData) -> Plan:
    """Plan the removal for some course keys; ``stored`` is what ``read_stored`` returns for them."""
    own = _own_urls(writer, stored)
    after = precedence.published_with_parents(course_keys, after_removal(writer, stored, absent.data))
    plan = Plan({}, {}, {}, set())
    for key in course_keys:
        parent = parent_of_ccx(key)
        if key in after and after[key].marketing_url:
            plan.with_url[key] = after[key]
        elif parent and parent not in absent.data:
            plan.kept.add(key)
        else:
            # Without a stored URL of this Catalog, the course overview may have the URL of another tool.
            if key in own or parent in own or covers_alone(writer, key):
                plan.to_clear[key] = _why_cleared(key, parent, own, absent.reasons)
            if key in after:
                plan.without_url[key] = after[key]
    return plan


def _own_urls(writer: Writer, stored: StoredData) -> dict[str, str]:
    """Return the stored marketing URLs of this Catalog, by course key."""
    own = stored.of_catalog(writer.catalog.name)
    return {key: url for key, row in own.items() if (url := row.data.marketing_url)}


def _why_cleared(course_key: str, parent: str | None, own: dict[str, str], reasons: dict[str, str]) -> str:
    """Return why a course overview loses its marketing URL; ``own``: the stored URLs of this Catalog."""
    if course_key in own:
        return reasons[course_key]
    if parent in own:
        return f"parent course run: {reasons[parent]}"
    if reasons[course_key] == NOT_LISTED:
        return "the URL of another tool that the Catalog does not list"
    return f"the URL of another tool; {reasons[course_key]}"


def _plan_all(writer: Writer, absent: Absent) -> dict[str, str]:
    """Return the course keys whose course overviews lose their marketing URL, and why."""
    to_clear = {}
    for some in in_chunks(absent.data, ROWS):
        writer.heartbeat()
        to_clear.update(_plan(writer, some, absent, read_stored(writer, some)).to_clear)
    return to_clear


class Removal(NamedTuple):
    """What one transaction changed.

    Attributes:
        changes: by course key, the new data of the stored course runs; None: the row is deleted.
        former: the course keys whose rows of former Catalogs are deleted.
        found: the course overviews that get another marketing URL.
        updated: how many of these were written.
        removed: the course overviews that lost their marketing URL; by course key, that URL.
    """

    changes: dict[str, CatalogData | None]
    former: set[str]
    found: Difference
    updated: int
    removed: dict[str, str]


def _remove(writer: Writer, course_keys: Collection[str], absent: Absent) -> None:
    """Remove the marketing URLs of some of the absent course keys, or publish those of another source instead."""
    name = writer.catalog.name

    def remove() -> Removal:
        # Planned again: another Catalog may have changed its course runs since.
        stored = read_stored(writer, course_keys)
        if new_ccx := _new_ccx_courses(writer, course_keys, absent, stored):
            stored = read_stored(writer, [*course_keys, *new_ccx])
        plan = _plan(writer, [*course_keys, *new_ccx], absent, stored)
        # A row stays if its course overview keeps the marketing URL, so that the next sync finds it.
        kept = course_overviews.marketing_urls(plan.kept)
        changes = {key: absent.data[key] for key in course_keys if not kept.get(key)}
        former = changes.keys() & taken_over(writer, stored)
        found = writer.compare(plan.with_url)
        writer.changes.add_changed(found)
        if writer.dry_run:
            updated, removed = len(found.differing), course_overviews.removable_urls(plan.to_clear)
        else:
            course_runs.delete_course_runs([key for key, data in changes.items() if data is None], name)
            course_runs.record({key: data for key, data in changes.items() if data is not None}, name)
            course_runs.delete_of_former_catalogs(former)
            publishing.publish(plan.without_url)  # not counted: most of them are counted as removed
            updated = publishing.publish({key: plan.with_url[key] for key in found.differing})
            removed = course_overviews.clear(plan.to_clear)
        writer.changes.add_removed(removed, plan.to_clear)
        return Removal(changes, former, found, updated, removed)

    removal = writer.transact(remove)
    if writer.dry_run:
        writer.simulation.store(removal.changes, removal.former)
        writer.simulation.publish(removal.found)
    writer.report.updated += removal.updated
    writer.report.removed += len(removal.removed)
    listed = {key for key, data in absent.data.items() if data is not None}
    matched = [key for key in removal.removed if not listed.isdisjoint((key, parent_of_ccx(key)))]
    writer.report.unchanged -= len(matched)


def _new_ccx_courses(
    writer: Writer, course_keys: Collection[str], absent: Absent, stored: StoredData
) -> list[str]:
    """Return the CCX courses that were not looked up, but have the marketing URL of an absent parent course run.

    Usually, they were created after the search for CCX courses.
    """
    urls = {(key, url) for key, url in _own_urls(writer, stored).items() if key in course_keys}
    return [
        key
        for chunk in course_overviews.ccx_chunks([key for key, _ in urls])
        for key, url in chunk
        if key not in absent.data and (parent_of_ccx(key), url) in urls
    ]
