"""Sync several Catalogs, one after the other; usually there is only one."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport
from catalog_sync.sync.runner import UNEXPECTED_ERROR
from catalog_sync.sync.scopes import run_sync
from catalog_sync.sync.transactions import refuse_outer_transaction

DISABLED = "The sync is disabled in Django admin (Catalog sync configuration). Nothing was done."
NOT_STARTED = "The sync of this Catalog was not started, because the command was stopped. Run it again."


def sync_each(requested: Sequence[SyncOptions], *, distribute: bool, wait: bool) -> SyncReport:
    """Sync each Catalog, even if another one fails; return its report, or the sum of several reports.

    The Catalogs are synced in their order of priority. So if the first Catalog loses a course run, the next one can
    provide its URL in the same command.

    Args:
        requested: the options, one for each Catalog.
        distribute: let Celery workers read the pages.
        wait: with ``distribute``, wait until the workers have finished.

    Raises:
        SyncAlreadyRunning: another sync of one Catalog is running, and none of the others failed.
        RuntimeError: the caller is in a transaction.
    """
    refuse_outer_transaction()
    if len(requested) == 1:
        return _sync(requested[0], distribute, wait)
    reports: list[SyncReport] = []
    already_running = None
    for options in requested:
        if reports and options.should_stop and options.should_stop():
            reports.append(SyncReport.not_started("canceled", NOT_STARTED, options))
            continue
        try:
            reports.append(_sync(options, distribute, wait))
        except SyncAlreadyRunning as error:
            already_running = already_running or error
            reports.append(SyncReport.not_started("skipped", str(error), options))
        except Exception as error:  # a bug, which may depend on the data of one Catalog
            EventLog().exception("unexpected_error", catalog=options.catalog.name, reason=error)
            reports.append(SyncReport.not_started("failed", UNEXPECTED_ERROR, options))
    joined = SyncReport.joined(reports)
    if already_running and joined.is_fine:
        raise SyncAlreadyRunning(joined.message, already_running.scope, joined)
    return joined


def _sync(options: SyncOptions, distribute: bool, wait: bool) -> SyncReport:
    if not CatalogSyncConfig.current(options.catalog.name).enabled:
        EventLog().warning("disabled", catalog=options.catalog.name)
        return SyncReport.not_started("disabled", DISABLED, options)
    try:
        if not distribute:
            return run_sync(options)
        # Imports Celery, which takes about 60 ms.
        from catalog_sync.sync.distributed.coordinator import start_distributed, wait_for_workers

        report = start_distributed(options)
        return wait_for_workers(report, options) if wait and report.status == "running" else report
    except SyncAlreadyRunning as error:
        EventLog().info("skipped", catalog=options.catalog.name, reason=error)
        if not options.changed:
            raise
        return SyncReport.not_started("skipped", str(error), options)
