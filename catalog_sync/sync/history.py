"""How long the sync runs stay listed."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from catalog_sync.models import SyncRun


def prune(keep_days: int) -> None:
    """Delete the sync runs that are older, but never the last full one that succeeded; 0 days: delete none."""
    if not keep_days:
        return
    full = SyncRun.objects.filter(
        scope=SyncRun.Scope.ALL, status=SyncRun.Status.SUCCEEDED, dry_run=False
    ).order_by("-pk")
    last = full.values_list("pk", flat=True).first()
    old = SyncRun.objects.filter(started__lt=timezone.now() - timedelta(days=keep_days), lease=None)
    old.exclude(pk=last or 0).delete()
