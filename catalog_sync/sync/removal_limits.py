"""How many marketing URLs a sync run may remove, and when it must not remove any."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.models import SyncRun
from catalog_sync.store import course_overviews, course_runs, precedence
from catalog_sync.store.course_runs import StoredData
from catalog_sync.store.sql import in_chunks
from catalog_sync.store.sync_runs import successful_full_syncs
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.writer import Writer

# A few removals are normal, even if they are a large share in a small LMS.
ALWAYS_ALLOWED = 10


class Refused(Exception):
    """The sync run removes no marketing URL, until an operator has corrected the cause or allowed the removals."""


def covers_alone(writer: Writer, course_key: str) -> bool:
    """Return whether this is the only Catalog that may list the course run, by the setting ``ORGS`` of each Catalog."""
    others = writer.other_catalogs
    return writer.catalog.covers(course_key) and not any(each.covers(course_key) for each in others)


def taken_over(writer: Writer, stored: StoredData) -> set[str]:
    """Return the course keys that a former Catalog lists and that only this Catalog may list now.

    If this Catalog does not list them, the rows of the former Catalog are deleted.
    """
    return {key for key in stored.keys_of_former_catalogs() if covers_alone(writer, key)}


def check_statuses(writer: Writer, absent: Collection[str], removals: Collection[str]) -> None:
    """Check that CATALOG_SYNC_RUN_STATUSES names only known statuses, if a marketing URL would be removed.

    Args:
        writer: the writer of the sync run.
        absent: the keys of the stored course runs that would lose their marketing URL.
        removals: the keys of the course overviews that would lose theirs.

    Raises:
        Refused: it names another one, which may be misspelled.
    """
    # A dry run has not stored the Catalog's new course runs, which may have a new status.
    unknown = set(course_runs.unknown_statuses(writer.catalog.name)) - writer.simulation.statuses()
    if not unknown:
        return
    stored = course_runs.read_all(absent).of_catalog(writer.catalog.name).values()
    if removals or any(row.data.marketing_url for row in stored):
        raise Refused(
            "CATALOG_SYNC_RUN_STATUSES names a status that the Catalog does not have "
            f"({', '.join(map(repr, sorted(unknown)))}), so the sync removed no marketing URL: correct the setting "
            f"(the Catalog's statuses are {', '.join(course_runs.CATALOG_STATUSES)}) and run the command again."
        )


def check_removal_limit(writer: Writer, removals: int, max_removal_percent: int) -> None:
    """Check that the removals are a small share of the marketing URLs that this Catalog provides.

    Raises:
        Refused: they exceed ``max_removal_percent`` and ``ALWAYS_ALLOWED``.
    """
    if removals <= ALWAYS_ALLOWED:
        return
    provided = _count_provided(writer)
    if removals * 100 > max_removal_percent * provided:
        button = "" if writer.dry_run else "choose Allow these removals in Django admin, or "
        raise Refused(
            f"Refused to remove {removals:,} of {provided:,} marketing URLs (more than {max_removal_percent} %), so "
            f"none was removed.{_shrunk(writer.report)} The Catalog's list may be incomplete."
            f"{_rejected_advice(writer.report, removals)} If the courses are missing in the Catalog, too, "
            f"{button}run the command again with --allow-removals."
        )


def _shrunk(report: SyncReport) -> str:
    """Return how much shorter the Catalog's list is than before; empty if it is not, or was not read."""
    before = successful_full_syncs(report.catalog).values_list("catalog_count", flat=True).first() or 0
    is_full = SyncRun.objects.filter(pk=report.run_id or 0, scope=SyncRun.Scope.ALL).exists()
    if not is_full or report.catalog_count >= before:
        return ""
    return (
        f" The Catalog's list has {report.catalog_count:,} course runs; the last full sync that succeeded read "
        f"{before:,}."
    )


def _rejected_advice(report: SyncReport, removals: int) -> str:
    """Return what to check before removals are allowed; empty if too few course runs were rejected."""
    rejected = report.course_runs_rejected
    # Fewer than a tenth are not the cause of the removals.
    if not rejected or rejected < removals / 10:
        return ""
    return (
        f" First check why {rejected:,} course runs were rejected "
        "(event=catalog_sync.course_runs_rejected). The cause may be a setting of this LMS, such as "
        "CATALOG_SYNC_MARKETING_URL_HOSTS."
    )


def _count_provided(writer: Writer) -> int:
    """Return how many course overviews have a marketing URL that this Catalog provides.

    The limit is a share of these. A share of all URLs would allow a small Catalog to lose all of its own.
    """
    with_url, new = course_overviews.with_marketing_url(), writer.simulation.new_urls
    if not writer.other_catalogs:
        return with_url.count() + len(new)
    count = 0
    for keys in chain(course_overviews.key_chunks(with_url), [new]):
        for some in in_chunks(keys):
            writer.heartbeat()
            stored = course_runs.read(precedence.with_parents(some))
            stored = writer.simulation.stored(stored, some)
            stored = stored.without_former_catalogs(taken_over(writer, stored))
            count += sum(_provides(writer, key, stored) for key in some)
    return count


def _provides(writer: Writer, course_key: str, stored: StoredData) -> bool:
    """Return whether this Catalog provides the URL of a course, or is the only one that may if no row has it."""
    for key in (course_key, parent_of_ccx(course_key)):
        if candidates := stored.course_runs.get(key or ""):
            source = precedence.published_course_run(candidates)
            if source.data.marketing_url:
                return source.catalog == writer.catalog.name
    return covers_alone(writer, course_key)
