"""A sync writes only what differs, as ``save()`` would: with ``modified``, history, and few statements."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.db.models import F

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.sync import run_changes, writer
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

CHANGED = "course-v1:ExampleX+Changed+2026"
SAME = "course-v1:ExampleX+Same+2026"
LMS_ONLY = "course-v1:ExampleX+LmsOnly+2026"
CCX = "ccx-v1:ExampleX+Changed+2026+ccx@7"
OLD_URL, NEW_URL = "https://www.example.com/old", "https://www.example.com/new"


@pytest.fixture
def changed_catalog(catalog):
    """A synced LMS, and a Catalog that has changed the URL of one course run since."""
    add_course_overviews(CHANGED, SAME, LMS_ONLY, CCX, display_name="Größe", self_paced=True)
    catalog.control.set_runs(
        [{"key": CHANGED, "marketing_url": OLD_URL}, {"key": SAME, "marketing_url": OLD_URL}]
    )
    update_catalog_data()
    catalog.control.upsert([{"key": CHANGED, "marketing_url": NEW_URL}])


def row(key):
    return CourseOverview.objects.filter(pk=key).values().get()


def history(key):
    return CourseOverview.history.filter(id=key).order_by("history_id")


@pytest.mark.parametrize("key", [CHANGED, CCX])
def test_changed_url_is_written_with_modified_and_one_history_row(key, changed_catalog):
    before, rows_before = row(key), history(key).count()
    assert update_catalog_data().updated == 2
    after = row(key)
    assert after["modified"] > before["modified"]
    assert after == before | {"marketing_url": NEW_URL, "modified": after["modified"]}
    assert history(key).count() == rows_before + 1
    kept, newest = history(key).values().last(), history(key).last()
    assert {name: kept[name] for name in after} == after
    assert (newest.history_type, newest.history_change_reason) == ("~", "catalog_sync")
    assert newest.history_date == after["modified"]
    previous = history(key).order_by("-history_id")[1]
    assert set(newest.diff_against(previous).changed_fields) == {"marketing_url"}


def test_unchanged_rows_are_not_written(changed_catalog):
    def unchanged():
        stored = CatalogCourseRun.objects.filter(course_key=SAME).values().get()
        return stored, *([row(key), history(key).count()] for key in (SAME, LMS_ONLY))

    before = unchanged()
    update_catalog_data()
    assert unchanged() == before


def test_host_that_disables_history_gets_urls_without_history(settings, request):
    settings.SIMPLE_HISTORY_ENABLED = False
    request.getfixturevalue("changed_catalog")
    update_catalog_data()
    assert row(CHANGED)["marketing_url"] == NEW_URL
    assert not CourseOverview.history.exists()


def seed(catalog, count):
    """Generate course runs, each with its course overview."""
    catalog.control.generate(count)
    add_course_overviews(*(run["key"] for run in catalog.control.runs()))


def searches_for_unknown_urls(sent):
    return any("NOT EXISTS" in sql or "NOT (EXISTS" in sql for sql in sent.all())


class TestSecondSync:
    """Another sync of the same data."""

    @pytest.mark.parametrize("page_size", [20, 500])
    def test_writes_nothing_and_counts_all_as_unchanged(self, page_size, catalog):
        seed(catalog, 120)
        first = update_catalog_data(page_size=500)
        with statements() as sent:
            report = update_catalog_data(page_size=page_size)
        assert sent.writes() == []
        assert not searches_for_unknown_urls(sent)
        assert (report.updated, report.unchanged) == (0, first.matched) == (0, 120)
        assert SyncRun.objects.get(pk=report.run_id).status == "succeeded"

    def test_removes_a_url_that_no_catalog_provides(self, catalog):
        seed(catalog, 60)
        CourseOverviewFactory(id=LMS_ONLY)
        update_catalog_data()
        CourseOverview.objects.filter(pk=LMS_ONLY).update(marketing_url=OLD_URL)
        with statements() as sent:
            report = update_catalog_data()
        assert (report.removed, searches_for_unknown_urls(sent)) == (1, True)

    def test_page_size_does_not_change_what_is_stored(self, catalog):
        seed(catalog, 120)
        update_catalog_data(page_size=20)
        before = list(CourseOverview.objects.order_by("id").values())
        update_catalog_data(page_size=10_000)
        assert list(CourseOverview.objects.order_by("id").values()) == before


@pytest.mark.parametrize(
    ("longest_wait", "first_pages"),
    [(3600, [0, 0, 0]), (0, [1, 2, 3])],
    ids=["wait for each other", "wait no longer than allowed"],
)
def test_few_changes_per_page_are_collected(longest_wait, first_pages, catalog, monkeypatch):
    monkeypatch.setattr(writer, "MAX_WAIT_SECONDS", longest_wait)
    seed(catalog, 100)
    update_catalog_data()
    keys = sorted(run["key"] for run in catalog.control.runs())
    catalog.control.upsert(
        {"key": key, "marketing_url": NEW_URL, "status": "published"} for key in keys[5:60:20]
    )
    updated, counts = CourseOverview.objects.filter(marketing_url=NEW_URL), []
    update_catalog_data(page_size=20, on_progress=lambda *_: counts.append(updated.count()))
    assert (counts[:3], updated.count()) == (first_pages, 3)


@pytest.mark.usefixtures("changed_catalog", "without_timed_actions")
class TestStatementsAfterTheLastPage:
    """The end of a full sync in an LMS with a CCX course."""

    def after_the_last_page(self):
        """Return the statements of a sync after its only page was written."""
        marks = []
        with statements() as sent:
            update_catalog_data(on_progress=lambda *_: marks.append(len(sent.all())))
        return sent.all()[marks[-1] :]

    def test_read_ccx_courses_once(self):
        sent = self.after_the_last_page()
        of_ccx = [sql for sql in sent if sql.startswith("SELECT") and "ccx-v1:%" in sql]
        assert len([sql for sql in of_ccx if "COUNT" not in sql]) == 1

    def test_write_no_course_overview_and_are_few_if_nothing_changed(self):
        update_catalog_data()
        sent = self.after_the_last_page()
        table = CourseOverview._meta.db_table
        # The last statements close the sync run.
        assert [sql for sql in sent if table in sql and not sql.startswith("SELECT")] == []
        assert len(sent) <= 10


@pytest.mark.usefixtures("without_timed_actions")
@pytest.mark.parametrize(("page_size", "count"), [(20, 300), (500, 2100)])
class TestStatements:
    """The number of statements per page does not depend on the page size."""

    @pytest.fixture(autouse=True)
    def few_changes_are_stored(self, monkeypatch):
        monkeypatch.setattr(run_changes, "MAX_PER_KIND", 100)

    def per_page(self, page_size):
        """Return the number of statements of each page but the first and the last."""
        marks = []
        with statements() as sent:
            update_catalog_data(page_size=page_size, on_progress=lambda *_: marks.append(len(sent.all())))
        return [after - before for before, after in pairwise(marks[:-1])]

    def test_of_changed_unchanged_and_cleared_course_overviews(self, page_size, count, catalog):
        seed(catalog, count)
        # The seventh stores what changed, on the pages with the first hundred changes.
        counts = self.per_page(page_size)
        assert (max(counts) <= 7, counts[-1] <= 6) == (True, True)
        assert set(self.per_page(page_size)) == {1}
        CourseOverview.objects.update(marketing_url=None, modified=F("created"))
        counts = self.per_page(page_size)
        assert (max(counts) <= 6, counts[-1] <= 5) == (True, True)

    def test_of_unchanged_course_runs_some_of_which_the_lms_does_not_have(self, page_size, count, catalog):
        catalog.control.generate(count)
        keys = sorted((run["key"] for run in catalog.control.runs()), key=str.lower)
        add_course_overviews(*keys[::2])
        update_catalog_data()
        assert set(self.per_page(page_size)) == {2}
