"""Removing marketing URLs: only those that a complete crawl did not list and that a look-up by key confirms."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from catalog_sync.catalog_client import CatalogClient, Page
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_overviews, course_runs, precedence, publishing
from catalog_sync.store.course_runs import CatalogData, StoredData
from catalog_sync.store.sql import ROWS, chunks_in_order, in_chunks
from catalog_sync.sync.changeset import Changeset
from catalog_sync.sync.removal_limits import (
    check_removal_limit,
    check_statuses,
    count_removable,
    covers_alone,
    overruled,
)
from catalog_sync.sync.writer import Writer


@dataclass
class Candidates:
    """Course runs whose marketing URL may have to be removed.

    Attributes:
        keys: the course keys to look up.
        removals: how many course overviews would lose their URL if the Catalog confirms all of them.
    """

    keys: set[str]
    removals: int


def find_candidates(writer: Writer) -> Candidates:
    """Return the course keys that a complete crawl did not confirm, and those of unknown marketing URLs in the LMS."""
    lost = dict.fromkeys(_unconfirmed(writer))
    # Another Catalog may provide an unknown URL with its next sync.
    unknown = {key for key in _with_unknown_url(writer) if covers_alone(writer, key)}
    keys = lost.keys() | unknown
    candidates = Candidates(set(keys), count_removable(writer, _without_other_source(writer, keys)))
    for chunk in course_overviews.ccx_chunks():
        writer.heartbeat()
        ccx_keys = [key for key, shown in chunk if shown]
        published = _published_after(writer, ccx_keys, lost)
        for key in ccx_keys:
            parent = parent_of_ccx(key)
            if parent is None or (key in published and published[key].marketing_url):
                continue
            if not lost.keys().isdisjoint((key, parent)) or covers_alone(writer, key):
                candidates.removals += key not in keys
                candidates.keys |= {key, parent}
    return candidates


def _without_other_source(writer: Writer, course_keys: Collection[str]) -> set[str]:
    """Return those of the course keys that get no marketing URL if this Catalog has none of them."""
    found: set[str] = set()
    absent = dict.fromkeys(course_keys)
    for some in in_chunks(course_keys, ROWS):
        writer.heartbeat()
        published = _published_after(writer, some, absent)
        found.update(key for key in some if key not in published or not published[key].marketing_url)
    return found


def _published_after(
    writer: Writer, course_keys: Collection[str], absent: Mapping[str, CatalogData | None]
) -> dict[str, CatalogData]:
    """Return the data to publish for some course keys once the absent ones are removed from this Catalog's rows."""
    stored = writer.simulated(course_runs.read_all(precedence.with_parents(course_keys)), course_keys)
    return precedence.published_with_parents(course_keys, _after(writer, stored, absent))


def _after(writer: Writer, stored: StoredData, absent: Mapping[str, CatalogData | None]) -> StoredData:
    """Return what would be stored if the absent course keys were removed from this Catalog's rows.

    For those that no other named Catalog may list, the rows of Catalogs that are not named any more go with them.
    """
    changes = {key: absent[key] for key in stored.course_runs if key in absent}
    stale = absent.keys() & overruled(writer, stored)
    return stored.changed(writer.catalog.name, changes).without_unnamed(stale)


def _with_unknown_url(writer: Writer) -> Iterator[str]:
    # Count first: if no more course overviews have a URL than this sync run has published, none is unknown. A dry run
    # has stored and published nothing, so it leaves out what it would have stored.
    if not writer.dry_run and course_overviews.count_with_own_url() == writer.statistics.with_url:
        return
    for chunk in course_overviews.with_unknown_url():
        writer.heartbeat()
        yield from (key for key in chunk if key not in writer.listed_in_dry_run)


def _unconfirmed(writer: Writer) -> Iterator[str]:
    rows = CatalogCourseRun.objects.filter(catalog=writer.catalog.name, id__lte=writer.statistics.newest_id)
    # Count first: usually all are confirmed.
    if rows.count() == len(writer.statistics.confirmed):
        return
    for chunk in chunks_in_order(rows.values_list("id", "course_key"), "id", ROWS):
        writer.heartbeat()
        yield from (key for row_id, key in chunk if row_id not in writer.statistics.confirmed)


def check_candidates(candidates: Candidates, writer: Writer, max_removal_percent: int | None) -> None:
    """Check the removals before the look-ups, which take many requests if there are many candidates.

    Raises:
        Refused: the sync must not remove them, even if the Catalog confirms all of them.
    """
    check_statuses(candidates.keys, candidates.keys, writer)
    if max_removal_percent is not None:
        check_removal_limit(candidates.removals, writer, max_removal_percent)


def look_up_and_apply(
    client: CatalogClient, writer: Writer, course_keys: Collection[str], max_removal_percent: int | None
) -> set[str]:
    """Look up these course keys, write the course runs that the Catalog has, and remove the others' marketing URLs.

    A CCX course loses its URL only with its parent run, so ask for both. ``max_removal_percent`` None: no limit.

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
    absent: dict[str, CatalogData | None] = {}
    for result in results:
        absent.update({key: result.listed.get(key) for key in result.absent})
    to_clear = _plan_all(writer, absent)
    check_statuses(absent, to_clear, writer)
    if max_removal_percent is not None:
        check_removal_limit(count_removable(writer, to_clear), writer, max_removal_percent)
    # In the order of their keys, CCX courses first: the stored parent run shows which Catalog provided the URL.
    for result in results:
        _remove(writer, result.absent, absent)
    if failure:
        raise failure
    return absent.keys() - {key for result in results for key in result.listed}


class LookUpResult(NamedTuple):
    """What one look-up proves.

    Attributes:
        absent: the course keys for which the Catalog has no marketing URL.
        listed: what to store for those of them that the Catalog lists.
    """

    absent: list[str]
    listed: dict[str, CatalogData]


def _look_up_result(course_keys: Collection[str], page: Page, changeset: Changeset) -> LookUpResult:
    absent = [key for key in course_keys if _is_absent(key, changeset)]
    listed = {
        run.key: changeset.data[run.key]._replace(status=run.status or "", marketing_url=None)
        for run in page.course_runs
        if run.key in absent and run.key in changeset.data
    }
    return LookUpResult(absent, listed)


def _is_absent(course_key: str, changeset: Changeset) -> bool:
    """Return whether the reply to a look-up proves that the Catalog has no marketing URL for the course key."""
    rejected = {record.key for record in changeset.rejected}
    data = changeset.data.get(course_key)
    if data is None:
        # A record without a readable key may be this one.
        return course_key not in changeset.confirmed and "" not in rejected
    if data.marketing_url:
        return course_key not in changeset.confirmed
    # A rejected record replaces no value, also not one that another tool has set.
    return course_key not in rejected


class Plan(NamedTuple):
    """What removing this Catalog's marketing URLs means for course overviews.

    Attributes:
        published: the data to publish for those for which another marketing URL is stored.
        rest: the data to publish for those for which other values are stored, but no marketing URL.
        to_clear: those that lose their marketing URL.
        unproven: CCX courses without another marketing URL, for which nothing is proven about the parent run.
    """

    published: dict[str, CatalogData]
    rest: dict[str, CatalogData]
    to_clear: set[str]
    unproven: set[str]


def _plan(
    writer: Writer, course_keys: Collection[str], absent: Mapping[str, CatalogData | None], stored: StoredData
) -> Plan:
    """Plan the removal for some of the absent course keys.

    Args:
        writer: of the sync run.
        course_keys: some of the absent ones.
        absent: what to store for each absent course key; None: nothing.
        stored: for these keys and the parent runs of the CCX courses among them.
    """
    own = stored.of_catalog(writer.catalog.name)
    data = precedence.published_with_parents(course_keys, _after(writer, stored, absent))
    plan = Plan({}, {}, set(), set())
    for key in course_keys:
        parent = parent_of_ccx(key)
        if key in data and data[key].marketing_url:
            plan.published[key] = data[key]
        elif parent is None or parent in absent:
            rows = [own[each] for each in (key, parent) if each in own]
            if any(row.data.marketing_url for row in rows) or covers_alone(writer, key):
                plan.to_clear.add(key)
            if key in data:
                plan.rest[key] = data[key]
        else:
            plan.unproven.add(key)
    return plan


def _plan_all(writer: Writer, absent: Mapping[str, CatalogData | None]) -> set[str]:
    """Return the course keys whose course overviews lose their marketing URL."""
    to_clear = set()
    for some in in_chunks(absent, ROWS):
        writer.heartbeat()
        stored = writer.simulated(course_runs.read_all(precedence.with_parents(some)), some)
        to_clear |= _plan(writer, some, absent, stored).to_clear
    return to_clear


def _remove(writer: Writer, course_keys: Collection[str], absent: Mapping[str, CatalogData | None]) -> None:
    """Remove the marketing URLs of some of the absent course keys, or publish those of other Catalogs instead."""
    name = writer.catalog.name

    def remove() -> tuple[int, int]:
        # Planned again: another Catalog may have changed its course runs since.
        stored = writer.simulated(course_runs.read(precedence.with_parents(course_keys)), course_keys)
        published, rest, to_clear, unproven = _plan(writer, course_keys, absent, stored)
        # A row stays as long as the course overview keeps its marketing URL, so that the next sync finds it.
        shown = course_overviews.marketing_urls(unproven) if unproven else {}
        changes = {key: absent[key] for key in course_keys if not shown.get(key)}
        stale = changes.keys() & overruled(writer, stored)
        if writer.dry_run:
            writer.simulate(changes, stale)
            differing = course_overviews.compare(published).differing
            return writer.count_reported(differing), course_overviews.count_with_removable_url(to_clear)
        course_runs.delete_course_runs([key for key, data in changes.items() if data is None], name)
        course_runs.record({key: data for key, data in changes.items() if data is not None}, name)
        if stale:
            course_runs.delete_unnamed(stale)
        if rest:  # not counted as updated: most of them count as removed
            publishing.publish(rest)
        return publishing.publish(published), course_overviews.clear(to_clear)

    updated, removed = writer.transact(remove)
    writer.report.updated += updated
    writer.report.removed += removed
