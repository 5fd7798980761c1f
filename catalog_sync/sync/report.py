"""The numbers of a sync run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from catalog_sync.conf import DEFAULT_CATALOG

if TYPE_CHECKING:
    from catalog_sync.sync.options import SyncOptions

# The values that a sync run has from its start.
SETTINGS = ("catalog", "dry_run", "page_size", "concurrency", "bypassed_cache")
# With several Catalogs, the report has the largest of these numbers, and the sum of each other one.
NOT_SUMMED = ("page_size", "concurrency", "seconds_per_page", "course_overviews")
WORST_FIRST = (
    *("failed", "refused", "incomplete", "canceled"),
    *("running", "succeeded", "skipped", "disabled"),
)


class SyncReport(msgspec.Struct, kw_only=True):
    """What a sync run has done so far. The names are those of ``SyncRun``.

    If a sync run only looks up course keys, ``catalog_count`` and ``course_overviews`` count only those.

    Attributes:
        run_id: the ``SyncRun``; None if there is none.
        status: ``running``, then ``succeeded``, ``incomplete``, ``refused``, ``failed`` or ``canceled``; ``disabled``
            or ``skipped`` if nothing was done.
        catalog: the Catalog's name; the names of several are separated by commas.
        bypassed_cache: whether the Catalog's reply cache was bypassed.
        duration_seconds: wall time.
        seconds_per_page: the median time of the requests for the list, failed ones included.
        course_runs_retrieved: distinct course runs.
        course_runs_rejected: records that were not applied because of an invalid key, URL or other value.
        matched: course overviews with a course run in the Catalog.
        updated: course overviews that were changed or, in a dry run, would be. The same applies to ``removed``.
        unchanged: matched course overviews that were neither updated nor lost their marketing URL.
        removed: course overviews that lost their marketing URL.
        removals_refused: course overviews whose marketing URL the sync run refused to remove.
        not_in_catalog: course overviews whose course run the Catalog does not list.
        in_other_catalogs: course runs for which another Catalog has a usable marketing URL, too.
        of_other_orgs: course runs that were ignored, because their organization is not in this Catalog's ``ORGS``.
        failures: how many times something could not be read or applied.
        message: what went wrong and the remedy, or a warning; empty if there is nothing to report.
        catalogs: the report of each Catalog, if this one is the sum of several; otherwise empty.
    """

    run_id: int | None
    status: str
    dry_run: bool
    page_size: int
    concurrency: int
    catalog: str = DEFAULT_CATALOG
    bypassed_cache: bool = False
    duration_seconds: float = 0.0
    seconds_per_page: float = 0.0
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
    removals_refused: int = 0
    not_in_lms: int = 0
    not_in_catalog: int = 0
    in_other_catalogs: int = 0
    of_other_orgs: int = 0
    failures: int = 0
    message: str = ""
    catalogs: list[SyncReport] = []

    @classmethod
    def not_started(cls, status: str, message: str, options: SyncOptions) -> SyncReport:
        """Return the report of a sync run that was not started."""
        return cls(
            run_id=None,
            status=status,
            message=message,
            dry_run=options.dry_run,
            page_size=options.page_size,
            concurrency=options.concurrency,
            catalog=options.catalog.name,
        )

    @classmethod
    def joined(cls, reports: Sequence[SyncReport]) -> SyncReport:
        """Return the sum of the reports of several Catalogs, with the worst of their statuses and its message first."""
        worst_first = sorted(reports, key=lambda each: WORST_FIRST.index(each.status))
        return cls(
            run_id=None,
            status=worst_first[0].status,
            dry_run=reports[0].dry_run,
            catalog=",".join(each.catalog for each in reports),
            bypassed_cache=any(each.bypassed_cache for each in reports),
            message=" ".join(f"{each.catalog}: {each.message}" for each in worst_first if each.message),
            catalogs=list(reports),
            **{name: _joined(name, [getattr(each, name) for each in reports]) for name in NUMBERS},
        )

    @property
    def is_fine(self) -> bool:
        """Whether nothing has gone wrong so far."""
        return self.status in ("succeeded", "running", "skipped", "disabled")

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values; ``catalogs`` only if there are several."""
        values = msgspec.structs.asdict(self)
        if self.catalogs:
            return values | {"catalogs": [each.as_dict() for each in self.catalogs]}
        del values["catalogs"]
        return values

    def stored_values(self) -> dict[str, Any]:
        """Return the values that a ``SyncRun`` stores: all but its id."""
        values = self.as_dict()
        del values["run_id"]
        return values


NUMBERS = [each.name for each in msgspec.structs.fields(SyncReport) if each.type in (int, float)]


def _joined(name: str, values: Sequence[float]) -> Any:
    return max(values) if name in NOT_SUMMED else round(sum(values), 3)
