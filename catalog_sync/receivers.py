"""Signal receivers: a course overview that is saved gets its marketing URL from this app's own tables.

No receiver sends a request to the Catalog.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save, pre_save

from catalog_sync.store import course_overviews, publishing
from catalog_sync.store.sql import repeat_on_conflict

# The attribute that carries the restored URL from the first signal to the second.
RESTORED = "_catalog_sync_restored_url"


def connect() -> None:
    """Connect the receivers to the host's course overview model."""
    with suppress(LookupError, ValueError):  # a system check reports that there is no such model
        model = course_overviews.model()
        pre_save.connect(restore, sender=model, dispatch_uid="catalog_sync.restore")
        post_save.connect(
            republish_after_commit, sender=model, dispatch_uid="catalog_sync.republish_after_commit"
        )


def restore(instance: Any, raw: bool = False, **kwargs: Any) -> None:
    """Set the published values on a course overview before it is saved."""
    if not raw:  # a fixture contains all values
        setattr(instance, RESTORED, publishing.restore(instance))


def republish_after_commit(instance: Any, using: str, raw: bool = False, **kwargs: Any) -> None:
    """Check a course overview once more after the commit.

    If a sync writes between ``restore`` and the commit, neither of the two sees the change of the other.
    """
    if raw:
        return
    course_key, restored_url = str(instance.pk), instance.__dict__.pop(RESTORED, None)

    # Not a partial: if it fails, Django logs its name, and a partial has none.
    def republish() -> None:
        repeat_on_conflict(lambda: publishing.republish_if_needed(course_key, restored_url))

    transaction.on_commit(republish, using=using, robust=True)
