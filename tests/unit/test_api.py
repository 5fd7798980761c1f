"""What a host may import."""

from __future__ import annotations

import inspect

import pytest

from catalog_sync import api
from catalog_sync.exceptions import SyncAlreadyRunning
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.sync import SyncReport
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"


class TestSurface:
    """Names that hosts rely on."""

    @pytest.mark.parametrize("name", ["get_lms_link_for_about_page", "update_catalog_data"])
    def test_is_named(self, name):
        assert name in api.__all__

    @pytest.mark.parametrize(
        ("name", "default"),
        [
            ("page_size", None),
            ("concurrency", None),
            ("course_keys", None),
            ("dry_run", False),
            ("allow_removals", False),
            ("on_progress", None),
        ],
    )
    def test_option_has_its_default(self, name, default):
        assert inspect.signature(api.update_catalog_data).parameters[name].default == default

    def test_options_are_given_by_name(self):
        with pytest.raises(TypeError):
            api.update_catalog_data(500)

    def test_link_needs_a_course_overview_only(self):
        row = CourseOverviewFactory(id=KEY, marketing_url="https://www.example.com/one")
        assert api.get_lms_link_for_about_page(row) == "https://www.example.com/one"


class TestReport:
    """What ``update_catalog_data`` returns."""

    @pytest.fixture(autouse=True)
    def runs(self, catalog):
        catalog.control.set_runs([{"key": KEY}, {"key": "course-v1:ExampleX+Other+2026"}])
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id="course-v1:ExampleX+LmsOnly+2026")

    def test_is_a_report(self):
        assert isinstance(api.update_catalog_data(), SyncReport)

    @pytest.mark.parametrize(
        ("name", "number"),
        [
            ("catalog_count", 2),
            ("course_runs_retrieved", 2),
            ("course_runs_rejected", 0),
            ("course_overviews", 2),
            ("matched", 1),
            ("updated", 1),
            ("unchanged", 0),
            ("removed", 0),
            ("not_in_lms", 1),
            ("not_in_catalog", 1),
            ("pages", 1),
            ("requests", 1),
            ("retries", 0),
            ("failures", 0),
        ],
    )
    def test_counts(self, name, number):
        assert getattr(api.update_catalog_data(), name) == number

    def test_is_stored_as_it_is(self):
        report = api.update_catalog_data().as_dict()
        stored = SyncRun.objects.values(*(name for name in report if name != "run_id")).get(
            pk=report["run_id"]
        )
        assert stored | {"run_id": report["run_id"]} == report

    def test_is_stored_as_finished(self):
        api.update_catalog_data()
        assert SyncRun.objects.get().finished

    def test_lease_is_given_back(self):
        api.update_catalog_data()
        assert SyncRun.objects.get().lease is None

    def test_catalog_that_is_not_set_is_a_failure_with_the_remedy(self, settings):
        settings.COURSE_CATALOG_API_URL = None
        assert "set it to" in api.update_catalog_data().message

    def test_failure_is_returned_not_raised(self, settings):
        settings.COURSE_CATALOG_API_URL = None
        assert api.update_catalog_data().status == "failed"


class TestOptions:
    """What is refused, and what stops a run."""

    @pytest.mark.parametrize(
        "options",
        [
            {"page_size": 0},
            {"page_size": 10_001},
            {"concurrency": 0},
            {"concurrency": 17},
            {"course_keys": ["x"]},
            {"course_keys": []},
            {"dry_run": True, "distribute": True},
            {"changed": True, "distribute": True},
        ],
    )
    def test_wrong_usage_is_a_value_error(self, options):
        with pytest.raises(
            ValueError, match=r"must be from|is not a course key|no course key|exclude each other"
        ) as raised:
            api.update_catalog_data(**options)
        assert isinstance(raised.value, api.UsageError)

    def test_course_keys_may_be_course_key_objects(self, catalog):
        row = CourseOverviewFactory(id=KEY)
        row.refresh_from_db()
        catalog.control.set_runs([{"key": KEY}])
        assert api.update_catalog_data(course_keys=[row.id]).updated == 1

    def test_second_sync_at_once_is_refused(self):
        SyncRun.objects.create(lease="default", holder="worker-7")
        with pytest.raises(SyncAlreadyRunning):
            api.update_catalog_data()

    def test_switched_off_does_nothing(self):
        CatalogSyncConfig.objects.create(enabled=False)
        assert api.update_catalog_data().status == "disabled"

    def test_stop_ends_the_run(self, catalog):
        catalog.control.generate(100)
        report = api.update_catalog_data(page_size=20, should_stop=lambda: True)
        assert (report.status, "stopped before its end" in report.message) == ("failed", True)

    def test_what_was_written_before_a_stop_stays(self, catalog):
        catalog.control.generate(100)
        pages = []
        report = api.update_catalog_data(
            page_size=20,
            on_progress=lambda *numbers: pages.append(numbers),
            should_stop=lambda: len(pages) == 2,
        )
        assert report.course_runs_retrieved == 39
