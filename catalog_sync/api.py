"""The functions that a host may call.

A host may also import ``catalog_sync.models.MarketingUrlMixin`` and the signal in ``catalog_sync.signals``. Everything
else is private to the app. Most imports are inside the functions: a web process must not load an HTTP client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from catalog_sync.exceptions import (
    CatalogSyncError,
    NothingMeasured,
    RequestFailed,
    SyncAlreadyRunning,
    SyncNotStarted,
    SyncNotSucceeded,
    UsageError,
)
from catalog_sync.links import get_lms_link_for_about_page
from catalog_sync.operations import arguments

if TYPE_CHECKING:
    from catalog_sync.catalog_client import CatalogAccess
    from catalog_sync.models import SyncRun
    from catalog_sync.store.changes import Change
    from catalog_sync.sync import SyncReport
    from catalog_sync.sync.connection import ConnectionResult
    from catalog_sync.sync.tuning import Measurement, Recommendation

__all__ = [
    "CatalogSyncError",
    "NothingMeasured",
    "RequestFailed",
    "SyncAlreadyRunning",
    "SyncNotStarted",
    "SyncNotSucceeded",
    "UsageError",
    "cancel_sync",
    "catalog_access",
    "check_connection",
    "get_lms_link_for_about_page",
    "get_marketing_url",
    "pin_marketing_url",
    "recommend_page_size",
    "running_sync",
    "save_page_size",
    "start_sync",
    "sync_run_changes",
    "unpin_marketing_url",
    "update_catalog_data",
]


def update_catalog_data(
    *,
    page_size: int | str | None = None,
    concurrency: int | None = None,
    course_keys: Iterable[object] | None = None,
    changed: bool = False,
    dry_run: bool = False,
    allow_removals: bool = False,
    bypass_cache: bool = False,
    distribute: bool = False,
    wait: bool = True,
    catalogs: Iterable[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SyncReport:
    """Update the course overviews from the Catalogs; return the report, which sums those of several Catalogs.

    Args:
        page_size: course runs per request, 1 to 10,000; 0 or ``"auto"``: choose automatically; None: as configured.
        concurrency: parallel requests, 1 to 16; None: as configured.
        course_keys: sync only these course runs, given as text or as course keys; None: all.
        changed: sync only the courses that the Catalog reports as changed since the last sync. It does not report
            changes made directly to a course run. Skipped while another sync is running.
        dry_run: report what would change without saving anything.
        allow_removals: allow removing more than ``max_removal_percent`` of the marketing URLs.
        bypass_cache: get past the Catalog's reply cache, as a sync of given course runs always does; takes longer.
        distribute: let Celery workers read the pages.
        wait: with ``distribute``, return when the workers have finished; if False, the report's status is ``running``.
        catalogs: names of the Catalogs to sync; None: all. If one fails, the others are still synced.
        on_progress: called after each page with the number of course runs retrieved and the Catalog's total.
        should_stop: called about twice per second; True ends the sync run after its current page, as ``canceled``.

    Raises:
        UsageError: an argument is invalid, or two arguments cannot be combined.
        SyncAlreadyRunning: another sync is running. With several Catalogs, its ``report`` has what was done.
        RuntimeError: the caller is in a transaction, as a view is with ``ATOMIC_REQUESTS``.
    """
    from catalog_sync.sync.each_catalog import sync_each
    from catalog_sync.sync.options import SyncOptions

    arguments.check_combination(course_keys, changed=changed, dry_run=dry_run, distribute=distribute)
    requested = {
        "page_size": arguments.page_size(page_size),
        "concurrency": arguments.concurrency(concurrency),
        "course_keys": arguments.course_keys(course_keys),
        "changed": changed,
        "dry_run": dry_run,
        "allow_removals": allow_removals,
        "bypass_cache": bypass_cache,
        "on_progress": on_progress,
        "should_stop": should_stop,
    }
    options = [SyncOptions.of(catalog, **requested) for catalog in arguments.catalogs(catalogs)]
    return sync_each(options, distribute=distribute, wait=wait)


def get_marketing_url(course_key: str, about_page_url: str) -> str | None:
    """Return the course overview's marketing URL, which replaces the URL of its about page; None: keep that URL.

    One query reads the URLs of the organization. They are cached for the request, or for a minute outside a request.

    Args:
        course_key: a valid course key, as text.
        about_page_url: the URL to replace. The course's own social sharing URL is kept.
    """
    from catalog_sync.operations import marketing_url_cache

    return marketing_url_cache.get(course_key, about_page_url)


def pin_marketing_url(course_key: object, url: str, user: Any = None, reason: str = "") -> str:
    """Pin a marketing URL for a course until it is unpinned; return the course key as it is stored.

    The URL overrides the Catalogs. The course overview gets it immediately; so do its CCX courses without their own.

    Args:
        course_key: as text or as a course key. The course need not be in the LMS yet.
        url: a valid marketing URL without UTM parameters.
        user: the user who pins it.
        reason: why it is pinned.

    Raises:
        UsageError: the URL or the course key is invalid, or the caller is in a transaction.
    """
    from catalog_sync.store import pins

    key = arguments.pinned_course_key(course_key)
    pins.pin(key, arguments.pinned_url(url), user, reason.strip())
    return key


def unpin_marketing_url(course_key: object, user: Any = None) -> bool:
    """Remove the pin of a course, and return whether there was one.

    The course overview immediately gets the Catalog's URL, else the URL that another tool had set before the pin.

    Raises:
        UsageError: the course key is invalid, or the caller is in a transaction.
    """
    from catalog_sync.store import pins

    return pins.unpin(arguments.course_key(course_key), user)


def start_sync(
    *,
    dry_run: bool = False,
    allow_removals: bool = False,
    user_id: int | None = None,
    course_keys: Iterable[object] | None = None,
    catalog: str | None = None,
) -> None:
    """Start a sync in a Celery worker, without waiting for its end.

    Args:
        dry_run: report what would change without saving anything.
        allow_removals: allow removing more than ``max_removal_percent`` of the marketing URLs.
        user_id: the user who starts it, for the log.
        course_keys: sync only these course runs; None: a full sync.
        catalog: the name of the Catalog to sync; None: all.

    Raises:
        UsageError: a course key is invalid, the list is empty, or no Catalog has this name.
        SyncNotStarted: a sync is running, the sync is disabled, or no worker can receive it.
    """
    from catalog_sync.operations import jobs

    jobs.start(
        dry_run=dry_run,
        allow_removals=allow_removals,
        user_id=user_id,
        course_keys=arguments.course_keys(course_keys),
        catalog=arguments.catalog(catalog).name if catalog else None,
    )


def running_sync(run_id: int | None = None) -> SyncRun | None:
    """Return the oldest running sync, or the sync run ``run_id`` if it is running, with its progress; else None."""
    from catalog_sync.operations import jobs

    return jobs.running(run_id)


def cancel_sync(run_id: int, *, user_id: int | None = None) -> bool:
    """Request that a running sync ends after its current page; return whether it was running."""
    from catalog_sync.operations import jobs

    return jobs.cancel(run_id, user_id=user_id)


def sync_run_changes(run_id: int) -> tuple[Change, ...]:
    """Return which courses a sync run changed, removed or rejected, or would have.

    There are at most 1,000 of each kind; from a distributed sync run, at most 1,000 per task.
    """
    from catalog_sync.store import changes

    return tuple(changes.read(run_id))


def catalog_access() -> tuple[CatalogAccess, ...]:
    """Return the address of each Catalog, its source, and how the LMS authenticates; sends no request."""
    from catalog_sync import conf
    from catalog_sync.catalog_client import access_to

    return tuple(access_to(catalog) for catalog in conf.catalogs())


def check_connection(catalog: str | None = None) -> ConnectionResult:
    """Request one course run from a Catalog; return how long the request took and how many course runs there are.

    Args:
        catalog: its name; None: the first.

    Raises:
        RequestFailed: there is no usable reply; the message contains the cause and the remedy.
        UsageError: no Catalog has this name.
    """
    from catalog_sync.sync.connection import request_one_course_run

    return request_one_course_run(arguments.catalog(catalog))


def recommend_page_size(
    *,
    max_requests: int,
    target_seconds: float,
    catalog: str | None = None,
    on_measured: Callable[[Measurement], None] | None = None,
) -> Recommendation:
    """Measure page sizes and concurrencies with a Catalog, smallest first, and return the best.

    Args:
        max_requests: maximum number of requests; an ordinary user of the Catalog has 200 per hour.
        target_seconds: longest acceptable time for one page. Larger pages than the first slower one are not tried.
        catalog: its name; None: the first.
        on_measured: called with each measurement as soon as it is taken.

    Raises:
        RequestFailed: the Catalog does not reply.
        NothingMeasured: no page size was measured; the message contains the remedy.
        UsageError: no Catalog has this name, or a number is out of range.
    """
    from catalog_sync.sync.tuning import recommend

    arguments.check_tuning(max_requests, target_seconds)
    return recommend(
        arguments.catalog(catalog), max_requests, target_seconds, on_measured or (lambda _: None)
    )


def save_page_size(measured: Measurement, catalog: str | None = None) -> None:
    """Save a measured page size and concurrency in the configuration of a Catalog; None: the first.

    Raises:
        UsageError: no Catalog has this name.
    """
    from catalog_sync.models import CatalogSyncConfig

    config = CatalogSyncConfig.current(arguments.catalog(catalog).name)
    config.page_size, config.concurrency = measured.page_size, measured.concurrency
    config.changed_by = None  # A program, not the last user.
    config.save()
