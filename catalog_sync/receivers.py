"""Signal receivers, nothing else: a course overview that is saved gets its values from the replica at once.

No receiver asks the Catalog: all that is needed is in the LMS's own database.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save, pre_save

from catalog_sync.store import course_overviews, publishing
from catalog_sync.store.sql import repeat_on_conflict

# Where a course overview carries the URL that was set on it from one signal to the next.
RESTORED = "_catalog_sync_restored_url"


def connect() -> None:
    """Connect the receivers to the host's course overview model; without one a system check tells."""
    with suppress(LookupError, ValueError):
        model = course_overviews.model()
        pre_save.connect(restore, sender=model, dispatch_uid="catalog_sync.restore")
        post_save.connect(republish_after_commit, sender=model, dispatch_uid="catalog_sync.look_again")


def restore(instance: Any, raw: bool = False, **kwargs: Any) -> None:
    """Before a course overview is written, set what the replica holds for it."""
    if not raw:  # a fixture says itself what is in the database
        setattr(instance, RESTORED, publishing.restore(instance))


def republish_after_commit(instance: Any, using: str, raw: bool = False, **kwargs: Any) -> None:
    """Compare a course overview once more as soon as others can see it.

    A sync may write the replica between ``restore`` and the end of the publisher's transaction, which neither of
    the two would see. Without a transaction the row is visible now; not before, so ``pre_save`` would be too early.
    """
    if raw:
        return
    course_key, restored_url = str(instance.pk), instance.__dict__.pop(RESTORED, None)

    # A function, not a partial: Django logs what fails here by its name, and fails itself where it has none.
    def republish() -> None:
        repeat_on_conflict(lambda: publishing.republish_if_needed(course_key, restored_url))

    transaction.on_commit(republish, using=using, robust=True)
