"""The state of the sync on one page: its health, the next full sync, and the courses."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from django.utils import timezone

from catalog_sync import conf
from catalog_sync.models import SyncRun
from catalog_sync.operations import health
from catalog_sync.store import changes, course_overviews
from catalog_sync.store.sync_runs import full

# The number of full syncs whose intervals show the schedule.
LATEST_RUNS = 6
# So many intervals of about the same length are a schedule, but not those of a few manual syncs.
FEWEST_INTERVALS = 3
LARGEST_DEVIATION = 0.25
SHORTEST_INTERVAL = timedelta(minutes=5).total_seconds()
# Only so many course overviews are counted.
MOST_COUNTED = 100_000


class CatalogState(NamedTuple):
    """The state of one Catalog's sync.

    Attributes:
        catalog: the Catalog's name; empty if it is the only one.
        is_enabled: whether the sync is enabled.
        fault: what is wrong and what to do about it; empty if the sync is healthy.
        warnings: what needs attention although the sync is healthy.
        last_success: the last full sync that succeeded.
        last_full: the last full sync that has ended.
        rejections: the records that are rejected; None if no full sync has read the list.
        next_expected: when the next full sync is expected to start; None if they show no regular schedule.
        stale_at: when the sync becomes stale without another success.
    """

    catalog: str
    is_enabled: bool
    fault: str
    warnings: tuple[health.Notice, ...]
    last_success: SyncRun | None
    last_full: SyncRun | None
    rejections: changes.Rejections | None
    next_expected: datetime | None
    stale_at: datetime | None

    @property
    def was_expected(self) -> bool:
        """Whether the next full sync should have started by now."""
        return self.next_expected is not None and self.next_expected < timezone.now()

    @property
    def is_late(self) -> bool:
        """Whether the schedule is to be checked: not while the last full sync has another problem."""
        return self.was_expected and self.last_full == self.last_success


class CourseCounts(NamedTuple):
    """How many courses the LMS has, and how many of them have a marketing URL.

    Attributes:
        is_complete: whether all courses were counted, not only the first 100,000.
    """

    courses: int
    with_url: int
    is_complete: bool

    @property
    def percent(self) -> float | None:
        """The share of courses with a marketing URL; None if there are no courses."""
        return 100 * self.with_url / self.courses if self.courses else None


class Summary(NamedTuple):
    """One line about the health of the sync: the first fault, or the oldest last success.

    Attributes:
        warnings: what needs attention although the sync is healthy, of all Catalogs.
        is_enabled: whether the sync with the fault is enabled.
        is_new: whether there has never been a sync run.
    """

    fault: str
    warnings: tuple[health.Notice, ...]
    is_enabled: bool
    last_success: datetime | None
    is_new: bool


def states() -> list[CatalogState]:
    """Return the state of each Catalog's sync; a few queries per Catalog, no request."""
    names = [catalog.name for catalog in conf.catalogs()]
    return [_state(name, len(names) > 1) for name in names]


def is_new() -> bool:
    """Return whether there has never been a sync run."""
    return not SyncRun.objects.exists()


def count_courses() -> CourseCounts:
    """Return how many courses have a marketing URL; one query, which reads 100,000 course overviews at most."""
    courses, with_url = course_overviews.count_with_url(MOST_COUNTED + 1)
    return CourseCounts(min(courses, MOST_COUNTED), min(with_url, MOST_COUNTED), courses <= MOST_COUNTED)


def summary() -> Summary:
    """Return the health of the sync in one line; a few queries per Catalog."""
    names = [catalog.name for catalog in conf.catalogs()]
    healths = [health.of_catalog(name) for name in names]
    faults = [_fault(name, values, len(names) > 1) for name, values in zip(names, healths, strict=True)]
    # A fault is worse than a sync that an operator has disabled.
    worst = max(range(len(names)), key=lambda place: (bool(faults[place]), healths[place]["enabled"]))
    ends = [
        datetime.fromisoformat(values["last_success"]["finished"])
        for values in healths
        if values["last_success"]
    ]
    return Summary(
        faults[worst],
        tuple(
            each
            for name, values in zip(names, healths, strict=True)
            for each in health.warnings(name, values)
        ),
        healths[worst]["enabled"],
        min(ends, default=None),
        not any(values["last_full_run"] for values in healths) and is_new(),
    )


def _state(catalog: str, is_one_of_several: bool) -> CatalogState:
    values = health.of_catalog(catalog)
    success, last = values["last_success"], values["last_full_run"]
    runs = SyncRun.objects.defer("log_lines").in_bulk({each["run_id"] for each in (success, last) if each})
    last_success = runs.get(success["run_id"]) if success else None
    finished = last_success.finished if last_success else None
    return CatalogState(
        catalog if is_one_of_several else "",
        values["enabled"],
        _fault(catalog, values, is_one_of_several),
        tuple(health.warnings(catalog, values)),
        last_success,
        runs.get(last["run_id"]) if last else None,
        changes.current_rejections(catalog),
        _next_expected(catalog) if values["enabled"] else None,
        finished + timedelta(hours=conf.stale_after_hours()) if finished else None,
    )


def _fault(catalog: str, values: dict[str, Any], is_one_of_several: bool) -> str:
    values = values | {"stale_after_hours": conf.stale_after_hours()}
    return health.remedy(values | {"catalog": catalog, "catalogs": {}} if is_one_of_several else values)


def _next_expected(catalog: str) -> datetime | None:
    """Return the last start of a full sync, whatever its result, plus the median interval between the latest ones.

    The result is None if the intervals are not regular.
    """
    starts = list(full(catalog).values_list("started", flat=True)[:LATEST_RUNS])
    intervals = [(later - earlier).total_seconds() for later, earlier in pairwise(starts)]
    usual = median(intervals) if intervals else 0
    regular = [each for each in intervals if abs(each - usual) <= LARGEST_DEVIATION * usual]
    if len(regular) < FEWEST_INTERVALS or usual < SHORTEST_INTERVAL:
        return None
    return starts[0] + timedelta(seconds=usual)
