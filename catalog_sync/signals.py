"""The signal that a host can connect to, for example to clear caches or to reindex courses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.dispatch import Signal

# Sent when this app has changed the marketing URL, or another field from the Catalog, of course overviews, and the
# transaction is committed. The sender is the course overview model; ``course_keys`` is a sorted list of text.
marketing_urls_changed = Signal()


def announce(model: Any, course_keys: Collection[str]) -> None:
    """Send ``marketing_urls_changed`` when the transaction is committed. Django logs the exceptions of receivers."""
    if not marketing_urls_changed.has_listeners(model):
        return

    # A function, not a partial: see catalog_sync.receivers.
    def send() -> None:
        marketing_urls_changed.send_robust(sender=model, course_keys=sorted(course_keys))

    transaction.on_commit(send, robust=True)
