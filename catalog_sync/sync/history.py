"""How long the sync runs stay listed."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from catalog_sync.models import MAX_KEEP_RUNS_DAYS, SyncRun


def prune(keep_days: int, catalog: str) -> None:
    """Delete a Catalog's older sync runs, but never the last full one that succeeded; 0 days: delete none."""
    if not keep_days:
        return
    runs = SyncRun.objects.filter(catalog=catalog)
    full = runs.filter(scope=SyncRun.Scope.ALL, status=SyncRun.Status.SUCCEEDED, dry_run=False)
    last = full.order_by("-pk").values_list("pk", flat=True).first()
    # A row that is older than the form's limit may hold more.
    kept_since = timezone.now() - timedelta(days=min(keep_days, MAX_KEEP_RUNS_DAYS))
    old = runs.filter(started__lt=kept_since, lease=None)
    old.exclude(pk=last or 0).delete()
