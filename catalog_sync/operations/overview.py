"""The state of the sync on one page: its health, the next full sync, and the courses."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from django.utils import timezone

from catalog_sync import conf
from catalog_sync.models import SyncRun
from catalog_sync.operations.health import CatalogHealth, Notice, of_each_catalog
from catalog_sync.store import course_overviews
from catalog_sync.store.sync_runs import full_syncs

# The number of full syncs whose intervals show the schedule.
LATEST_RUNS = 6
# So many intervals of about the same length are a schedule, but not those of a few manual syncs.
MIN_INTERVALS = 3
MAX_DEVIATION = 0.25
MIN_INTERVAL_SECONDS = 5 * 60
# At most this number of course overviews is counted.
MAX_COUNTED = 100_000


class CatalogState(NamedTuple):
    """The health of one Catalog's sync, and when the next full sync is due.

    Attributes:
        health: the health.
        next_expected: when the next full sync is expected to start; None if they show no regular schedule.
        stale_at: when the sync becomes stale without another success.
    """

    health: CatalogHealth
    next_expected: datetime | None
    stale_at: datetime | None

    @property
    def was_expected(self) -> bool:
        """Whether the next full sync should have started by now."""
        return self.next_expected is not None and self.next_expected < timezone.now()

    @property
    def is_late(self) -> bool:
        """Whether to check the schedule: the next full sync is late, although the last one succeeded."""
        return self.was_expected and self.health.last_full == self.health.last_success


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
    warnings: list[Notice]
    is_enabled: bool
    last_success: datetime | None
    is_new: bool


def states() -> list[CatalogState]:
    """Return the state of each Catalog's sync; a few queries per Catalog, no request."""
    return [_state(each) for each in of_each_catalog()]


def _state(health: CatalogHealth) -> CatalogState:
    finished = health.last_success and health.last_success.finished
    return CatalogState(
        health,
        _next_expected(health.catalog) if health.is_enabled else None,
        finished + timedelta(hours=conf.stale_after_hours()) if finished else None,
    )


def is_new() -> bool:
    """Return whether there has never been a sync run."""
    return not SyncRun.objects.exists()


def count_courses() -> CourseCounts:
    """Return how many courses have a marketing URL; one query, which reads 100,000 course overviews at most."""
    courses, with_url = course_overviews.count_with_url(MAX_COUNTED + 1)
    return CourseCounts(min(courses, MAX_COUNTED), min(with_url, MAX_COUNTED), courses <= MAX_COUNTED)


def summary() -> Summary:
    """Return the health of the sync in one line; a few queries per Catalog."""
    catalogs = of_each_catalog()
    # A fault is worse than a sync that an operator has disabled.
    worst = max(catalogs, key=lambda each: (bool(each.fault), each.is_enabled))
    ends = [each.last_success.finished for each in catalogs if each.last_success]
    return Summary(
        worst.fault,
        [warning for each in catalogs for warning in each.warnings],
        worst.is_enabled,
        min(filter(None, ends), default=None),
        not any(each.last_full for each in catalogs) and is_new(),
    )


def _next_expected(catalog: str) -> datetime | None:
    """Return the last start of a full sync, whatever its result, plus the median interval between the latest ones.

    The result is None if the intervals are not regular.
    """
    starts = list(full_syncs(catalog).values_list("started", flat=True)[:LATEST_RUNS])
    intervals = [(later - earlier).total_seconds() for later, earlier in pairwise(starts)]
    usual = median(intervals) if intervals else 0
    regular = [each for each in intervals if abs(each - usual) <= MAX_DEVIATION * usual]
    if len(regular) < MIN_INTERVALS or usual < MIN_INTERVAL_SECONDS:
        return None
    return starts[0] + timedelta(seconds=usual)
