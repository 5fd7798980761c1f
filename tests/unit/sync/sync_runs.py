"""Sync runs that a test opens itself, to run a part of one."""

from __future__ import annotations

import msgspec

from catalog_sync import conf
from catalog_sync.models import SyncRun
from catalog_sync.sync.distributed.coordinator import join_and_close, take_partition
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.runner import Run


def opened(**options) -> Run:
    """Open a sync run of the first Catalog."""
    return Run.open(SyncOptions.of(conf.catalogs()[0], **options))


def stored(run: Run) -> SyncRun:
    return SyncRun.objects.get(pk=run.lease.run_id)


def read(*partitions):
    """Read partitions as Celery tasks do, and return their outcomes."""
    return [take_partition(msgspec.to_builtins(partition)) for partition in partitions]


def concluded(run: Run, outcomes, allow_removals=False) -> SyncRun:
    """Conclude a sync run as the last Celery task does, and return its row."""
    join_and_close(outcomes, run.lease.run_id, allow_removals=allow_removals)
    return stored(run)
