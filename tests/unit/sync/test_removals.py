"""The marketing URLs to remove are found in parts, however many there are, with a heartbeat at each part."""

from __future__ import annotations

import pytest
from django.db import connection

from catalog_sync.api import update_catalog_data
from catalog_sync.catalog_client import CourseRun, Page
from catalog_sync.exceptions import RequestFailed
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store import course_overviews, lease
from catalog_sync.store.sql import CHUNK, in_chunks
from catalog_sync.sync import removal_candidates, removal_limits, removals
from catalog_sync.sync.statistics import newest_stored_id
from tests.factories import add_course_overviews
from tests.unit.sync import sync_runs

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = {f"course-v1:ExampleX+Run{number}+2026" for number in range(5)}
URL = "https://www.example.com/intro"
PART = 2
TWO_CATALOGS = {
    name: {"URL": f"https://{name}.example.com/api/v1", "OAUTH_SETTINGS_PREFIX": None}
    for name in ("default", "partner")
}


class EmptyCatalog:
    """A client of a Catalog that lists nothing, and that may fail after the first batch of look-ups."""

    def __init__(self, batch=100, fails=False):
        self.batch, self.fails = batch, fails

    def look_up(self, course_keys):
        for keys in in_chunks(sorted(course_keys), self.batch):
            yield tuple(keys), Page((), (), 0, 0)
            if self.fails:
                raise RequestFailed("https://c.example.org/", "the Catalog answered HTTP 500", "check it")


@pytest.fixture
def heartbeats(monkeypatch):
    for module in (removals, removal_candidates, course_overviews):
        monkeypatch.setattr(module, "ROWS", PART)
    return []


@pytest.fixture
def opened(heartbeats):
    """Return a function that opens a sync run that has seen nothing, and returns its writer."""

    def open_run(**values):
        writer = sync_runs.opened(**values)._writer()
        writer.statistics.newest_id = newest_stored_id()
        writer.heartbeat = lambda: heartbeats.append(1)
        return writer

    return open_run


def record():
    CatalogCourseRun.objects.bulk_create(CatalogCourseRun(course_key=key, marketing_url=URL) for key in KEYS)


def show():
    add_course_overviews(*KEYS, marketing_url=URL)


@pytest.mark.parametrize("place", [record, show], ids=["not listed", "provided by no Catalog"])
def test_candidates_are_found(place, opened, heartbeats):
    place()
    assert removal_candidates.find_candidates(opened()).keys == KEYS
    assert len(heartbeats) >= len(KEYS) / PART


class TestManyCourseRuns:
    """A page with all course runs was written, and then a page with some of them."""

    @pytest.fixture
    def keys(self):
        keys = [f"course-v1:ExampleX+Run{number}+2026" for number in range(300)]
        add_course_overviews(*keys)
        return keys

    @pytest.fixture
    def writer(self, keys, opened, heartbeats):
        writer = opened()
        self.write(writer, keys)
        writer.statistics.newest_id = newest_stored_id()
        heartbeats.clear()
        return writer

    def write(self, writer, keys):
        runs = tuple(CourseRun(key=key, status="published", marketing_url=URL) for key in keys)
        writer.write_page(Page(runs, (), 0, len(keys)))

    def test_nothing_is_searched_if_all_are_confirmed(self, writer, keys, heartbeats):
        self.write(writer, keys)
        assert (removal_candidates.find_candidates(writer).keys, heartbeats) == (set(), [])

    def test_only_one_that_was_not_read_is_found(self, writer, keys):
        self.write(writer, keys[:-1])
        assert removal_candidates.only_unread(writer) == keys[-1]


def test_ccx_courses_are_searched_with_a_heartbeat_per_part(opened, heartbeats):
    add_course_overviews(*(f"ccx-v1:ExampleX+Run0+2026+ccx@{number}" for number in range(CHUNK + 1)))
    removal_candidates.find_candidates(opened())
    assert len(heartbeats) == 2


def test_urls_to_remove_are_counted(opened, heartbeats):
    record()
    show()
    found = removal_candidates.find_candidates(opened())
    assert (found.removals.keys(), len(heartbeats) >= 2 * len(KEYS) / PART) == (KEYS, True)


def test_limit_is_a_share_of_the_urls_of_that_catalog(opened, heartbeats, settings):
    settings.CATALOG_SYNC_CATALOGS = TWO_CATALOGS
    record()
    show()
    with pytest.raises(removal_limits.Refused, match=f"of {len(KEYS)} marketing URLs"):
        removal_limits.check_removal_limit(opened(), removal_limits.ALWAYS_ALLOWED + 1, 10)
    assert len(heartbeats) >= len(KEYS) / PART


@pytest.mark.parametrize(("rejected", "is_advised"), [(0, False), (145, False), (146, True), (1_200, True)])
def test_what_to_check_is_before_how_to_allow_the_removals(rejected, is_advised, opened):
    add_course_overviews(
        *(f"course-v1:ExampleX+M{number:04}+2026" for number in range(1_500)), marketing_url=URL
    )
    writer = opened()
    writer.report.course_runs_rejected = rejected
    check = (
        f" First check why {rejected:,} course runs were rejected (event=catalog_sync.course_runs_rejected). The cause "
        "may be a setting of this LMS, such as CATALOG_SYNC_MARKETING_URL_HOSTS."
    )
    with pytest.raises(removal_limits.Refused) as raised:
        removal_limits.check_removal_limit(writer, 1_451, 10)
    assert str(raised.value) == (
        "Refused to remove 1,451 of 1,500 marketing URLs (more than 10 %), so none was removed. The Catalog's list "
        f"may be incomplete.{check if is_advised else ''} If the courses are missing in the Catalog, too, choose "
        "Allow these removals in Django admin, or run the command again with --allow-removals."
    )


def test_dry_run_has_no_button_that_allows_the_removals(opened):
    add_course_overviews(*(f"course-v1:ExampleX+M{number}+2026" for number in range(20)), marketing_url=URL)
    with pytest.raises(removal_limits.Refused, match=r"too, run the command again with --allow-removals\.$"):
        removal_limits.check_removal_limit(opened(dry_run=True), 20, 10)


def test_urls_that_the_look_up_confirms_are_removed(opened, heartbeats):
    record()
    show()
    writer = opened()
    assert removals.look_up_and_apply(EmptyCatalog(), writer, KEYS, None) == KEYS
    assert (writer.report.removed, len(heartbeats) >= len(KEYS) / PART) == (len(KEYS), True)


@pytest.mark.parametrize("dry_run", [False, True])
def test_ccx_course_is_removed_once_if_its_parent_course_run_is_in_another_batch(dry_run, opened, settings):
    settings.CATALOG_SYNC_CATALOGS = TWO_CATALOGS
    key, ccx = "course-v1:ExampleX+Run0+2026", "ccx-v1:ExampleX+Run0+2026+ccx@1"
    record()
    add_course_overviews(key, ccx, marketing_url=URL)
    writer = opened()
    writer.dry_run = dry_run
    removals.look_up_and_apply(EmptyCatalog(batch=1), writer, {key, ccx}, None)
    assert writer.report.removed == 2


def test_look_ups_before_a_failed_one_are_applied(opened):
    record()
    show()
    writer = opened()
    with pytest.raises(RequestFailed):
        removals.look_up_and_apply(EmptyCatalog(batch=2, fails=True), writer, KEYS, None)
    assert writer.report.removed == 2


def test_canceled_sync_run_stops_the_search(monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 0)
    record()
    writer = sync_runs.opened()._writer()
    writer.statistics.newest_id = newest_stored_id()
    SyncRun.objects.update(cancel_requested=True)
    with pytest.raises(lease.Canceled):
        removal_candidates.find_candidates(writer)


class StatementsWithoutHeartbeat:
    """Counts the statements of a sync run between two moments at which it can be stopped."""

    def __init__(self):
        self.most = self.number = 0

    def should_stop(self):
        self.number = 0
        return False

    def count(self, execute, sql, *rest):
        self.number += 1
        self.most = max(self.most, self.number)
        return execute(sql, *rest)


@pytest.mark.parametrize("dry_run", [False, True])
def test_long_search_can_be_stopped_at_each_part(dry_run, catalog, heartbeats):
    runs, names = range(60), ("Run", "Other")
    keys, others = ([f"course-v1:ExampleX+{name}{run}+2026" for run in runs] for name in names)
    ccx = [f"ccx-v1:ExampleX+Run{run}+2026+ccx@1" for run in runs]
    catalog.control.set_runs({"key": key, "marketing_url": URL} for key in keys)
    add_course_overviews(*keys, *ccx)
    update_catalog_data()
    add_course_overviews(*others, marketing_url=URL)  # set by another tool
    catalog.control.delete(keys)
    statements = StatementsWithoutHeartbeat()
    with connection.execute_wrapper(statements.count):
        report = update_catalog_data(allow_removals=True, dry_run=dry_run, should_stop=statements.should_stop)
    assert report.removed == 3 * len(runs)
    assert statements.most < len(runs) / PART, f"{statements.most} statements without a heartbeat"
