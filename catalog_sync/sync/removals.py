"""Taking marketing URLs away: only what a complete crawl did not show and a look-up by key confirms."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from catalog_sync.catalog_client import CatalogClient, Page
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.exceptions import RequestFailed
from catalog_sync.store import course_overviews, course_runs
from catalog_sync.store.course_runs import CatalogData
from catalog_sync.store.sql import ROWS, chunks_in_order, in_chunks
from catalog_sync.sync.changeset import Changeset
from catalog_sync.sync.outcome import rejected_advice
from catalog_sync.sync.ownership import with_parents
from catalog_sync.sync.writer import Writer

# Below this number a removal is everyday work, whatever share of a small LMS it is.
ALWAYS_ALLOWED = 10


class Refused(Exception):
    """The sync removes no marketing URL, for a reason that an operator has to see to."""


class RemovalsRefused(Refused):
    """More marketing URLs would go than an operator allows without a word."""

    def __init__(self, removals: int, showing: int, max_removal_percent: int, advice: str = "") -> None:
        super().__init__(
            f"Refused to remove {removals} of {showing} marketing URLs (more than {max_removal_percent} %): the "
            "Catalog may have answered only in part. Look at it, and if it is right run the command again with "
            f"--allow-removals.{advice}"
        )


class UnknownStatuses(Refused):
    """CATALOG_SYNC_RUN_STATUSES names a status that the Catalog does not have, so that right URLs may be removed."""

    def __init__(self, statuses: Sequence[str]) -> None:
        super().__init__(
            "CATALOG_SYNC_RUN_STATUSES names a status that the Catalog does not have "
            f"({', '.join(map(repr, statuses))}), so the sync removed no marketing URL: correct the setting (the "
            f"Catalog's statuses are {', '.join(course_runs.CATALOG_STATUSES)}) and run the command again."
        )


@dataclass
class Candidates:
    """Course keys that may have to lose their marketing URL.

    Attributes:
        keys: what to look up.
        removals: how many course overviews would lose a URL if the Catalog confirms all of them.
    """

    keys: set[str]
    removals: int


def find_candidates(writer: Writer) -> Candidates:
    """Return what a complete crawl did not show with a marketing URL, and what the LMS shows without a source."""
    lost, ownership = set(_unconfirmed(writer)), writer.ownership
    # What nobody provided may be what another Catalog is about to provide, or did before its row was lost.
    unknown = set(filter(ownership.covers_alone, _with_unknown_url(writer)))
    keys = lost | unknown
    candidates = Candidates(set(keys), _count_with_removable_url(writer, keys))
    for chunk in course_overviews.ccx_chunks():
        writer.heartbeat()
        parents = {key: parent for key, shown in chunk if shown and (parent := parent_of_ccx(key))}
        stored = course_runs.read({*parents, *parents.values()})
        sources = {
            key
            for key, row in stored.items()
            if row.pinned_url or (row.held.marketing_url and key not in lost)
        }
        for key, parent in parents.items():
            is_ours = not lost.isdisjoint((key, parent)) or ownership.covers_alone(key)
            if key not in sources and parent not in sources and is_ours:
                candidates.removals += key not in keys
                candidates.keys |= {key, parent}
    return candidates


def _with_unknown_url(writer: Writer) -> Iterator[str]:
    # Count first here, too: where no more show a URL than the run has met with one, nobody shows another. A dry run has
    # not written what it met.
    if not writer.dry_run and course_overviews.count_with_own_url() == writer.statistics.with_url:
        return
    for chunk in course_overviews.with_unknown_url():
        writer.heartbeat()
        yield from chunk


def _unconfirmed(writer: Writer) -> Iterator[str]:
    # What is there for a pin alone would be asked for at each run.
    rows = course_runs.listed(writer.ownership.catalog.name).filter(id__lte=writer.statistics.newest_id)
    # Count first: only if somebody is missing is it worth finding out who. Not where another Catalog may have taken
    # settled ones over meanwhile: as many may be missing.
    if not writer.ownership.others and rows.count() == len(writer.statistics.confirmed):
        return
    for chunk in chunks_in_order(rows.values_list("id", "course_key"), "id", ROWS):
        writer.heartbeat()
        yield from (key for row_id, key in chunk if row_id not in writer.statistics.confirmed)


def _count_with_removable_url(writer: Writer, course_keys: Collection[str]) -> int:
    count = 0
    for some in in_chunks(course_keys, ROWS):
        writer.heartbeat()
        count += course_overviews.count_with_removable_url(some)
    return count


def check_candidates(candidates: Candidates, writer: Writer, max_removal_percent: int | None) -> None:
    """Check the removals before the look-ups, which take many requests if there are many candidates.

    Raises:
        Refused: the sync must not remove them, even if the Catalog confirms all of them.
    """
    _check_statuses(candidates.keys, candidates.keys, writer)
    if max_removal_percent is not None:
        check_removal_limit(candidates.removals, writer, max_removal_percent)


def _check_statuses(absent: Collection[str], to_clear: Collection[str], writer: Writer) -> None:
    """Allow no removal if CATALOG_SYNC_RUN_STATUSES names an unknown status.

    Args:
        absent: the course runs whose stored marketing URL would be removed.
        to_clear: the course overviews whose marketing URL would be removed.
        writer: of the sync run.

    Raises:
        UnknownStatuses: it names one, and a marketing URL would be removed.
    """
    unknown = course_runs.unknown_statuses(writer.ownership.catalog.name)
    if not unknown:
        return
    stored = course_runs.read_all(absent).values()
    has_url = any(row.held.marketing_url and writer.ownership.owns(row) for row in stored)
    if has_url or _count_with_removable_url(writer, to_clear):
        raise UnknownStatuses(unknown)


def check_removal_limit(removals: int, writer: Writer, max_removal_percent: int) -> None:
    """Let only a small share of the marketing URLs go, of several Catalogs of those that this one provided.

    Raises:
        RefusedToShrink: it is more than ``max_removal_percent``, and more than a few.
    """
    if removals <= ALWAYS_ALLOWED:
        return
    showing = (
        _count_clearable(writer) if writer.ownership.others else course_overviews.with_marketing_url().count()
    )
    if removals * 100 > max_removal_percent * showing:
        advice = rejected_advice(writer.report)
        raise RemovalsRefused(removals, showing, max_removal_percent, advice)


def _count_clearable(writer: Writer) -> int:
    """Return how many course overviews show a marketing URL that this Catalog could take away.

    A small Catalog that answers wrongly could else lose all of its own among those of a large one.
    """
    return sum(
        len(_clearable(writer, keys))
        for keys in course_overviews.key_chunks(course_overviews.with_marketing_url())
    )


def _clearable(writer: Writer, course_keys: Collection[str]) -> set[str]:
    found = set()
    for some in in_chunks(course_keys, ROWS):
        writer.heartbeat()
        found |= writer.ownership.clearable(some, course_runs.read_all(with_parents(some)))
    return found


def look_up_and_apply(
    client: CatalogClient, writer: Writer, course_keys: Collection[str], max_removal_percent: int | None
) -> set[str]:
    """Ask the Catalog for these keys, write what it has, remove what it has not; return the keys it does not list.

    A CCX course loses its URL only with its parent run, so ask for both. ``max_removal_percent`` None: remove
    whatever share it is.

    Raises:
        RequestFailed: a look-up failed; what had been looked up before is applied.
        Refused: too much would go, or for a status that no Catalog has, so nothing went.
    """
    proofs, failure = [], None
    try:
        for batch, page in client.look_up(course_keys):
            writer.report.pages += 1
            proofs.append(_look_up_result(batch, page, writer.write(page)))
    except RequestFailed as error:
        failure = error
    # In the order of their keys, CCX courses before their parents: a row that is gone tells nobody whose their URL was.
    absent = {key for proof in proofs for key in proof.gone}
    ccx_keys = {key for key in absent if parent_of_ccx(key)}
    to_clear = {key for key in absent if key not in ccx_keys or parent_of_ccx(key) in absent}
    to_clear = _clearable(writer, to_clear)
    _check_statuses(absent, to_clear, writer)
    if max_removal_percent is not None:
        check_removal_limit(_count_with_removable_url(writer, to_clear), writer, max_removal_percent)
    for proof in proofs:
        writer.remove(proof.gone, proof.listed, [key for key in proof.gone if key in to_clear])
    if failure:
        raise failure
    return absent.difference(*(proof.listed for proof in proofs))


class LookUpResult(NamedTuple):
    """What one look-up proves: which keys have no marketing URL, and what the replica is to hold of the listed ones."""

    gone: list[str]
    listed: dict[str, CatalogData]


def _look_up_result(course_keys: Collection[str], page: Page, changeset: Changeset) -> LookUpResult:
    gone = [key for key in course_keys if _is_absent(key, changeset)]
    listed = {
        run.key: changeset.held[run.key]._replace(status=run.status or "", marketing_url=None)
        for run in page.course_runs
        if run.key in gone and run.key in changeset.held
    }
    return LookUpResult(gone, listed)


def _is_absent(course_key: str, changeset: Changeset) -> bool:
    """Tell whether the reply to a look-up proves that the Catalog has no marketing URL for the course key."""
    rejected = {record.key for record in changeset.rejected}
    held = changeset.held.get(course_key)
    if held is None:
        # A record without a readable key may be the very one.
        return course_key not in changeset.confirmed and "" not in rejected
    if held.marketing_url:
        return course_key not in changeset.confirmed
    # What is rejected replaces no value, not even one that another tool has set.
    return course_key not in rejected
