"""What a host can listen to: for purging caches, or for indexing courses again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.dispatch import Signal

# Sent with ``sender``, the course overview model, and ``course_keys``, a list of text: the course overviews that were
# given or lost a marketing URL, or got another value that is kept from the Catalog. The rows are committed by then.
marketing_urls_changed = Signal()


def announce(model: Any, course_keys: Collection[str]) -> None:
    """Send ``marketing_urls_changed`` once the transaction is committed; a receiver's fault is logged, and no more."""
    if not marketing_urls_changed.has_listeners(model):
        return

    # A function, not a partial: see catalog_sync.receivers.
    def send() -> None:
        marketing_urls_changed.send_robust(sender=model, course_keys=sorted(course_keys))

    transaction.on_commit(send, robust=True)
