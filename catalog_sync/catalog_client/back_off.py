"""The Catalog's ``Retry-After``, in the cache, so that all processes that use the Catalog wait."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NamedTuple

from edx_django_utils.cache import TieredCache

# Shorter back-offs are ignored: clocks differ, and a worker that has just waited must not wait again.
MIN_BACK_OFF_SECONDS = 0.1
BACK_OFF_KEY = "catalog_sync.back_off_until"


class BackOff(NamedTuple):
    """The seconds of the Catalog's ``Retry-After``, and the HTTP status of that reply."""

    seconds: float
    status: int


def share_back_off(back_off: BackOff, catalog_name: str) -> None:
    """Make every process that shares the default cache wait."""
    # Without a working cache, each worker gets its own Retry-After. Each kind of cache has its own exceptions.
    with suppress(Exception):
        until = time.time() + back_off.seconds
        TieredCache.set_all_tiers(
            f"{BACK_OFF_KEY}.{catalog_name}", (until, back_off.status), max(1, round(back_off.seconds))
        )


def shared_back_off(catalog_name: str) -> BackOff | None:
    """Return what is left of the shared back-off; almost always None."""
    with suppress(Exception):
        cached = TieredCache.get_cached_response(f"{BACK_OFF_KEY}.{catalog_name}")
        if cached.is_found:
            until, status = cached.value
            left = BackOff(until - time.time(), status)
            return left if left.seconds > MIN_BACK_OFF_SECONDS else None
    return None
