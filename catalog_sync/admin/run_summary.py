"""What a sync run did, in one sentence."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog_sync.admin.base import local_time
from catalog_sync.models import SyncRun
from catalog_sync.store import lease

_BEFORE: dict[str, Any] = {
    SyncRun.Status.INCOMPLETE: gettext_lazy("Incomplete."),
    SyncRun.Status.REFUSED: gettext_lazy("Refused to remove marketing URLs."),
    SyncRun.Status.FAILED: gettext_lazy("Failed."),
    SyncRun.Status.CANCELED: gettext_lazy("Canceled."),
    SyncRun.Status.SKIPPED: gettext_lazy("Skipped."),
}


def is_dead(run: Any) -> bool:
    """Return whether the process of a sync run has stopped before its end; one query for a running one."""
    if "is_dead" not in run.__dict__:
        run.is_dead = bool(run.lease) and not lease.alive().filter(pk=run.pk).exists()
    found: bool = run.is_dead
    return found


def state(run: SyncRun) -> tuple[str, str]:
    """Return the status for the style sheet, and its label."""
    if is_dead(run):
        return SyncRun.Status.FAILED, _("dead")
    if run.cancel_requested and run.lease:
        return run.status, _("canceling")
    return run.status, run.get_status_display()


def summary(run: SyncRun) -> str:
    """Return the outcome and the numbers that matter most."""
    if is_dead(run):
        return _(
            "No heartbeat since %(heartbeat)s: the process of this sync run (%(holder)s) has probably died. Its "
            "changes are kept. Start a sync, or wait for the next one: it closes this sync run and applies the rest."
        ) % {"heartbeat": local_time(run.heartbeat), "holder": run.holder}
    if not run.finished:
        return _("Running since %(started)s.") % {"started": local_time(run.started)}
    return f"{_BEFORE.get(run.status, '')} {_numbers(run)}".strip()


def _numbers(run: SyncRun) -> str:
    values = {
        "updated": _count(run.updated),
        "courses": f"{run.course_overviews:,}",
        "seconds": f"{run.duration_seconds:,.1f}",
        "removed": _count(run.removed),
        "rejected": _count(run.course_runs_rejected),
    }
    if not run.course_runs_retrieved and not run.updated and not run.removed:
        return _("It read no course run and changed nothing. It took %(seconds)s s.") % values
    if run.dry_run:
        text = ngettext(
            "Would update %(updated)s of %(courses)s course and remove %(removed)s; rejected %(rejected)s. This "
            "dry run took %(seconds)s s and changed nothing.",
            "Would update %(updated)s of %(courses)s courses and remove %(removed)s; rejected %(rejected)s. This "
            "dry run took %(seconds)s s and changed nothing.",
            run.course_overviews,
        )
    else:
        text = ngettext(
            "Updated %(updated)s of %(courses)s course in %(seconds)s s, removed %(removed)s, rejected %(rejected)s.",
            "Updated %(updated)s of %(courses)s courses in %(seconds)s s, removed %(removed)s, rejected %(rejected)s.",
            run.course_overviews,
        )
    return text % values


def _count(value: int) -> str:
    return f"{value:,}" if value else _("none")
