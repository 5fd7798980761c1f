"""``dry_run``: the same numbers as the real run, and not a row changed."""

from __future__ import annotations

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

# What differs from run to run by nature.
OF_THE_RUN = {"run_id", "dry_run", "duration_seconds", "status", "message"}
ADDED = "course-v1:ExampleX+Added+2026"
GONE = "course-v1:ExampleX+Gone+2026"
CCX = "ccx-v1:ExampleX+Added+2026+ccx@7"
REJECTED = "course-v1:ExampleX+Rejected+2026"


def generated_keys(catalog):
    return [run["key"] for run in catalog.control.runs()]


@pytest.fixture
def empty_replica(catalog):
    """An LMS that never saw its Catalog: course overviews without URL, CCX too, and one that it lacks."""
    catalog.control.generate(150)
    for key in [*generated_keys(catalog)[:100], "course-v1:ExampleX+LmsOnly+2026"]:
        CourseOverviewFactory(id=key)


@pytest.fixture
def moved_on(catalog):
    """A Catalog that has moved on since the last sync: runs added, changed, gone and spoiled."""
    catalog.control.generate(150)
    keys = [key for key in generated_keys(catalog) if not key.startswith("ccx-v1:")]
    catalog.control.upsert([{"key": GONE}])
    for key in [*keys[:100], ADDED, CCX, GONE, REJECTED]:
        CourseOverviewFactory(id=key)
    update_catalog_data()
    catalog.control.delete([GONE])
    # Not every made-up run is published: these are from now on.
    changed = [
        {"key": key, "status": "published", "marketing_url": f"https://www.example.com/new/{n}"}
        for n, key in enumerate(keys[:30])
    ]
    catalog.control.upsert([*changed, {"key": ADDED}, {"key": REJECTED, "marketing_url": "course/rejected"}])


def numbers(report):
    return {name: value for name, value in report.as_dict().items() if name not in OF_THE_RUN}


def everything_stored():
    models = (CourseOverview, CourseOverview.history.model, CatalogCourseRun)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("page_size", [20, 500])
@pytest.mark.parametrize("lms", ["empty_replica", "moved_on"])
class TestDryRun:
    """Before a first sync, and before one that adds, changes, removes and rejects."""

    @pytest.fixture(autouse=True)
    def set_up(self, lms, request):
        request.getfixturevalue(lms)

    def test_reports_the_numbers_of_the_real_run(self, page_size):
        dry = update_catalog_data(page_size=page_size, dry_run=True)
        assert numbers(dry) == numbers(update_catalog_data(page_size=page_size))

    def test_reports_the_status_of_the_real_run(self, page_size):
        dry = update_catalog_data(page_size=page_size, dry_run=True)
        assert dry.status == update_catalog_data(page_size=page_size).status

    def test_says_that_it_was_one(self, page_size):
        assert update_catalog_data(page_size=page_size, dry_run=True).dry_run

    def test_sends_no_write(self, page_size):
        with statements() as sent:
            update_catalog_data(page_size=page_size, dry_run=True)
        assert sent.writes() == []

    def test_changes_no_row(self, page_size):
        before = everything_stored()
        update_catalog_data(page_size=page_size, dry_run=True)
        assert everything_stored() == before

    def test_is_in_the_history_of_syncs(self, page_size):
        report = update_catalog_data(page_size=page_size, dry_run=True)
        assert SyncRun.objects.get(pk=report.run_id).dry_run


class TestNumbers:
    """That there is something to report at all."""

    @pytest.mark.parametrize(
        ("name", "number"), [("updated", 32), ("removed", 1), ("course_runs_rejected", 1)]
    )
    def test_of_a_catalog_that_moved_on(self, name, number, moved_on):
        assert getattr(update_catalog_data(dry_run=True), name) == number


def test_refusal_to_shrink_is_reported(catalog):
    keys = [f"course-v1:ExampleX+C{n}+2026" for n in range(20)]
    for key in keys:
        CourseOverviewFactory(id=key)
    catalog.control.set_runs({"key": key} for key in keys)
    update_catalog_data()
    catalog.control.set_runs([])
    assert update_catalog_data(dry_run=True).status == "refused"


def test_of_single_courses_reports_the_numbers_of_the_real_run(moved_on):
    dry = update_catalog_data(course_keys=[ADDED, GONE, CCX], dry_run=True)
    assert numbers(dry) == numbers(update_catalog_data(course_keys=[ADDED, GONE, CCX]))


def test_of_single_courses_sends_no_write(moved_on):
    with statements() as sent:
        update_catalog_data(course_keys=[ADDED, GONE, CCX], dry_run=True)
    assert sent.writes() == []
