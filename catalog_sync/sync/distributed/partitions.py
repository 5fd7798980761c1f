"""Partitions of the Catalog's list: each task reads one, and the last task joins them.

There are as many partitions as ``concurrency`` allows parallel requests, and the pages of a partition are read one
after the other. So the number of workers does not change how many requests the Catalog receives in parallel.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from catalog_sync.catalog_client import CatalogClient, OverlappingPages, Page
from catalog_sync.models import SyncRun
from catalog_sync.quota import requests_for
from catalog_sync.sync.rejections import Summary, join_summaries
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.runner import Run
from catalog_sync.sync.scopes import end_crawl
from catalog_sync.sync.writer import Writer


class Partition(msgspec.Struct, frozen=True):
    """A part of the list for one worker.

    Attributes:
        start: its first position in the list.
        stop: the first position of the next partition; None: there is none.
        newest_id: as in ``Statistics``.
    """

    run_id: int
    page_size: int
    start: int
    stop: int | None
    newest_id: int


class PartitionOutcome(msgspec.Struct):
    """What a worker has read.

    Attributes:
        report: the numbers of this partition.
        failures: why something was not applied.
        notable: the warnings and errors that were logged.
        rejected: the rejected records, summed up by reason.
        rejected_keys: as in ``Statistics``, like ``seen`` and ``confirmed``.
        first_keys: the course keys at its start, some of which the previous partition should share.
        last_keys: the course keys at its end, some of which the next partition should share.
    """

    partition: Partition
    report: SyncReport
    complete: bool = False
    failures: list[str] = msgspec.field(default_factory=list)
    notable: list[str] = msgspec.field(default_factory=list)
    rejected: Summary = msgspec.field(default_factory=dict)
    rejected_keys: set[str] = msgspec.field(default_factory=set)
    first_keys: frozenset[str] = frozenset()
    last_keys: frozenset[str] = frozenset()
    seen: bytes = b""
    confirmed: bytes = b""


# How many course keys are kept for each end: more than the list usually shifts between two reads.
END_KEYS = 50

# The numbers of the report that are the sum of the partitions; the others are counted at the end.
COUNTED = (
    "pages",
    "requests",
    "retries",
    "course_runs_retrieved",
    "course_runs_rejected",
    "matched",
    "updated",
    "not_in_lms",
    "in_other_catalogs",
    "of_other_orgs",
)


def plan(run: Run, page_size: int, count: int, newest_id: int) -> list[Partition]:
    """Divide a list of ``count`` course runs into partitions of whole pages, one per parallel request."""
    pagination = OverlappingPages(page_size)
    pages = requests_for(count, pagination.page_size)
    number = min(run.options.concurrency, pages)
    starts = [pages * index // number * pagination.step for index in range(number)]
    stops = [*starts[1:], None]
    return [
        Partition(run.lease.run_id, pagination.page_size, start, stop, newest_id)
        for start, stop in zip(starts, stops, strict=True)
    ]


def read_partition(run: Run, partition: Partition) -> PartitionOutcome:
    """Read and write one partition. If it was read before, this writes only what changed since."""
    outcome = PartitionOutcome(partition, run.report)

    def work(client: CatalogClient, writer: Writer) -> None:
        writer.statistics.newest_id = partition.newest_id
        pagination = OverlappingPages(partition.page_size, start=partition.start, stop=partition.stop)
        crawl = client.crawl(pagination, 1)
        try:
            for page in crawl.pages():
                if not outcome.first_keys:
                    outcome.first_keys = _keys_of(page, slice(END_KEYS))
                    # The first of two partitions counts the course run that they share.
                    if partition.start:
                        writer.statistics.leave_to_previous(page.first_key)
                if pagination.has_accepted(page):
                    outcome.last_keys = _keys_of(page, slice(-END_KEYS, None))
                writer.write_page(page)
        finally:
            run.failures += crawl.failures
            run.report.seconds_per_page = client.seconds_per_page
            writer.write_pending()
        outcome.complete = crawl.complete
        outcome.seen = writer.statistics.seen.to_bytes()
        outcome.confirmed = writer.statistics.confirmed.to_bytes()
        outcome.rejected_keys = writer.statistics.rejected_keys

    status, message = run.do(work)
    outcome.failures = [*run.failures, *([message] if status == SyncRun.Status.FAILED else [])]
    outcome.notable, outcome.rejected = run.log.notable, run.rejected
    return outcome


def _keys_of(page: Page, end: slice) -> frozenset[str]:
    # Including rejected records: two partitions may share one of them.
    rejected = [record.key for record in page.rejected if record.key]
    return frozenset([run.key for run in page.course_runs[end]] + rejected[end])


def join_partitions(
    run: Run, client: CatalogClient, writer: Writer, outcomes: Sequence[PartitionOutcome]
) -> None:
    """Join the partitions, and end the sync run as a single process would."""
    outcomes = _once_each(outcomes)
    writer.statistics.newest_id = outcomes[0].partition.newest_id
    for outcome in outcomes:
        run.failures += outcome.failures
        run.log.notable += outcome.notable
        join_summaries(run.rejected, outcome.rejected)
        for name in COUNTED:
            setattr(run.report, name, getattr(run.report, name) + getattr(outcome.report, name))
        run.report.catalog_count = outcome.report.catalog_count or run.report.catalog_count
        run.report.seconds_per_page = max(run.report.seconds_per_page, outcome.report.seconds_per_page)
        writer.statistics.uncount_duplicates(writer.statistics.seen.merge(outcome.seen))
        writer.statistics.confirmed.merge(outcome.confirmed)
        writer.statistics.rejected_keys |= outcome.rejected_keys
    writer.transactions.mark_stored()
    # Raises Canceled: a sync run that was canceled meanwhile must not remove anything.
    writer.transact(lambda: None)
    complete = _cover_the_list(outcomes) and all(outcome.complete for outcome in outcomes)
    if complete:
        for left, right in pairwise(outcomes):
            complete = _close_gap(run, client, writer, left, right) and complete
    end_crawl(run, client, writer, complete=complete)


def _once_each(outcomes: Sequence[PartitionOutcome]) -> list[PartitionOutcome]:
    """Return the outcomes in the order of the list; if a partition was read twice, the outcome that has more."""
    in_order = sorted(outcomes, key=lambda each: (each.partition.start, each.complete, each.report.updated))
    return list({each.partition.start: each for each in in_order}.values())


def _cover_the_list(outcomes: Sequence[PartitionOutcome]) -> bool:
    # Celery only counts results: if one partition is returned twice, another may not have been read yet.
    starts = [outcome.partition.start for outcome in outcomes]
    return [0, *(outcome.partition.stop for outcome in outcomes)] == [*starts, None]


def _close_gap(
    run: Run, client: CatalogClient, writer: Writer, left: PartitionOutcome, right: PartitionOutcome
) -> bool:
    """Return whether two partitions share a course run; if not, read on from the left one to the right one."""
    if left.last_keys & right.first_keys:
        return True
    pagination = OverlappingPages(
        left.partition.page_size, start=right.partition.start, shared=left.last_keys
    )
    crawl = client.crawl(pagination, 1)
    try:
        for page in crawl.pages():
            writer.write_page(page)
            # Only an accepted page shares a course run with those before it.
            if pagination.has_accepted(page) and page.keys() & right.first_keys:
                return not crawl.failures and not pagination.broken
    finally:
        run.failures += crawl.failures
    return crawl.complete
