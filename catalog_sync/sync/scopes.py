"""The work of a sync run by scope: read the whole list, or look up the changed or the given course runs."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from catalog_sync.catalog_client import CatalogClient, OverlappingPages
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import SyncRun
from catalog_sync.store import course_overviews, precedence
from catalog_sync.store.sql import in_chunks
from catalog_sync.store.sync_runs import catalog_size
from catalog_sync.sync import ccx
from catalog_sync.sync import page_size as page_sizes
from catalog_sync.sync.incremental import changed_course_keys
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.outcome import NothingRead
from catalog_sync.sync.removal_candidates import find_candidates, only_unread
from catalog_sync.sync.removals import check_candidates, look_up_and_apply
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.runner import Run, Stopped
from catalog_sync.sync.writer import Writer


def run_sync(options: SyncOptions) -> SyncReport:
    """Run one sync and return its report, even if the Catalog or the database failed.

    Raises:
        SyncAlreadyRunning: another sync is running.
    """
    work = {
        SyncRun.Scope.ALL: sync_all,
        SyncRun.Scope.CHANGED: sync_changed,
        SyncRun.Scope.COURSE_KEYS: sync_course_keys,
    }
    run = Run.open(options)
    return run.do_and_close(partial(work[options.scope], run))


def sync_course_keys(run: Run, client: CatalogClient, writer: Writer) -> None:
    """Look up the requested course keys."""
    requested = set(run.options.course_keys or ())
    covered = {key for key in requested if run.options.catalog.covers(key)}
    run.report.of_other_orgs = len(requested) - len(covered)
    if not covered:
        return
    unlisted = covered & _look_up(run, client, writer, covered)
    only_in_lms = unlisted & course_overviews.marketing_urls(unlisted).keys()
    if unknown := unlisted - only_in_lms:
        run.note = f"Neither the Catalog nor the LMS has {', '.join(sorted(unknown))}."
    run.report.not_in_catalog = sum(not parent_of_ccx(key) for key in only_in_lms)


def sync_changed(run: Run, client: CatalogClient, writer: Writer) -> None:
    """Look up the course runs of the courses that the Catalog reports as changed."""
    catalog = run.options.catalog
    changed = {key for key in changed_course_keys(client, catalog.name) if catalog.covers(key)}
    if changed:
        _look_up(run, client, writer, changed)


def _look_up(run: Run, client: CatalogClient, writer: Writer, course_keys: set[str]) -> set[str]:
    """Look up these course runs, their parent course runs and their CCX courses; return which are not listed."""
    with_parents = precedence.with_parents(course_keys)
    ccx_keys: set[str] = set()
    for some in in_chunks(with_parents):
        run.heartbeat()
        ccx_keys.update(key for chunk in course_overviews.ccx_chunks(some) for key, _ in chunk)
    try:
        return look_up_and_apply(client, writer, with_parents | ccx_keys, _max_removal_percent(run))
    finally:
        _publish_pins_and_ccx(writer, with_parents)
        run.report.course_overviews = course_overviews.count(with_parents | ccx_keys)
        run.report.catalog_count = run.report.course_runs_retrieved


def sync_all(run: Run, client: CatalogClient, writer: Writer) -> None:
    """Read the whole list, write its pages, and apply what depends on the whole list."""
    run.report.course_overviews = course_overviews.count()
    page_size = run.report.page_size = page_sizes.choose(run.options, client)
    # With the expected length, the first pages are requested together.
    pagination = OverlappingPages(page_size, count=catalog_size(run.options.catalog.name))
    crawl = client.crawl(pagination, run.options.concurrency)
    try:
        for page in crawl.pages():
            run.heartbeat()
            writer.write_page(page)
            if run.options.on_progress:
                run.options.on_progress(run.report.course_runs_retrieved, page.count)
    except RequestFailed:
        # The pages that were written may contain new URLs for CCX courses.
        _publish_pins_and_ccx(writer)
        raise
    except Stopped:
        writer.write_pending()
        raise
    finally:
        run.failures += crawl.failures
        run.report.seconds_per_page = client.seconds_per_page
    end_crawl(run, client, writer, complete=crawl.complete)


def end_crawl(run: Run, client: CatalogClient, writer: Writer, *, complete: bool) -> None:
    """Write pending changes, remove absent marketing URLs if the list is complete, publish to CCX courses.

    Raises:
        NothingRead: no page was read.
    """
    writer.write_pending()
    if not complete and not run.failures:
        run.failures.append("it could not be proven that every course run was read: run the command again")
    if run.report.course_runs_rejected and not run.report.course_runs_retrieved:
        run.failures.append(
            "every record of the list was rejected: check that the Catalog's API is compatible"
        )
    try:
        if complete:
            _remove_absent(run, client, writer)
        else:
            _publish_pins_and_ccx(writer)
            if unread := only_unread(writer):
                run.note = f"The only stored course run that was not read: {unread}."
    finally:
        run.report.course_overviews = course_overviews.count()
        if complete:
            run.report.not_in_catalog = max(0, run.report.course_overviews - run.report.matched)
    if run.failures and not run.report.pages:
        raise NothingRead(run.failures)


def _remove_absent(run: Run, client: CatalogClient, writer: Writer) -> None:
    # First, since the search reads the CCX courses, which may be pinned.
    writer.publish_pins()
    candidates, limit = find_candidates(writer), _max_removal_percent(run)
    try:
        check_candidates(writer, candidates, limit)
        look_up_and_apply(client, writer, candidates.keys, limit)
    except RequestFailed as error:
        # Without a look-up there is no proof, so these URLs stay. The changes from the pages are already applied.
        run.failures.append(
            f"not all of {len(candidates.keys)} course runs could be looked up by key: {error.clause}"
        )
    finally:
        writer.write_pending()
        ccx.publish_found(writer, candidates.ccx, candidates.keys)


def _publish_pins_and_ccx(writer: Writer, parents: Collection[str] | None = None) -> None:
    """Publish pinned URLs, and those that CCX courses inherit; None: of all parent course runs."""
    writer.write_pending()
    writer.publish_pins(parents)
    ccx.publish(writer, parents)


def _max_removal_percent(run: Run) -> int | None:
    return None if run.options.allow_removals else run.options.max_removal_percent
