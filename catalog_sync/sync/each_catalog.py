"""Sync several Catalogs, one after the other; usually there is only one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport

NOT_STARTED = "The sync of this Catalog was not started, because the command was stopped. Run it again."


def sync_each(requested: Sequence[SyncOptions], sync: Callable[[SyncOptions], SyncReport]) -> SyncReport:
    """Sync each Catalog, even if another one fails; return its report, or the sum of several reports.

    The Catalogs are synced in their order of priority. So if the first Catalog loses a course run, the next one can
    provide its URL in the same command.

    Raises:
        SyncAlreadyRunning: another sync of one Catalog is running, and none of the others failed.
    """
    if len(requested) == 1:
        return sync(requested[0])
    reports: list[SyncReport] = []
    already_running = None
    for options in requested:
        if reports and options.should_stop and options.should_stop():
            reports.append(SyncReport.of_nothing("failed", NOT_STARTED, options))
            continue
        try:
            reports.append(sync(options))
        except SyncAlreadyRunning as error:
            already_running = already_running or error
            reports.append(SyncReport.of_nothing("skipped", str(error), options))
    joined = SyncReport.joined(reports)
    if already_running and joined.is_fine:
        already_running.args = (joined.message,)
        raise already_running
    return joined
