"""What a host may call.

It may import ``catalog_sync.models.MarketingUrlMixin``, the signal in ``catalog_sync.signals`` and the exceptions that
are named here, too. Everything else is private to the app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from catalog_sync.exceptions import (
    CatalogSyncError,
    NothingMeasured,
    RequestFailed,
    SyncAlreadyRunning,
    SyncNotStarted,
    UsageError,
)
from catalog_sync.links import get_lms_link_for_about_page
from catalog_sync.operations import arguments

if TYPE_CHECKING:
    from catalog_sync.catalog_client import CatalogAccess
    from catalog_sync.models import SyncRun
    from catalog_sync.sync import SyncOptions, SyncReport
    from catalog_sync.sync.connection import Answer
    from catalog_sync.sync.tuning import Measurement, Recommendation

__all__ = [
    "CatalogSyncError",
    "NothingMeasured",
    "RequestFailed",
    "SyncAlreadyRunning",
    "SyncNotStarted",
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
    "unpin_marketing_url",
    "update_catalog_data",
]


AUTO = "auto"


def update_catalog_data(
    *,
    page_size: int | str | None = None,
    concurrency: int | None = None,
    course_keys: Iterable[object] | None = None,
    changed: bool = False,
    dry_run: bool = False,
    allow_removals: bool = False,
    distribute: bool = False,
    wait: bool = True,
    catalogs: Iterable[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SyncReport:
    """Bring the course overviews up to what the Catalog says, and return what was done.

    Args:
        page_size: course runs a request, 1 to 10,000; ``"auto"``: the best that can be found; None: as configured.
        concurrency: requests at once, 1 to 16; None: as configured.
        course_keys: only these course runs, as text or as course keys; None: all.
        changed: only what the Catalog says changed since the last look; skipped while another sync is running.
        dry_run: do everything but write.
        allow_removals: remove marketing URLs whatever share of them it is.
        distribute: let Celery workers read the pages.
        wait: with ``distribute``, return only when the workers are done; else the report says ``running``.
        catalogs: the names of those to sync, whatever becomes of the others; None: all. The report is their sum.
        on_progress: called after each page with the course runs retrieved and the number the Catalog counts.
        should_stop: asked about twice a second; true ends the run after its page.

    Raises:
        UsageError: a number is out of range, a course key is not one or there is none, or a Catalog is not named so.
        SyncAlreadyRunning: another sync is running.
        RuntimeError: the caller is in a transaction, as a view is with ``ATOMIC_REQUESTS``.
    """
    flags = {"changed": changed, "dry_run": dry_run, "allow_removals": allow_removals}
    asked = _options(catalogs, page_size, concurrency, course_keys, on_progress, should_stop, **flags)
    return _sync_each(asked, distribute=distribute, wait=wait)


def _options(
    catalogs: Iterable[str] | None,
    page_size: int | str | None,
    concurrency: int | None,
    course_keys: Iterable[object] | None,
    on_progress: Callable[[int, int], None] | None,
    should_stop: Callable[[], bool] | None,
    **flags: bool,
) -> list[SyncOptions]:
    """Return what each of the Catalogs is asked to do, in the order in which they are named."""
    # Here, not above: a web process that imports this module must not pay for an HTTP client.
    from catalog_sync.models import MAX_CONCURRENCY, MAX_PAGE_SIZE
    from catalog_sync.sync import SyncOptions

    asked = {
        "page_size": 0
        if page_size == AUTO
        else arguments.in_range("page size", page_size, MAX_PAGE_SIZE, f", or {AUTO}"),
        "concurrency": arguments.in_range("concurrency", concurrency, MAX_CONCURRENCY),
        "course_keys": arguments.course_keys(course_keys),
        "on_progress": on_progress,
        "should_stop": should_stop,
    }
    return [SyncOptions.of(catalog, **asked, **flags) for catalog in arguments.catalogs(catalogs)]


def _sync_each(asked: Sequence[SyncOptions], *, distribute: bool, wait: bool) -> SyncReport:
    from catalog_sync.sync.each_catalog import sync_each

    _check_they_agree(asked[0], distribute=distribute)
    return sync_each(asked, partial(_sync, distribute=distribute, wait=wait))


def _check_they_agree(options: SyncOptions, *, distribute: bool) -> None:
    if sum(map(bool, (distribute, options.course_keys, options.changed))) > 1:
        raise UsageError("--course-key, --changed and --distribute exclude each other: leave out all but one")
    if distribute and options.dry_run:
        raise UsageError(
            "--dry-run and --distribute exclude each other: one process can tell what would be written"
        )


def _sync(options: SyncOptions, *, distribute: bool, wait: bool) -> SyncReport:
    from catalog_sync.event_log import EventLog
    from catalog_sync.models import CatalogSyncConfig
    from catalog_sync.sync import SyncReport, run_sync

    if not CatalogSyncConfig.current(options.catalog.name).enabled:
        EventLog().warning("disabled", catalog=options.catalog.name)
        message = "The sync is switched off in Django admin (Catalog sync configuration); nothing was done."
        return SyncReport.of_nothing("disabled", message, options)
    try:
        if distribute:
            from catalog_sync.sync.distributed.coordinator import start_distributed, wait_for_workers

            report = start_distributed(options)
            return wait_for_workers(report, options) if wait and report.status == "running" else report
        return run_sync(options)
    except SyncAlreadyRunning as held:
        EventLog().info("skipped", catalog=options.catalog.name, reason=held)
        if not options.changed:
            raise
        return SyncReport.of_nothing("skipped", str(held), options)


def get_marketing_url(course_key: str, about_page_url: str) -> str | None:
    """Return the marketing URL with which to replace the URL of a course's about page; None: keep that URL.

    The marketing URL is the one on the course overview. The URLs of the whole organization are read by one query and
    kept for the rest of the request, or for a minute outside a request. So the URLs for a list of courses cost one
    query per organization.

    Args:
        course_key: a valid course key, as text.
        about_page_url: the URL to replace. The course's own social sharing URL is kept.
    """
    from catalog_sync.operations import link_urls

    return link_urls.get(course_key, about_page_url)


def pin_marketing_url(course_key: object, url: str, user: Any = None) -> str:
    """Let learners be sent to this URL, whatever the Catalog says of the course, until it is unpinned.

    Return the course key as it is stored.

    Its course overview shows it at once, as do those of its CCX courses that have none of their own; no network.

    Args:
        course_key: whose, as text or as a course key; the course need not be in the LMS yet.
        url: fit for learners by the rules that the Catalog's are held to.
        user: who did it, to be shown.

    Raises:
        UsageError: the URL is not fit, or the course key is not one.
    """
    from catalog_sync.store import pins

    key = arguments.course_key(course_key)
    pins.pin(key, url.strip(), user)
    return key


def unpin_marketing_url(course_key: object, user: Any = None) -> bool:
    """Take the pin of a course away, so that what the Catalog said last is shown at once; tell whether there was one.

    Raises:
        UsageError: the course key is not one.
    """
    from catalog_sync.store import pins

    return pins.unpin(arguments.course_key(course_key), user)


def start_sync(
    *, dry_run: bool = False, user_id: int | None = None, course_keys: Iterable[object] | None = None
) -> None:
    """Hand a sync to a Celery worker, for a person who does not wait for its end.

    Args:
        dry_run: do everything but write.
        user_id: who asked for it, for the log.
        course_keys: only these course runs; None: a full sync.

    Raises:
        UsageError: a course key is not one, or there is none.
        SyncNotStarted: a sync is running, the sync is disabled, or no worker can receive it; the message names the
            reason and the remedy.
    """
    from catalog_sync.operations import jobs

    jobs.start(dry_run=dry_run, user_id=user_id, course_keys=arguments.course_keys(course_keys))


def running_sync(run_id: int | None = None) -> SyncRun | None:
    """Return the sync that is running, of several the oldest, with how far it is; None if there is none.

    Args:
        run_id: only this one.
    """
    from catalog_sync.operations import jobs

    return jobs.running(run_id)


def cancel_sync(run_id: int, *, user_id: int | None = None) -> bool:
    """Ask a running sync to end after its page, and return whether it was running."""
    from catalog_sync.operations import jobs

    return jobs.cancel(run_id, user_id=user_id)


def catalog_access() -> tuple[CatalogAccess, ...]:
    """Return the address of each Catalog, its source, and how the LMS authenticates; sends no request."""
    from catalog_sync import conf
    from catalog_sync.catalog_client import access_to

    return tuple(access_to(catalog) for catalog in conf.catalogs())


def check_connection(catalog: str | None = None) -> Answer:
    """Request one course run from a Catalog, and return how long it took and how many course runs there are.

    Args:
        catalog: its name; None: the first.

    Raises:
        RequestFailed: there is no usable answer; the text names the fault and the remedy.
        UsageError: no Catalog has this name.
    """
    from catalog_sync.sync.connection import request_one_course_run

    return request_one_course_run(arguments.catalog(catalog))


def recommend_page_size(
    *,
    most_requests: int,
    target_seconds: float,
    catalog: str | None = None,
    on_measured: Callable[[Measurement], None] | None = None,
) -> Recommendation:
    """Measure how a configured Catalog answers page sizes and concurrencies, smallest first, and return the best.

    Args:
        most_requests: the budget; an ordinary Catalog user has 200 an hour.
        target_seconds: how long a page may take; a larger page than the first that takes longer is not tried.
        catalog: its name; None: the first.
        on_measured: called with each measurement as soon as it is taken.

    Raises:
        RequestFailed: the Catalog does not answer.
        NothingMeasured: not one page size was measured; the text says what to do.
        UsageError: no Catalog is named so, or a number is out of range.
    """
    from catalog_sync.sync.tuning import recommend

    if most_requests < 1:
        raise UsageError(f"the number of requests must be 1 or more, not {most_requests}")
    if not target_seconds > 0:  # what is no number, too
        raise UsageError(f"the seconds that a page may take must be more than 0, not {target_seconds:g}")
    return recommend(
        arguments.catalog(catalog), most_requests, target_seconds, on_measured or (lambda _: None)
    )


def save_page_size(measured: Measurement, catalog: str | None = None) -> None:
    """Put a measured page size and concurrency into the configuration of a Catalog, by default of the first.

    Raises:
        UsageError: no Catalog is named so.
    """
    from catalog_sync.models import CatalogSyncConfig

    config = CatalogSyncConfig.current(arguments.catalog(catalog).name)
    config.page_size, config.concurrency = measured.page_size, measured.concurrency
    config.changed_by = None  # not whoever changed it last
    config.save()
