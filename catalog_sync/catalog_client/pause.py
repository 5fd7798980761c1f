"""One Catalog, many workers: when it asks one of them to wait, all wait.

The word is passed on in the host's cache. Where that is not shared (local memory, dummy), each worker hears it from
the Catalog itself.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NamedTuple

from edx_django_utils.cache import TieredCache

from catalog_sync import conf

# Who has just waited must not be told to wait for what clocks leave over.
SLACK_SECONDS = 0.1
CACHE_KEY = "catalog_sync.asked_to_wait_until"


class Pause(NamedTuple):
    """For how many seconds the Catalog wants to be left alone, and the HTTP status with which it said so."""

    seconds: float
    status: int


def pass_on(asked: Pause, catalog_name: str = conf.DEFAULT_CATALOG) -> None:
    """Let every worker send nothing to the Catalog for so long."""
    # Each kind of cache has errors of its own; without one, each worker hears it from the Catalog itself.
    with suppress(Exception):
        until = time.time() + asked.seconds
        TieredCache.set_all_tiers(
            f"{CACHE_KEY}.{catalog_name}", (until, asked.status), max(1, round(asked.seconds))
        )


def in_force(catalog_name: str = conf.DEFAULT_CATALOG) -> Pause | None:
    """Return what is left of the pause that the Catalog asked for; almost always None."""
    with suppress(Exception):
        asked = TieredCache.get_cached_response(f"{CACHE_KEY}.{catalog_name}")
        if asked.is_found:
            until, status = asked.value
            left = Pause(until - time.time(), status)
            return left if left.seconds > SLACK_SECONDS else None
    return None
