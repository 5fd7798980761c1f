"""The changes that a sync run stores for people: which courses it changed, removed or rejected."""

from __future__ import annotations

from typing import NamedTuple

from catalog_sync.models import SyncRunChange

# A first sync changes every course; further changes are only counted.
MOST_PER_KIND = 1_000


class Change(NamedTuple):
    """What a sync run did to one course, or would have done.

    Attributes:
        kind: a value of ``SyncRunChange.Kind``.
        old: the marketing URL before; None: there was none.
        new: the marketing URL after, or the rejected one; None: there is none.
        reason: why it was removed or rejected, or which other values changed; may be empty.
    """

    course_key: str
    kind: str
    old: str | None
    new: str | None
    reason: str


def read(run_id: int) -> list[Change]:
    """Return the stored changes of a sync run, by kind and course key."""
    rows = SyncRunChange.objects.filter(sync_run_id=run_id).order_by("kind", "course_key")
    return [Change(*values) for values in rows.values_list(*Change._fields)]
