"""Store the rejected records of a sync run, log those that are new, and sum up all of them by reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from catalog_sync.event_log import EventLog
from catalog_sync.store.changes import Change, rejected_earlier
from catalog_sync.store.course_runs import StoredCourseRun
from catalog_sync.sync.changeset import Rejected
from catalog_sync.sync.run_changes import Kind, RunChanges

MAX_EXAMPLES = 5


class RejectedForReason(msgspec.Struct):
    """How many records were rejected for one reason, and the course keys of a few of them."""

    count: int = 0
    examples: list[str] = msgspec.field(default_factory=list)

    def add(self, count: int, examples: Iterable[str]) -> None:
        """Count some more."""
        self.count += count
        self.examples = [*self.examples, *filter(None, examples)][:MAX_EXAMPLES]


# By reason.
Summary = dict[str, RejectedForReason]


def join_summaries(summary: Summary, other: Summary) -> None:
    """Add another summary to the first one."""
    for reason, each in other.items():
        summary.setdefault(reason, RejectedForReason()).add(each.count, each.examples)


def log_summary(summary: Summary, log: EventLog) -> None:
    """Log one line per reason."""
    for reason, each in sorted(summary.items()):
        log.warning("course_runs_rejected", reason=reason, count=each.count, examples=" ".join(each.examples))


@dataclass
class Rejections:
    """Stores the rejected records of one sync run, logs those that are new, and sums up all."""

    catalog: str
    log: EventLog
    changes: RunChanges
    summary: Summary

    def add(self, rejected: Iterable[Rejected], stored: Mapping[str, StoredCourseRun]) -> None:
        """Add records that were rejected for the first time in this sync run; ``stored`` is what is stored for them."""
        for each in rejected:
            self.summary.setdefault(each.reason, RejectedForReason()).add(1, [each.key])
            row = stored.get(each.key)
            old = row.data.marketing_url if row else None
            for change in self.changes.add(Kind.REJECTED, [(each.key, old, each.url, each.reason)]):
                if self._is_new(change):
                    # Not a warning: the summary is one, and hundreds more would hide all other warnings.
                    self.log.info("course_run_rejected", course_key=change.course_key, reason=change.reason)

    def _is_new(self, change: Change) -> bool:
        return self._earlier is not None and change.identity not in self._earlier

    @cached_property
    def _earlier(self) -> frozenset[str] | None:
        return rejected_earlier(self.catalog)
