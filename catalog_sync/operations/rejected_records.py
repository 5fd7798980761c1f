"""The records that a Catalog still has and the sync still rejects, according to the stored sync runs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog_sync import conf
from catalog_sync.models import CatalogCourseRun, SyncRunChange
from catalog_sync.store.changes import runs_with_changes
from catalog_sync.store.sql import in_chunks


class RejectedRecord(NamedTuple):
    """A record that the last sync run that read the course run rejected.

    Attributes:
        run_id: the sync run.
        finished: its end; None: it is running.
        value: the rejected marketing URL; may be empty.
        reason: why it was rejected.
    """

    run_id: int
    finished: datetime | None
    value: str
    reason: str

    @property
    def details(self) -> str:
        """The reason and the rejected value."""
        return ", ".join(filter(None, (self.reason, self.value)))

    @property
    def sentence(self) -> str:
        """Which sync run rejected the record, and why."""
        text = _("Sync run %(id)s rejected the Catalog's record (%(reason)s).")
        return text % {"id": self.run_id, "reason": self.details}


def rejected_records(catalog: str, course_keys: Collection[str] | None = None) -> dict[str, RejectedRecord]:
    """Return a Catalog's rejected records by course key.

    A sync run stores at most 1,000 of them, and only the newest sync runs are considered.

    Args:
        catalog: the name of the Catalog.
        course_keys: only of these course runs; None: of all.
    """
    # The index finds the changes by sync run.
    changes = SyncRunChange.objects.filter(sync_run__in=runs_with_changes(catalog))
    if course_keys is not None:
        changes = changes.filter(course_key__in=course_keys)
    found: dict[str, RejectedRecord] = {}
    rows = changes.order_by("sync_run").values_list(
        "course_key", "kind", "sync_run", "sync_run__finished", "new", "reason"
    )
    for key, kind, run_id, finished, value, reason in rows:
        if kind == SyncRunChange.Kind.REJECTED:
            found[key] = RejectedRecord(run_id, finished, value or "", reason)
        # A sync run may also change or remove the URL of a course run whose record it rejects.
        elif key in found and found[key].run_id != run_id:
            del found[key]
    for key in _stored_since(catalog, found):
        del found[key]
    return found


def is_rejected() -> Q:
    """Return the condition that the record of a stored course run is rejected."""
    condition = Q(pk__in=[])
    for name in conf.catalog_names():
        condition |= Q(catalog=name, course_key__in=list(rejected_records(name)))
    return condition


def _stored_since(catalog: str, rejected: dict[str, RejectedRecord]) -> list[str]:
    """Return the course keys of which a later sync run stored another record, or accepted the stored one again."""
    found = []
    for some in in_chunks(rejected):
        stored = CatalogCourseRun.objects.filter(catalog=catalog, course_key__in=some)
        for key, modified in stored.values_list("course_key", "modified"):
            finished = rejected[key].finished
            if finished is not None and modified > finished:
                found.append(key)
    return found
