"""How many requests a sync sends, and how many the Catalog allows."""

from __future__ import annotations

# The Catalog allows an ordinary user this many requests (course-discovery's throttle).
REQUESTS_PER_HOUR = 200
# Reserved for the same user's other requests: the length of the list, look-ups, and incremental syncs.
SPARE_REQUESTS = 20
# Larger pages hardly save requests in lists of usual length.
USUAL_PAGE_SIZE = 500
# The page sizes that are shown in Django admin, and from which the automatic page size is chosen.
PAGE_SIZES = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def requests_for(count: int, page_size: int) -> int:
    """Return how many requests read a list of ``count`` course runs: consecutive pages overlap by one course run."""
    return max(1, -(-count // max(1, page_size - 1)))


def least_page_size(count: int) -> int:
    """Return the smallest page size at which a full sync of ``count`` course runs leaves ``SPARE_REQUESTS``."""
    return -(-count // (REQUESTS_PER_HOUR - SPARE_REQUESTS)) + 1


def recommended_page_size(count: int) -> int:
    """Return a page size at which a full sync of ``count`` course runs uses as little of the quota as possible."""
    return max(USUAL_PAGE_SIZE, least_page_size(count))
