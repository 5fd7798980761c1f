"""The changes that a sync run stores for people: which courses it changed, removed or rejected."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db.models import Q, Subquery
from django.utils import timezone

from catalog_sync.course_keys import MAX_COURSE_KEY_LENGTH
from catalog_sync.marketing_urls import MAX_MARKETING_URL_LENGTH
from catalog_sync.models import CatalogCourseRun, SyncRun, SyncRunChange
from catalog_sync.store import text as texts
from catalog_sync.store.sql import in_chunks, upsert
from catalog_sync.store.sync_runs import full_syncs_that_read_the_list, successful_full_syncs

# A first sync changes every course; further changes are only counted.
MAX_PER_KIND = 1_000
# How many sync runs are searched for a rejected record.
MAX_RUNS = 50
# The beginning of the reason of a removal that the sync run refused. Its kind is that of other removals.
REFUSED = "refused: "


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

    @property
    def identity(self) -> str:
        """What identifies a rejected record in the next sync run: its course key, or the reason if it has no key."""
        return self.course_key or self.reason

    @property
    def shown_kind(self) -> str:
        """The kind for people: ``refused`` instead of ``removed`` if the sync run refused the removal."""
        is_refused = self.kind == SyncRunChange.Kind.REMOVED and self.reason.startswith(REFUSED)
        return "refused" if is_refused else self.kind

    @property
    def cause(self) -> str:
        """The reason, without the prefix ``REFUSED``."""
        return self.reason.removeprefix(REFUSED)


def read(run_id: int) -> list[Change]:
    """Return the stored changes of a sync run, by kind and course key."""
    rows = SyncRunChange.objects.filter(sync_run_id=run_id).order_by("kind", "course_key")
    return [Change(*values) for values in rows.values_list(*Change._fields)]


def record(run_id: int, changes: Sequence[Change]) -> None:
    """Store changes of a sync run; one statement."""
    if changes:
        upsert(SyncRunChange, Change._fields, changes, constants={"sync_run_id": run_id})


def storable(change: Change) -> Change:
    """Return the change with texts that every database can store: a rejected record may contain any text."""
    return Change(
        _text(change.course_key, MAX_COURSE_KEY_LENGTH),
        change.kind,
        change.old and _text(change.old),
        change.new and _text(change.new),
        _text(change.reason),
    )


def _text(text: str, max_length: int = MAX_MARKETING_URL_LENGTH) -> str:
    text = text[:max_length]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return str(texts.storable(text))


def rejected_earlier(catalog: str) -> frozenset[str] | None:
    """Return the identities of the records that the Catalog's last full sync rejected; one query.

    The result is None if the sync may have rejected more records than it stored.
    """
    last = full_syncs_that_read_the_list(catalog).values("pk")[:1]
    rows = SyncRunChange.objects.filter(kind=SyncRunChange.Kind.REJECTED, sync_run_id=Subquery(last))
    found = [Change(*values).identity for values in rows.values_list(*Change._fields)]
    return frozenset(found) if len(found) < MAX_PER_KIND else None


class RejectionCount(NamedTuple):
    """How many records the Catalog's last full sync rejected.

    Attributes:
        run_id: the last full sync that has read the list.
        number: how many records it rejected, without those that a later sync run has accepted.
    """

    run_id: int
    number: int


def current_rejections(catalog: str) -> RejectionCount | None:
    """Return how many records are rejected; None: no full sync has read the list; at most two queries."""
    runs = full_syncs_that_read_the_list(catalog)
    last = runs.values_list("pk", "course_runs_rejected", "finished").first()
    if last is None:
        return None
    run_id, number, finished = last
    if number and finished:
        rejected = SyncRunChange.objects.filter(sync_run=run_id, kind=SyncRunChange.Kind.REJECTED)
        stored = CatalogCourseRun.objects.filter(catalog=catalog, modified__gt=finished)
        number = max(0, number - stored.filter(course_key__in=rejected.values("course_key")).count())
    return RejectionCount(run_id, number)


def runs_with_changes(catalog: str) -> list[int]:
    """Return the Catalog's newest sync runs with changes, from its last successful full sync on."""
    since = successful_full_syncs(catalog).values_list("pk", flat=True).first() or 0
    runs = SyncRun.objects.filter(catalog=catalog, dry_run=False, pk__gte=since)
    with_changes = runs.filter(Q(course_runs_rejected__gt=0) | Q(updated__gt=0) | Q(removed__gt=0))
    return list(with_changes.order_by("-pk").values_list("pk", flat=True)[:MAX_RUNS])


def end_rejections(catalog: str, accepted: Collection[str]) -> None:
    """Set ``modified`` of the stored course runs whose record was rejected before, which ends the rejection.

    Args:
        catalog: the name of the Catalog.
        accepted: the course keys whose records a look-up has just accepted.
    """
    run_ids = runs_with_changes(catalog) if accepted else []
    if not run_ids:
        return
    rejected = SyncRunChange.objects.filter(sync_run__in=run_ids, kind=SyncRunChange.Kind.REJECTED)
    for some in in_chunks(accepted):
        if keys := set(rejected.filter(course_key__in=some).values_list("course_key", flat=True)):
            stored = CatalogCourseRun.objects.filter(catalog=catalog, course_key__in=keys)
            stored.update(modified=timezone.now())
