"""What a run has met: counted once, and settled only where nothing can be lost."""

from __future__ import annotations

import pytest

from catalog_sync.catalog_client import CourseRun, Page, RejectedRecord
from catalog_sync.conf import Catalog
from catalog_sync.event_log import EventLog
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store.course_overviews import Difference
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.sync import SyncReport
from catalog_sync.sync.changeset import Changeset
from catalog_sync.sync.ownership import Conflict, Ownership
from catalog_sync.sync.statistics import Statistics, newest_id
from tests.factories import CourseOverviewFactory

KEYS = [f"course-v1:ExampleX+C{number}+2026" for number in range(6)]
KEY, OTHER = KEYS[:2]
HELD = CatalogData("published", "https://www.example.com/course")
PIN = "https://www.example.com/pinned"
# The newest row before the run.
NEWEST = 10


def tally_of(catalog="default", *others, dry_run=False) -> Statistics:
    report = SyncReport(run_id=1, status="running", dry_run=dry_run, page_size=20, concurrency=1)
    ownership = Ownership(Catalog(catalog), tuple(map(Catalog, others)))
    return Statistics(ownership, report, EventLog(1), dry_run, newest_id=NEWEST)


def stored(row_id, catalog="default", held=HELD, pinned_url=None) -> StoredCourseRun:
    return StoredCourseRun(row_id, held, pinned_url, catalog)


def difference(seen=(), with_url=()) -> Difference:
    return Difference(list(seen), [], list(with_url))


@pytest.mark.django_db
def test_empty_replica_has_no_newest_row():
    assert newest_id() == 0


def test_pages_are_counted_one_by_one():
    statistics = tally_of()
    for count in (30, 31):
        statistics.count_page(Page((CourseRun(KEY),), (), 1, count))
    assert (statistics.report.pages, statistics.report.catalog_count) == (2, 31)


class TestCount:
    """Course runs that are met for the first time."""

    def test_is_of_those_in_the_lms_and_of_those_that_are_not(self):
        statistics = tally_of()
        statistics.count(KEYS[:3], {}, difference(seen=[KEY, OTHER], with_url=[KEY]))
        report = statistics.report
        counted = (report.course_runs_retrieved, report.matched, report.not_in_lms, statistics.with_url)
        assert counted == (3, 2, 1, 1)

    @pytest.mark.parametrize("row_id", [1, NEWEST])
    def test_of_an_older_row_is_once(self, row_id):
        statistics, rows = tally_of(), {KEY: stored(row_id)}
        assert [statistics.count([KEY], rows, difference()) for _ in range(2)] == [{KEY}, set()]

    @pytest.mark.parametrize("row_id", [1, NEWEST])
    def test_of_an_older_row_for_a_pin_alone_is_once(self, row_id):
        statistics, rows = tally_of(), {KEY: stored(row_id, held=CatalogData(), pinned_url=PIN)}
        assert [statistics.count([KEY], rows, difference()) for _ in range(2)] == [{KEY}, set()]

    def test_of_a_row_that_the_run_has_inserted_is_none(self):
        assert tally_of().count([KEY], {KEY: stored(NEWEST + 1)}, difference()) == set()

    def test_of_a_row_that_was_pinned_meanwhile_is_once(self):
        pinned = {KEY: stored(NEWEST + 1, held=CatalogData(), pinned_url=PIN)}
        assert tally_of().count([KEY], pinned, difference()) == {KEY}

    def test_of_what_another_catalog_has_inserted_is_once(self):
        statistics, rows = tally_of("default", "partner"), {KEY: stored(NEWEST + 1, "partner")}
        assert [statistics.count([KEY], rows, difference()) for _ in range(2)] == [{KEY}, set()]

    def test_in_a_dry_run_is_once_though_no_row_tells(self):
        statistics = tally_of(dry_run=True)
        assert [statistics.count([KEY], {}, difference()) for _ in range(2)] == [{KEY}, set()]

    def test_is_left_to_the_stretch_before(self):
        statistics = tally_of()
        statistics.leave_to_previous(KEY)
        assert statistics.count([KEY], {KEY: stored(1)}, difference()) == set()


@pytest.mark.django_db
def test_what_two_stretches_have_counted_is_taken_off():
    rows = [CatalogCourseRun.objects.create(course_key=key) for key in KEYS[:3]]
    CourseOverviewFactory(id=KEY)
    statistics = tally_of()
    report = statistics.report
    report.course_runs_retrieved, report.matched, report.not_in_lms = 9, 5, 4
    statistics.uncount_duplicates([row.pk for row in rows])
    assert (report.course_runs_retrieved, report.matched, report.not_in_lms) == (6, 4, 2)


class TestHasMet:
    """Whether the run has met the course run of a row."""

    @pytest.fixture
    def statistics(self):
        statistics = tally_of("default", "partner")
        statistics.seen.add(3)
        return statistics

    def test_without_a_row_it_has(self, statistics):
        assert statistics.has_seen(None)

    @pytest.mark.parametrize(("row_id", "seen"), [(2, False), (3, True), (NEWEST, False), (NEWEST + 1, True)])
    def test_of_an_older_row_it_has_if_it_was_counted(self, statistics, row_id, seen):
        assert statistics.has_seen(stored(row_id)) is seen

    @pytest.mark.parametrize("row_id", [3, NEWEST + 1])
    def test_of_another_catalog_it_has_not(self, statistics, row_id):
        assert not statistics.has_seen(stored(row_id, "partner"))


def test_course_runs_of_other_organizations_are_counted_once_where_windows_overlap():
    statistics = tally_of()
    statistics.leave_to_previous(KEYS[4])
    for some in (KEYS[:3], KEYS[2:5]):
        statistics.count_of_other_orgs(frozenset(some))
    assert statistics.report.of_other_orgs == 4


class TestSettle:
    """Of which rows nothing is to be taken away."""

    def confirmed(self, statistics, rows, changeset=None):
        statistics.settle(list(rows), changeset or Changeset(), rows)
        return [row.id for row in rows.values() if row.id in statistics.confirmed]

    def test_older_rows_are(self):
        rows = {KEY: stored(1), OTHER: stored(NEWEST)}
        assert self.confirmed(tally_of(), rows) == [1, NEWEST]

    def test_rows_of_the_run_itself_need_not_be(self):
        assert self.confirmed(tally_of(), {KEY: stored(NEWEST + 1)}) == []

    def test_without_a_row_there_is_nothing(self):
        statistics = tally_of()
        statistics.settle([KEY, OTHER], Changeset(), {OTHER: stored(1)})
        assert 1 in statistics.confirmed

    @pytest.mark.parametrize("held", [{}, {KEY: CatalogData()}], ids=["unheard of", "nothing said"])
    def test_row_for_a_pin_alone_is_not(self, held):
        rows = {KEY: stored(1, held=CatalogData(), pinned_url=PIN)}
        assert self.confirmed(tally_of(), rows, Changeset(held=held)) == []

    @pytest.mark.parametrize("held", [HELD, CatalogData("", PIN)], ids=["with a status", "without"])
    def test_row_that_was_for_a_pin_alone_is(self, held):
        rows = {KEY: stored(1, held=CatalogData(), pinned_url=PIN)}
        assert self.confirmed(tally_of(), rows, Changeset(held={KEY: held})) == [1]

    def test_row_that_was_for_a_pin_alone_is_not_in_a_dry_run(self):
        rows = {KEY: stored(1, held=CatalogData(), pinned_url=PIN)}
        assert self.confirmed(tally_of(dry_run=True), rows, Changeset(held={KEY: HELD})) == []

    def test_those_of_another_catalog_are_not(self):
        rows = {KEY: stored(1, "partner"), OTHER: stored(2)}
        assert self.confirmed(tally_of("default", "partner"), rows) == [2]

    @pytest.mark.parametrize(("dry_run", "ids"), [(False, [1]), (True, [])])
    def test_those_that_are_taken_over_are(self, dry_run, ids):
        rows, changeset = {KEY: stored(1, "partner")}, Changeset(changes={KEY: HELD})
        assert self.confirmed(tally_of("default", "partner", dry_run=dry_run), rows, changeset) == ids


class TestFaults:
    """What could not be applied, and what two Catalogs have."""

    def events(self, caplog, name):
        return [line for line in caplog.messages if line.startswith(f"event=catalog_sync.{name} ")]

    def test_rejected_records_are_counted_once_each(self, caplog):
        statistics = tally_of()
        first, second = RejectedRecord(KEY, "bad"), RejectedRecord(OTHER, "bad")
        statistics.count_faults(Changeset(rejected=[first]))
        statistics.count_faults(Changeset(rejected=[first, second]))
        assert (statistics.report.course_runs_rejected, len(self.events(caplog, "course_run_rejected"))) == (
            2,
            2,
        )

    def test_rejected_records_without_a_key_are_told_apart(self):
        statistics = tally_of()
        statistics.count_faults(Changeset(rejected=[RejectedRecord("", "bad"), RejectedRecord("", "bad")]))
        assert statistics.report.course_runs_rejected == 2

    def test_rejected_record_is_left_to_the_stretch_before(self):
        statistics = tally_of()
        statistics.leave_to_previous(KEY)
        statistics.count_faults(Changeset(rejected=[RejectedRecord(KEY, "bad")]))
        assert statistics.report.course_runs_rejected == 0

    def test_what_two_catalogs_have_is_told_once(self, caplog):
        caplog.set_level("INFO")
        statistics = tally_of("default", "partner")
        for _ in range(2):
            statistics.count_faults(Changeset(conflicts={KEY: Conflict("partner", "default")}))
        [line] = self.events(caplog, "course_run_in_two_catalogs")
        assert line.endswith(f"course_key={KEY} catalog=partner kept=default")
        assert statistics.report.in_other_catalogs == 1
