"""What a sync run has read is counted once, and confirmed only if nothing is to be removed."""

from __future__ import annotations

import pytest

from catalog_sync.event_log import EventLog
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun, StoredData
from catalog_sync.store.difference import Difference
from catalog_sync.sync import SyncReport
from catalog_sync.sync.changeset import Changeset, Rejected
from catalog_sync.sync.statistics import Conflict, Statistics, conflicts
from tests.factories import CourseOverviewFactory

KEYS = [f"course-v1:ExampleX+C{number}+2026" for number in range(6)]
KEY, OTHER = KEYS[:2]
DATA = CatalogData("published", "https://www.example.com/course")
NO_URL = CatalogData("published")
# The newest row before the sync run.
NEWEST = 10


def new_statistics() -> Statistics:
    report = SyncReport(run_id=1, status="running", dry_run=False, page_size=20, concurrency=1)
    return Statistics(report, EventLog(1), dry_run=False, newest_id=NEWEST)


def stored(row_id, catalog="default", data=DATA) -> StoredCourseRun:
    return StoredCourseRun(row_id, catalog, data)


def test_course_run_of_the_previous_partition_is_not_counted():
    statistics = new_statistics()
    statistics.leave_to_previous(KEY)
    statistics.count([KEY], {KEY: stored(1)}, Difference([], [], [], {}, {}))
    assert statistics.report.course_runs_retrieved == 0


@pytest.mark.django_db
def test_course_runs_that_two_partitions_counted_are_subtracted():
    rows = [CatalogCourseRun.objects.create(course_key=key) for key in KEYS[:3]]
    CourseOverviewFactory(id=KEY)
    statistics = new_statistics()
    report = statistics.report
    report.course_runs_retrieved, report.matched, report.not_in_lms = 9, 5, 4
    statistics.uncount_duplicates([row.pk for row in rows])
    assert (report.course_runs_retrieved, report.matched, report.not_in_lms) == (6, 4, 2)


@pytest.mark.parametrize(
    ("row_id", "seen"), [(2, False), (3, True), (NEWEST, False), (NEWEST + 1, True), (None, True)]
)
def test_course_run_is_seen_if_it_was_counted_or_was_not_stored_before(row_id, seen):
    statistics = new_statistics()
    statistics.seen.add(3)
    assert statistics.has_seen(row_id and stored(row_id)) is seen


def test_ignored_course_run_on_overlapping_pages_is_counted_once():
    statistics = new_statistics()
    statistics.leave_to_previous(KEYS[4])
    for some in (KEYS[:3], KEYS[2:5]):
        statistics.count_of_other_orgs(frozenset(some))
    assert statistics.report.of_other_orgs == 4


def test_stored_course_runs_are_confirmed_except_those_that_the_sync_run_inserted():
    statistics, rows = new_statistics(), {KEY: stored(1), OTHER: stored(NEWEST), KEYS[2]: stored(NEWEST + 1)}
    statistics.confirm([*rows, "not stored"], rows)
    assert [row.id in statistics.confirmed for row in rows.values()] == [True, True, False]
    assert len(statistics.confirmed) == 2


@pytest.mark.parametrize(
    ("catalog", "rows", "data", "is_confirmed", "is_found"),
    [
        ("beta", [stored(1, "alpha")], DATA, True, True),
        ("alpha", [stored(1, "beta")], DATA, True, True),
        ("beta", [stored(1, "alpha"), stored(2, "beta")], DATA, True, True),
        ("beta", [stored(1, "alpha", NO_URL)], DATA, True, False),
        ("beta", [stored(1, "alpha")], NO_URL, True, False),
        ("beta", [stored(1, "alpha")], DATA, False, False),
        ("beta", [stored(1, "former")], DATA, True, False),
    ],
)
def test_conflict_needs_a_url_of_two_named_catalogs(catalog, rows, data, is_confirmed, is_found, settings):
    address = {"URL": "https://discovery.example.com/api/v1"}
    settings.CATALOG_SYNC_CATALOGS = {"alpha": address, "beta": address}
    changeset = Changeset(data={KEY: data}, confirmed={KEY} if is_confirmed else set())
    found = conflicts(changeset, StoredData({KEY: rows}, {}), catalog)
    assert found == ({KEY: Conflict("beta", "alpha")} if is_found else {})


def test_each_rejected_record_without_a_key_is_counted():
    records = [Rejected("", "bad"), Rejected("", "bad")]
    assert new_statistics().count_rejected(records) == records


def test_few_course_runs_in_two_catalogs_are_logged_and_all_are_counted(caplog):
    caplog.set_level("INFO")
    statistics = new_statistics()
    keys = [f"course-v1:OrgX+C{number}+2026" for number in range(250)]
    for page in (keys[:90], keys[90:]):
        statistics.count_conflicts(dict.fromkeys(page, Conflict("partner", "default")))
    assert caplog.text.count("event=catalog_sync.course_run_in_two_catalogs ") == 100
    assert statistics.report.in_other_catalogs == 250
