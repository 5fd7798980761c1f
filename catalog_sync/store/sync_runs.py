"""The stored sync runs: what earlier ones found, and which are deleted."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet, Sum
from django.utils import timezone

from catalog_sync.models import MAX_KEEP_RUNS_DAYS, SyncRun, SyncRunChange
from catalog_sync.store import course_runs
from catalog_sync.store.sql import CHUNK, in_chunks

# A sync that starts at the same time each day may start a moment earlier than the day before.
_SHARE_OF_BYPASS_HOURS = 0.95
_READ_THE_LIST = (SyncRun.Status.SUCCEEDED, SyncRun.Status.INCOMPLETE, SyncRun.Status.REFUSED)


def full_syncs(catalog: str) -> QuerySet[SyncRun]:
    """Return a Catalog's full sync runs, newest first, without dry runs; their log lines are read only if needed."""
    runs = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL, dry_run=False)
    return runs.defer("log_lines").order_by("-pk")


def ended_full_syncs(catalog: str) -> QuerySet[SyncRun]:
    """Return those of ``full_syncs`` that are not running."""
    return full_syncs(catalog).filter(finished__isnull=False)


def full_syncs_that_read_the_list(catalog: str) -> QuerySet[SyncRun]:
    """Return those of ``full_syncs`` that ended and were neither failed nor canceled."""
    return full_syncs(catalog).filter(status__in=_READ_THE_LIST)


def successful_full_syncs(catalog: str) -> QuerySet[SyncRun]:
    """Return those of ``full_syncs`` that succeeded."""
    return full_syncs(catalog).filter(status=SyncRun.Status.SUCCEEDED)


def catalog_size(catalog: str) -> int:
    """Return how many course runs the Catalog listed at the last full sync, or else how many are stored."""
    # Dry runs included.
    runs = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL, catalog_count__gt=0)
    counts = runs.order_by("-pk").values_list("catalog_count", flat=True)
    return counts.first() or course_runs.count(catalog)


def must_bypass_cache(catalog: str, hours: int) -> bool:
    """Return whether a full sync must bypass the Catalog's cache; 0 hours: never.

    It must if no full sync has bypassed it for this many hours, or if single courses were synced since the last one
    that has: the cache may have older values of these.
    """
    if not hours:
        return False
    since = timezone.now() - timedelta(hours=_SHARE_OF_BYPASS_HOURS * hours)
    last = (
        successful_full_syncs(catalog)
        .filter(bypassed_cache=True, started__gte=since)
        .values_list("pk", flat=True)
        .first()
    )
    if last is None:
        return True
    courses = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.COURSE_KEYS, dry_run=False)
    return courses.filter(pk__gt=last).exists()


def cache_generation(catalog: str) -> str:
    """Return a text that changes with each full sync that bypasses the Catalog's cache; empty if there was none.

    With it in their addresses, later full syncs get replies that the Catalog has cached since, and no older ones.
    """
    runs = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL, bypassed_cache=True)
    latest = runs.order_by("-pk").values_list("pk", "started").first()
    # Also the time, since another LMS may have a sync run with this number.
    return f"{latest[0]}.{latest[1]:%Y%m%d%H%M%S%f}" if latest else ""


def requests_of_last_hour(catalog: str) -> int:
    """Return how many requests were sent by sync runs that ended within the last hour, dry runs included."""
    ended = SyncRun.objects.filter(catalog=catalog, finished__gte=timezone.now() - timedelta(hours=1))
    return ended.aggregate(requests=Sum("requests"))["requests"] or 0


def prune(catalog: str, keep_days: int) -> None:
    """Delete a Catalog's older sync runs, but never its last successful full sync; 0 days: delete none."""
    if not keep_days:
        return
    last = successful_full_syncs(catalog).values_list("pk", flat=True).first()
    # A configuration that was saved before the form had a limit may exceed it.
    kept_since = timezone.now() - timedelta(days=min(keep_days, MAX_KEEP_RUNS_DAYS))
    old = SyncRun.objects.filter(catalog=catalog, started__lt=kept_since, lease=None)
    _delete(old.exclude(pk=last or 0))


def delete_idle_incremental_runs(catalog: str, run_id: int, status: SyncRun.Status) -> None:
    """Delete the Catalog's incremental sync runs before this one that changed nothing and ended with its status.

    With one per minute, the full syncs would be hard to find in Django admin.
    """
    idle = SyncRun.objects.filter(
        catalog=catalog, scope=SyncRun.Scope.CHANGED, status=status, updated=0, removed=0, pk__lt=run_id
    )
    if status == SyncRun.Status.SUCCEEDED:
        # No later incremental sync reads the records that one of these rejected.
        idle = idle.filter(course_runs_rejected=0)
    _delete(idle)


def _delete(runs: QuerySet[SyncRun]) -> None:
    """Delete sync runs and their changes. No statement deletes many rows, because a sync run may have thousands."""
    for run_ids in in_chunks(runs.values_list("pk", flat=True)):
        changes = SyncRunChange.objects.filter(sync_run__in=run_ids).order_by("pk")
        while change_ids := list(changes.values_list("pk", flat=True)[:CHUNK]):
            SyncRunChange.objects.filter(pk__in=change_ids).delete()
        SyncRun.objects.filter(pk__in=run_ids).only("pk").delete()
