"""The end of a full sync: how many statements it takes with CCX courses, and that they get the right URLs."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from sandbox.catalog.testing import COURSE_RUNS_PATH
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

OVERVIEWS = CourseOverview._meta.db_table
PARENT, OTHER = (f"course-v1:ExampleX+{name}+2026" for name in ("Parent", "Other"))
CCX, SIBLING, OF_OTHER = (
    f"ccx-v1:ExampleX+{name}+2026+ccx@{number}"
    for name, number in (("Parent", 1), ("Parent", 2), ("Other", 3))
)
URL, NEW_URL, OWN_URL = (f"https://www.example.com/{name}" for name in ("one", "new", "own"))


@pytest.fixture
def lms(catalog):
    """An LMS with three CCX courses, and a Catalog with their parent course runs."""
    for key in (PARENT, OTHER, CCX, SIBLING, OF_OTHER):
        CourseOverviewFactory(id=key)
    catalog.control.set_runs({"key": key, "marketing_url": URL} for key in (PARENT, OTHER))


def urls():
    return {str(key): url for key, url in CourseOverview.objects.values_list("id", "marketing_url")}


@pytest.mark.usefixtures("lms", "without_timed_actions")
class TestStatements:
    def after_the_last_page(self):
        """Return the statements of a sync after its only page was written."""
        marks = []
        with statements() as sent:
            update_catalog_data(on_progress=lambda *_: marks.append(len(sent.all())))
        return sent.all()[marks[-1] :]

    @pytest.mark.parametrize("is_first", [True, False])
    def test_ccx_courses_are_read_once(self, is_first):
        if not is_first:
            update_catalog_data()
        sent = self.after_the_last_page()
        of_ccx = [
            sql for sql in sent if sql.startswith("SELECT") and "ccx-v1:%" in sql and "COUNT" not in sql
        ]
        assert len(of_ccx) == 1

    def test_do_not_write_if_nothing_changed(self):
        update_catalog_data()
        sent = self.after_the_last_page()
        # The last statements close the sync run.
        assert (
            [sql for sql in sent if OVERVIEWS in sql and not sql.startswith("SELECT")],
            len(sent) <= 10,
        ) == ([], True)


@pytest.mark.usefixtures("lms")
class TestRemoval:
    """A sync that removes the URL of one course run, with both kinds of writing."""

    @pytest.fixture(autouse=True)
    def synced(self, lms):
        update_catalog_data()
        assert set(urls().values()) == {URL}

    def numbers(self, **options):
        report = update_catalog_data(**options).as_dict()
        return [report[name] for name in ("matched", "updated", "removed", "not_in_catalog")]

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_of_a_parent_course_run_removes_those_of_its_ccx_courses(self, dry_run, catalog):
        catalog.control.delete([PARENT])
        assert self.numbers(dry_run=dry_run) == [2, 0, 3, 3]
        assert urls()[SIBLING] == (URL if dry_run else None)

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_of_a_ccx_course_gives_it_the_url_of_its_parent(self, dry_run, catalog):
        catalog.control.upsert([{"key": CCX, "marketing_url": OWN_URL}])
        update_catalog_data()
        assert urls()[CCX] == OWN_URL
        catalog.control.delete([CCX])
        assert self.numbers(dry_run=dry_run) == [5, 1, 0, 0]
        assert urls()[CCX] == (OWN_URL if dry_run else URL)

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_of_another_course_run_leaves_new_ccx_courses_their_url(self, dry_run, catalog):
        for key in (SIBLING, OF_OTHER):
            CourseOverview.objects.filter(id=key).update(marketing_url=None)
        catalog.control.delete([OTHER])
        assert self.numbers(dry_run=dry_run) == [3, 1, 1, 2]
        assert (urls()[SIBLING], urls()[OF_OTHER]) == (None if dry_run else URL, None)

    def test_is_disproved_by_a_look_up_that_finds_a_new_url(self, catalog):
        rows = [{"key": PARENT, "marketing_url": NEW_URL}, {"key": OTHER, "marketing_url": URL}]
        catalog.control.delete([PARENT])
        page = {"path": COURSE_RUNS_PATH, "params": {"offset": "0"}, "nth": 2}
        catalog.control.fault("mutate", match=page, upsert=rows, before=True)
        assert self.numbers() == [5, 3, 0, 0]
        assert urls() == {PARENT: NEW_URL, CCX: NEW_URL, SIBLING: NEW_URL, OTHER: URL, OF_OTHER: URL}
