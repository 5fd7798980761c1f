"""Choose the page size: the given one, or one for the length of the list and the speed of the Catalog."""

from __future__ import annotations

from math import log

from django.db.models import F

from catalog_sync.catalog_client import CatalogClient, OverlappingPages
from catalog_sync.models import SyncRun
from catalog_sync.quota import PAGE_SIZES, least_page_size
from catalog_sync.sync.options import SyncOptions

# Each page costs the Catalog extra time, but if there are few, its workers wait for each other.
PAGES_IN_PARALLEL = 10
# Smaller pages save less than a second, and the times of larger pages cannot be estimated from theirs.
MIN_AUTOMATIC = 100
# The rest of the time is for pages that stall or wait for other requests.
SHARE_OF_TIMEOUT = 1 / 3
# Per course run: a Catalog with two workers needs 4 ms, and twice that if each of them has two requests.
USUAL_SECONDS = 0.002
# Per course run: the Catalog needs 3.7 ms, its reply cache 0.03 ms.
CACHED_SECONDS = 0.0005
# The faster of two sync runs is used, so that one outage or one busy hour changes nothing.
COMPARED_RUNS = 2


def choose(options: SyncOptions, client: CatalogClient) -> int:
    """Return the page size that was given, or choose one.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
    """
    if options.page_size:
        return options.page_size
    longest_seconds = options.request_timeout_seconds * SHARE_OF_TIMEOUT
    largest = longest_seconds / _seconds_per_course_run(options)
    return automatic(length_of_list(client), options.concurrency, largest)


def automatic(count: int, concurrency: int, largest: float) -> int:
    """Return the page size for a list of ``count`` course runs: about ``largest`` at most, unless the quota needs more.

    One request at a time is fastest with the largest pages. Parallel requests need several pages.
    """
    pages = PAGES_IN_PARALLEL if concurrency > 1 else 1
    wanted = max(MIN_AUTOMATIC, min(count / pages, largest))
    return min(sizes_within_quota(count), key=lambda size: abs(log(size / wanted)))


def sizes_within_quota(count: int) -> list[int]:
    """Return the usual page sizes with which a full sync of ``count`` course runs stays within the quota."""
    return [size for size in PAGE_SIZES if size >= least_page_size(count)] or [PAGE_SIZES[-1]]


def length_of_list(client: CatalogClient) -> int:
    """Return how many course runs the Catalog lists.

    Raises:
        RequestFailed: the Catalog is down, or refuses this user.
    """
    # Two course runs are enough. If they fail, the sync run reports it when it reads them.
    pagination = OverlappingPages(2, stop=1)
    for _ in client.crawl(pagination, 1).pages():
        pass
    return pagination.count


def _seconds_per_course_run(options: SyncOptions) -> float:
    """Return how long a page takes per course run, according to the latest full syncs."""
    timed = SyncRun.objects.filter(
        catalog=options.catalog.name,
        scope=SyncRun.Scope.ALL,
        concurrency=options.concurrency,
        page_size__gte=MIN_AUTOMATIC,
        seconds_per_page__gte=F("page_size") * CACHED_SECONDS,
    )
    latest = timed.order_by("-pk").values_list("seconds_per_page", "page_size")[:COMPARED_RUNS]
    return min(
        (seconds / size for seconds, size in latest), default=USUAL_SECONDS * max(options.concurrency, 2)
    )
