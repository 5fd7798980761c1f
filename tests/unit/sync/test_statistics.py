"""What a sync run has read is counted once, and confirmed only if nothing is to be removed."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.event_log import EventLog
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun, StoredData
from catalog_sync.store.difference import Difference
from catalog_sync.sync import SyncReport
from catalog_sync.sync.changeset import Changeset, Rejected
from catalog_sync.sync.statistics import Conflict, Statistics, conflicts, newest_id
from tests.factories import CourseOverviewFactory

KEYS = [f"course-v1:ExampleX+C{number}+2026" for number in range(6)]
KEY, OTHER = KEYS[:2]
DATA = CatalogData("published", "https://www.example.com/course")
# The newest row before the sync run.
NEWEST = 10


def new_statistics(*, dry_run=False) -> Statistics:
    report = SyncReport(run_id=1, status="running", dry_run=dry_run, page_size=20, concurrency=1)
    return Statistics(report, EventLog(1), dry_run, newest_id=NEWEST)


def stored(row_id, catalog="default", data=DATA) -> StoredCourseRun:
    return StoredCourseRun(row_id, catalog, data)


def difference(seen=(), with_url=()) -> Difference:
    return Difference(list(seen), [], list(with_url), {}, {})


@pytest.mark.django_db
def test_newest_id_without_stored_course_runs_is_0():
    assert newest_id() == 0


def test_pages_are_counted_one_by_one():
    statistics = new_statistics()
    for count in (30, 31):
        statistics.count_page(Page((CourseRun(KEY),), (), 1, count))
    assert (statistics.report.pages, statistics.report.catalog_count) == (2, 31)


class TestCount:
    """Course runs that were not on an earlier page of the sync run."""

    def test_is_of_those_in_the_lms_and_of_those_that_are_not(self):
        statistics = new_statistics()
        statistics.count(KEYS[:3], {}, difference(seen=[KEY, OTHER], with_url=[KEY]))
        report = statistics.report
        counted = (report.course_runs_retrieved, report.matched, report.not_in_lms, statistics.with_url)
        assert counted == (3, 2, 1, 1)

    @pytest.mark.parametrize("row_id", [1, NEWEST])
    def test_stored_course_run_is_counted_once(self, row_id):
        statistics, rows = new_statistics(), {KEY: stored(row_id)}
        assert [statistics.count([KEY], rows, difference()) for _ in range(2)] == [{KEY}, set()]

    def test_course_run_that_this_sync_run_inserted_is_not_counted_again(self):
        assert new_statistics().count([KEY], {KEY: stored(NEWEST + 1)}, difference()) == set()

    def test_dry_run_counts_a_course_run_once(self):
        statistics = new_statistics(dry_run=True)
        assert [statistics.count([KEY], {}, difference()) for _ in range(2)] == [{KEY}, set()]

    def test_course_run_of_the_previous_partition_is_not_counted(self):
        statistics = new_statistics()
        statistics.leave_to_previous(KEY)
        assert statistics.count([KEY], {KEY: stored(1)}, difference()) == set()


@pytest.mark.django_db
def test_course_runs_that_two_partitions_counted_are_subtracted():
    rows = [CatalogCourseRun.objects.create(course_key=key) for key in KEYS[:3]]
    CourseOverviewFactory(id=KEY)
    statistics = new_statistics()
    report = statistics.report
    report.course_runs_retrieved, report.matched, report.not_in_lms = 9, 5, 4
    statistics.uncount_duplicates([row.pk for row in rows])
    assert (report.course_runs_retrieved, report.matched, report.not_in_lms) == (6, 4, 2)


class TestHasSeen:
    """Whether the sync run has seen the course run of a row."""

    @pytest.fixture
    def statistics(self):
        statistics = new_statistics()
        statistics.seen.add(3)
        return statistics

    def test_course_run_without_a_row_is_seen(self, statistics):
        assert statistics.has_seen(None)

    @pytest.mark.parametrize(("row_id", "seen"), [(2, False), (3, True), (NEWEST, False), (NEWEST + 1, True)])
    def test_stored_course_run_is_seen_if_it_was_counted(self, statistics, row_id, seen):
        assert statistics.has_seen(stored(row_id)) is seen


def test_ignored_course_run_on_overlapping_pages_is_counted_once():
    statistics = new_statistics()
    statistics.leave_to_previous(KEYS[4])
    for some in (KEYS[:3], KEYS[2:5]):
        statistics.count_of_other_orgs(frozenset(some))
    assert statistics.report.of_other_orgs == 4


class TestConfirm:
    """From which stored course runs nothing is to be removed."""

    def confirmed(self, rows):
        statistics = new_statistics()
        statistics.confirm([*rows, "not stored"], rows)
        return [row.id for row in rows.values() if row.id in statistics.confirmed]

    def test_older_ones_are(self):
        assert self.confirmed({KEY: stored(1), OTHER: stored(NEWEST)}) == [1, NEWEST]

    def test_those_that_the_sync_run_inserted_need_not_be(self):
        assert self.confirmed({KEY: stored(NEWEST + 1)}) == []


class TestConflicts:
    """Course runs for which several named Catalogs have a marketing URL."""

    @pytest.fixture(autouse=True)
    def named(self, settings):
        address = {"URL": "https://discovery.example.com/api/v1"}
        settings.CATALOG_SYNC_CATALOGS = {"alpha": address, "beta": address}

    def found(self, catalog, *rows, data=DATA, confirmed=True):
        changeset = Changeset(data={KEY: data}, confirmed={KEY} if confirmed else set())
        return conflicts(changeset, StoredData({KEY: list(rows)}, {}), catalog)

    @pytest.mark.parametrize(("catalog", "other"), [("beta", "alpha"), ("alpha", "beta")])
    def test_keep_the_first_named(self, catalog, other):
        assert self.found(catalog, stored(1, other)) == {KEY: Conflict("beta", "alpha")}

    def test_are_the_same_if_the_catalog_has_a_row_already(self):
        rows = (stored(1, "alpha"), stored(2, "beta"))
        assert self.found("beta", *rows) == {KEY: Conflict("beta", "alpha")}

    def test_need_a_url_of_the_other(self):
        assert self.found("beta", stored(1, "alpha", CatalogData("published"))) == {}

    def test_need_a_url_of_the_catalog_itself(self):
        assert self.found("beta", stored(1, "alpha"), data=CatalogData("published")) == {}

    def test_need_a_url_that_the_page_has(self):
        assert self.found("beta", stored(1, "alpha"), confirmed=False) == {}

    def test_do_not_count_a_catalog_that_is_not_named_any_more(self):
        assert self.found("beta", stored(1, "former")) == {}


class TestRejected:
    """Rejected records are counted once, and returned the first time."""

    def test_each_course_key_counts_once(self):
        statistics, first, second = new_statistics(), Rejected(KEY, "bad"), Rejected(OTHER, "bad")
        assert [statistics.count_rejected(some) for some in ([first], [first, second])] == [[first], [second]]
        assert statistics.report.course_runs_rejected == 2

    def test_each_record_without_a_key_counts(self):
        records = [Rejected("", "bad"), Rejected("", "bad")]
        assert new_statistics().count_rejected(records) == records

    def test_record_of_the_previous_partition_does_not_count(self):
        statistics = new_statistics()
        statistics.leave_to_previous(KEY)
        assert statistics.count_rejected([Rejected(KEY, "bad")]) == []


def test_course_run_in_two_catalogs_is_logged_once(caplog):
    caplog.set_level("INFO")
    statistics = new_statistics()
    for _ in range(2):
        statistics.count_conflicts({KEY: Conflict("partner", "default")})
    [line] = [line for line in caplog.messages if "event=catalog_sync.course_run_in_two_catalogs " in line]
    assert line.endswith(f"course_key={KEY} catalog=partner kept=default")
    assert statistics.report.in_other_catalogs == 1


def test_few_course_runs_in_two_catalogs_are_logged_and_all_are_counted(caplog):
    caplog.set_level("INFO")
    statistics = new_statistics()
    keys = [f"course-v1:OrgX+C{number}+2026" for number in range(250)]
    for page in (keys[:90], keys[90:]):
        statistics.count_conflicts(dict.fromkeys(page, Conflict("partner", "default")))
    assert caplog.text.count("event=catalog_sync.course_run_in_two_catalogs ") == 100
    assert statistics.report.in_other_catalogs == 250
