"""The stored sync runs: what earlier ones found, and which are deleted."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from catalog_sync.models import MAX_KEEP_RUNS_DAYS, SyncRun
from catalog_sync.store import course_runs


def catalog_size(catalog: str) -> int:
    """Return how many course runs the Catalog listed at the last full sync, or else how many are stored."""
    full = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL)
    counts = full.filter(catalog_count__gt=0).order_by("-pk")
    return counts.values_list("catalog_count", flat=True).first() or course_runs.count(catalog)


def prune(keep_days: int, catalog: str) -> None:
    """Delete a Catalog's older sync runs, but never its last successful full sync; 0 days: delete none."""
    if not keep_days:
        return
    runs = SyncRun.objects.filter(catalog=catalog)
    full = runs.filter(scope=SyncRun.Scope.ALL, status=SyncRun.Status.SUCCEEDED, dry_run=False)
    last = full.order_by("-pk").values_list("pk", flat=True).first()
    # A configuration that was saved before the form had a limit may exceed it.
    kept_since = timezone.now() - timedelta(days=min(keep_days, MAX_KEEP_RUNS_DAYS))
    old = runs.filter(started__lt=kept_since, lease=None)
    old.exclude(pk=last or 0).delete()


def delete_idle_incremental_runs(run_id: int, catalog: str, status: SyncRun.Status) -> None:
    """Delete the Catalog's earlier incremental sync runs that changed nothing and ended with this status.

    With one per minute, the full syncs would be hard to find in Django admin.
    """
    SyncRun.objects.filter(
        catalog=catalog,
        scope=SyncRun.Scope.CHANGED,
        status=status,
        updated=0,
        removed=0,
        pk__lt=run_id,
    ).delete()
