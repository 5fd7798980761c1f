"""``--dry-run`` reports what the sync would do, and writes nothing."""

from __future__ import annotations

import pytest

from catalog_sync.api import sync_run_changes, update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory, add_course_overviews
from tests.integration.sql import statements

pytestmark = pytest.mark.django_db

# These differ between any two sync runs.
NOT_COMPARED = {"run_id", "dry_run", "duration_seconds", "seconds_per_page", "bypassed_cache", "message"}
ADDED = "course-v1:ExampleX+Added+2026"
LEFT = "course-v1:ExampleX+Left+2026"
CCX = "ccx-v1:ExampleX+Added+2026+ccx@7"
REJECTED = "course-v1:ExampleX+Rejected+2026"


def generated_keys(catalog):
    return [run["key"] for run in catalog.control.runs()]


@pytest.fixture
def never_synced(catalog):
    """Course overviews without a URL, CCX courses too, and one that the Catalog does not list."""
    catalog.control.generate(150)
    add_course_overviews(*generated_keys(catalog)[:100], "course-v1:ExampleX+LmsOnly+2026")


@pytest.fixture
def changed_catalog(catalog):
    """A Catalog in which course runs were added, changed, deleted and made invalid since the last sync."""
    catalog.control.generate(150)
    keys = [key for key in generated_keys(catalog) if not key.startswith("ccx-v1:")]
    catalog.control.upsert([{"key": LEFT}])
    add_course_overviews(*keys[:100], ADDED, CCX, LEFT, REJECTED)
    update_catalog_data()
    catalog.control.delete([LEFT])
    # Not every generated course run is published: these are from now on.
    changed = [
        {"key": key, "status": "published", "marketing_url": f"https://www.example.com/new/{n}"}
        for n, key in enumerate(keys[:30])
    ]
    catalog.control.upsert([*changed, {"key": ADDED}, {"key": REJECTED, "marketing_url": "course/rejected"}])


def numbers(report):
    return {name: value for name, value in report.as_dict().items() if name not in NOT_COMPARED}


def everything_stored():
    models = (CourseOverview, CourseOverview.history.model, CatalogCourseRun)
    return [list(model.objects.order_by("pk").values()) for model in models]


def assert_dry_run_is_like_the_sync(**options):
    before = everything_stored()
    with statements() as sent:
        dry = update_catalog_data(**options, dry_run=True)
    assert sent.writes() == []
    assert everything_stored() == before
    assert dry.dry_run
    assert SyncRun.objects.get(pk=dry.run_id).dry_run
    done = update_catalog_data(**options)
    assert numbers(dry) == numbers(done)
    assert sync_run_changes(dry.run_id) == sync_run_changes(done.run_id) != ()


@pytest.fixture
def synced_by_another_tool(catalog, never_synced):
    """Course overviews with the Catalog's URLs, and one with another URL; nothing is stored."""
    update_catalog_data()
    CatalogCourseRun.objects.all().delete()
    CourseOverview.objects.filter(pk="course-v1:ExampleX+LmsOnly+2026").update(
        marketing_url="https://www.example.com/x"
    )


@pytest.mark.parametrize("lms", ["never_synced", "changed_catalog", "synced_by_another_tool"])
def test_reports_the_numbers_of_the_sync_and_writes_nothing(lms, request):
    request.getfixturevalue(lms)
    assert_dry_run_is_like_the_sync(page_size=50)


@pytest.mark.usefixtures("changed_catalog")
def test_reports_the_numbers_for_single_courses_and_writes_nothing():
    assert_dry_run_is_like_the_sync(course_keys=[ADDED, LEFT, CCX])


@pytest.mark.usefixtures("changed_catalog")
def test_counts_updates_removals_and_rejected_course_runs():
    report = update_catalog_data(dry_run=True)
    assert (report.updated, report.removed, report.course_runs_rejected) == (32, 1, 1)


def test_counts_a_ccx_course_that_gets_the_new_url_of_its_parent_course_run(catalog):
    old, new = "https://www.example.com/old", "https://www.example.com/new"
    add_course_overviews(ADDED, CCX)
    catalog.control.set_runs([{"key": ADDED, "marketing_url": old}, {"key": CCX, "marketing_url": new}])
    update_catalog_data()
    catalog.control.set_runs([{"key": ADDED, "marketing_url": new}, {"key": CCX, "marketing_url": None}])
    assert_dry_run_is_like_the_sync()


def test_counts_no_removal_from_ccx_courses_whose_parent_course_run_is_new_in_the_catalog(catalog):
    CourseOverviewFactory(id=ADDED)
    for number in range(12):
        CourseOverviewFactory(
            id=f"ccx-v1:ExampleX+Added+2026+ccx@{number}", marketing_url="https://www.example.com/x"
        )
    catalog.control.set_runs([{"key": ADDED}])
    assert_dry_run_is_like_the_sync()


def test_first_one_counts_the_urls_that_it_would_write_when_it_limits_removals(catalog):
    """Eleven of 111, if those of the Catalog are counted, and not of eleven."""
    add_course_overviews(*(f"course-v1:ExampleX+C{number}+2026" for number in range(100)))
    for number in range(11):
        key = f"course-v1:LmsX+C{number}+2026"
        CourseOverviewFactory(id=key, marketing_url="https://www.example.com/x")
    catalog.control.set_runs({"key": f"course-v1:ExampleX+C{number}+2026"} for number in range(100))
    assert_dry_run_is_like_the_sync()


def test_first_one_accepts_a_status_that_only_a_new_course_run_has(catalog, settings):
    settings.CATALOG_SYNC_RUN_STATUSES = ["published", "archived"]
    CourseOverviewFactory(id=LEFT, marketing_url="https://www.example.com/x")
    CourseOverviewFactory(id=ADDED)
    catalog.control.set_runs([{"key": ADDED, "status": "archived"}])
    assert_dry_run_is_like_the_sync()
