"""One Catalog, many workers: when it asks one of them to wait, all wait.

The word is passed on in the host's cache. Where that is not shared (local memory, dummy), each worker hears it from
the Catalog itself.
"""

from __future__ import annotations

import time
from contextlib import suppress

from edx_django_utils.cache import TieredCache

from catalog_sync import conf

# Who has just waited must not be told to wait for what clocks leave over.
SLACK_SECONDS = 0.1
CACHE_KEY = "catalog_sync.asked_to_wait_until"


def pass_on(seconds: float, catalog_name: str = conf.DEFAULT_CATALOG) -> None:
    """Let every worker send nothing to the Catalog for so many seconds."""
    # Each kind of cache has errors of its own; without one, each worker hears it from the Catalog itself.
    with suppress(Exception):
        TieredCache.set_all_tiers(
            f"{CACHE_KEY}.{catalog_name}", time.time() + seconds, max(1, round(seconds))
        )


def seconds_left(catalog_name: str = conf.DEFAULT_CATALOG) -> float:
    """Return for how many seconds nothing is to be sent to the Catalog; almost always 0."""
    seconds = 0.0
    with suppress(Exception):
        asked = TieredCache.get_cached_response(f"{CACHE_KEY}.{catalog_name}")
        seconds = asked.value - time.time() if asked.is_found else 0.0
    return seconds if seconds > SLACK_SECONDS else 0.0
