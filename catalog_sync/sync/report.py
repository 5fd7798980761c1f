"""What a sync run does, in numbers."""

from __future__ import annotations

from typing import Any

import msgspec


class SyncReport(msgspec.Struct, kw_only=True):
    """What a run has done so far, and at its end what it did. The names are those of ``SyncRun``.

    ``updated``, ``unchanged``, ``removed`` and ``matched`` count course overviews; in a dry run they tell what
    would be written. ``course_runs_retrieved`` counts distinct course runs; ``not_in_catalog`` counts course
    overviews whose run a complete crawl did not list.

    Attributes:
        run_id: the ``SyncRun``; None if none was made.
        status: ``running``, then ``succeeded``, ``incomplete``, ``refused`` or ``failed``; ``disabled`` or
            ``skipped`` if nothing was done.
        duration_seconds: wall time.
        message: what went wrong and the remedy, one sentence; empty if nothing did.
    """

    run_id: int | None
    status: str
    dry_run: bool
    page_size: int
    concurrency: int
    duration_seconds: float = 0.0
    pages: int = 0
    requests: int = 0
    retries: int = 0
    catalog_count: int = 0
    course_runs_retrieved: int = 0
    course_runs_rejected: int = 0
    course_overviews: int = 0
    matched: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    not_in_lms: int = 0
    not_in_catalog: int = 0
    failures: int = 0
    message: str = ""

    @classmethod
    def of_nothing(cls, status: str, message: str, options: Any) -> SyncReport:
        """Return the report of a run that was not begun."""
        return cls(
            run_id=None,
            status=status,
            message=message,
            dry_run=options.dry_run,
            page_size=options.page_size,
            concurrency=options.concurrency,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, by name."""
        return msgspec.structs.asdict(self)

    def of_the_run(self) -> dict[str, Any]:
        """Return what a ``SyncRun`` stores of the report: all but its id."""
        values = self.as_dict()
        del values["run_id"]
        return values
