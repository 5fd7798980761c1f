"""Syncs of one Catalog after the other; nearly always there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.report import SyncReport

NOT_BEGUN = "The command was stopped before this Catalog's sync began; run it again."


def sync_each(asked: Sequence[SyncOptions], sync: Callable[[SyncOptions], SyncReport]) -> SyncReport:
    """Sync each Catalog, whatever becomes of those before it, and return its report, or that of several joined.

    In the order in which they are named: what the first has lost, the next may have in the same command.

    Raises:
        SyncAlreadyRunning: of some Catalog another sync is running; the others were synced, and none of them failed.
    """
    if len(asked) == 1:
        return sync(asked[0])
    reports: list[SyncReport] = []
    held = None
    for options in asked:
        if reports and options.should_stop and options.should_stop():
            reports.append(SyncReport.of_nothing("failed", NOT_BEGUN, options))
            continue
        try:
            reports.append(sync(options))
        except SyncAlreadyRunning as error:
            held = held or error
            reports.append(SyncReport.of_nothing("skipped", str(error), options))
    joined = SyncReport.joined(reports)
    if held and joined.is_fine:
        held.args = (joined.message,)
        raise held
    return joined
