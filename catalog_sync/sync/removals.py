"""Taking marketing URLs away: only what a complete crawl did not show and a look-up by key confirms."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from catalog_sync.catalog_client import CatalogClient, Page
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.exceptions import RequestFailed
from catalog_sync.store import course_overviews, course_runs
from catalog_sync.store.course_runs import Held
from catalog_sync.store.sql import ROWS, chunks_in_order, in_chunks
from catalog_sync.sync.changeset import Judgment
from catalog_sync.sync.outcome import rejected_advice
from catalog_sync.sync.ownership import with_parents
from catalog_sync.sync.writer import Writer

# Below this number a removal is everyday work, whatever share of a small LMS it is.
ALWAYS_ALLOWED = 10


class Refused(Exception):
    """The sync removes no marketing URL, for a reason that an operator has to see to."""


class RefusedToShrink(Refused):
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
    lost, claim = set(_unsettled(writer)), writer.claim
    # What nobody provided may be what another Catalog is about to provide, or did before its row was lost.
    unknown = set(filter(claim.covers_alone, _showing_unknown_url(writer)))
    keys = lost | unknown
    candidates = Candidates(set(keys), _count_showing(writer, keys))
    for chunk in course_overviews.ccx_chunks():
        writer.tick()
        parents = {key: parent for key, shown in chunk if shown and (parent := parent_of_ccx(key))}
        stored = course_runs.read({*parents, *parents.values()})
        sources = {
            key
            for key, row in stored.items()
            if row.pinned_url or (row.held.marketing_url and key not in lost)
        }
        for key, parent in parents.items():
            is_ours = not lost.isdisjoint((key, parent)) or claim.covers_alone(key)
            if key not in sources and parent not in sources and is_ours:
                candidates.removals += key not in keys
                candidates.keys |= {key, parent}
    return candidates


def _showing_unknown_url(writer: Writer) -> Iterator[str]:
    # Count first here, too: where no more show a URL than the run has met with one, nobody shows another. A dry run has
    # not written what it met.
    if not writer.dry_run and course_overviews.count_with_own_url() == writer.tally.with_url:
        return
    for chunk in course_overviews.showing_unknown_url():
        writer.tick()
        yield from chunk


def _unsettled(writer: Writer) -> Iterator[str]:
    # What is there for a pin alone would be asked for at each run.
    rows = course_runs.listed(writer.claim.catalog.name).filter(id__lte=writer.tally.newest_row)
    # Count first: only if somebody is missing is it worth finding out who. Not where another Catalog may have taken
    # settled ones over meanwhile: as many may be missing.
    if not writer.claim.others and rows.count() == len(writer.tally.settled):
        return
    for chunk in chunks_in_order(rows.values_list("id", "course_key"), "id", ROWS):
        writer.tick()
        yield from (key for row_id, key in chunk if row_id not in writer.tally.settled)


def _count_showing(writer: Writer, course_keys: Collection[str]) -> int:
    count = 0
    for some in in_chunks(course_keys, ROWS):
        writer.tick()
        count += course_overviews.count_showing(some)
    return count


def check_candidates(candidates: Candidates, writer: Writer, max_removal_percent: int | None) -> None:
    """Check the removals before the look-ups, which take many requests if there are many candidates.

    Raises:
        Refused: the sync must not remove them, even if the Catalog confirms all of them.
    """
    _check_statuses(candidates.keys, candidates.keys, writer)
    if max_removal_percent is not None:
        check_share(candidates.removals, writer, max_removal_percent)


def _check_statuses(absent: Collection[str], clearing: Collection[str], writer: Writer) -> None:
    """Allow no removal if CATALOG_SYNC_RUN_STATUSES names an unknown status.

    Args:
        absent: the course runs whose stored marketing URL would be removed.
        clearing: the course overviews whose marketing URL would be removed.
        writer: of the sync run.

    Raises:
        UnknownStatuses: it names one, and a marketing URL would be removed.
    """
    unknown = course_runs.unknown_statuses(writer.claim.catalog.name)
    if not unknown:
        return
    stored = course_runs.read_all(absent).values()
    has_url = any(row.held.marketing_url and writer.claim.owns(row) for row in stored)
    if has_url or _count_showing(writer, clearing):
        raise UnknownStatuses(unknown)


def check_share(removals: int, writer: Writer, max_removal_percent: int) -> None:
    """Let only a small share of the marketing URLs go, of several Catalogs of those that this one provided.

    Raises:
        RefusedToShrink: it is more than ``max_removal_percent``, and more than a few.
    """
    if removals <= ALWAYS_ALLOWED:
        return
    showing = _count_clearable(writer) if writer.claim.others else course_overviews.showing_url().count()
    if removals * 100 > max_removal_percent * showing:
        advice = rejected_advice(writer.report)
        raise RefusedToShrink(removals, showing, max_removal_percent, advice)


def _count_clearable(writer: Writer) -> int:
    """Return how many course overviews show a marketing URL that this Catalog could take away.

    A small Catalog that answers wrongly could else lose all of its own among those of a large one.
    """
    return sum(
        len(_clearable(writer, keys)) for keys in course_overviews.key_chunks(course_overviews.showing_url())
    )


def _clearable(writer: Writer, course_keys: Collection[str]) -> set[str]:
    found = set()
    for some in in_chunks(course_keys, ROWS):
        writer.tick()
        found |= writer.claim.clearable(some, course_runs.read_all(with_parents(some)))
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
            proofs.append(_proof(batch, page, writer.write(page)))
    except RequestFailed as error:
        failure = error
    # In the order of their keys, CCX courses before their parents: a row that is gone tells nobody whose their URL was.
    absent = {key for proof in proofs for key in proof.gone}
    ccx_keys = {key for key in absent if parent_of_ccx(key)}
    clearing = {key for key in absent if key not in ccx_keys or parent_of_ccx(key) in absent}
    clearing = _clearable(writer, clearing)
    _check_statuses(absent, clearing, writer)
    if max_removal_percent is not None:
        check_share(_count_showing(writer, clearing), writer, max_removal_percent)
    for proof in proofs:
        writer.remove(proof.gone, proof.listed, [key for key in proof.gone if key in clearing])
    if failure:
        raise failure
    return absent.difference(*(proof.listed for proof in proofs))


class Proof(NamedTuple):
    """What one look-up proves: which keys have no marketing URL, and what the replica is to hold of the listed ones."""

    gone: list[str]
    listed: dict[str, Held]


def _proof(course_keys: Collection[str], page: Page, judgment: Judgment) -> Proof:
    gone = [key for key in course_keys if _is_gone(key, judgment)]
    listed = {
        run.key: judgment.held[run.key]._replace(status=run.status or "", marketing_url=None)
        for run in page.course_runs
        if run.key in gone and run.key in judgment.held
    }
    return Proof(gone, listed)


def _is_gone(course_key: str, judgment: Judgment) -> bool:
    """Tell whether the reply to a look-up proves that the Catalog has no marketing URL for the course key."""
    rejected = {record.key for record in judgment.rejected}
    held = judgment.held.get(course_key)
    if held is None:
        # A record without a readable key may be the very one.
        return course_key not in judgment.settled and "" not in rejected
    if held.marketing_url:
        return course_key not in judgment.settled
    # What is rejected replaces no value, not even one that another tool has set.
    return course_key not in rejected
