"""The Python API of a sync: its options, its report, and the messages about invalid arguments."""

from __future__ import annotations

import inspect
import re

import pytest

from catalog_sync import api
from catalog_sync.models import CatalogSyncConfig, SyncRun
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEY = "course-v1:ExampleX+One+2026"
PAGE_SIZE = "page_size must be between 1 and 10,000, or 'auto' (got {})."
CONCURRENCY = "concurrency must be between 1 and 16 (got {})."
EXCLUSIVE = "Use only one of course_keys, changed and distribute."


class TestSurface:
    """Names that hosts rely on."""

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
    def test_option_has_its_default_and_is_given_by_name(self, name, default):
        parameter = inspect.signature(api.update_catalog_data).parameters[name]
        assert (parameter.default, parameter.kind) == (default, parameter.KEYWORD_ONLY)

    def test_each_name_exists(self):
        assert {"get_lms_link_for_about_page", "update_catalog_data"} <= set(api.__all__)
        assert all(hasattr(api, name) for name in api.__all__)

    def test_link_needs_only_a_course_overview(self):
        row = CourseOverviewFactory(id=KEY, marketing_url="https://www.example.com/one")
        assert api.get_lms_link_for_about_page(row) == "https://www.example.com/one"


class TestReport:
    """What ``update_catalog_data`` returns and stores."""

    def test_has_the_numbers_of_the_sync_and_is_stored(self, catalog):
        catalog.control.set_runs([{"key": KEY}, {"key": "course-v1:ExampleX+Other+2026"}])
        CourseOverviewFactory(id=KEY)
        CourseOverviewFactory(id="course-v1:ExampleX+LmsOnly+2026")
        report = api.update_catalog_data().as_dict()
        expected = {
            "catalog_count": 2,
            "course_runs_retrieved": 2,
            "course_runs_rejected": 0,
            "course_overviews": 2,
            "matched": 1,
            "updated": 1,
            "unchanged": 0,
            "removed": 0,
            "not_in_lms": 1,
            "not_in_catalog": 1,
            "pages": 1,
            "requests": 1,
            "retries": 0,
            "failures": 0,
        }
        assert {name: report[name] for name in expected} == expected
        [stored] = SyncRun.objects.values()
        assert {name: stored[name] for name in report if name != "run_id"} | {
            "run_id": stored["id"]
        } == report
        assert (stored["finished"] is None, stored["lease"]) == (False, None)

    def test_failure_is_returned_with_the_remedy_and_not_raised(self, settings):
        settings.COURSE_CATALOG_API_URL = None
        report = api.update_catalog_data()
        assert (report.status, "COURSE_CATALOG_API_URL" in report.message) == ("failed", True)


class TestOptions:
    """What is refused, and what ends a sync run."""

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"page_size": -1}, PAGE_SIZE.format(-1)),
            ({"page_size": 10_001}, PAGE_SIZE.format(10_001)),
            ({"page_size": "big"}, PAGE_SIZE.format("big")),
            ({"concurrency": 0}, CONCURRENCY.format(0)),
            ({"concurrency": 17}, CONCURRENCY.format(17)),
            ({"course_keys": ["x"]}, "'x' is not a course key."),
            (
                {"course_keys": []},
                "course_keys must contain a course key. Leave course_keys out for a full sync.",
            ),
            (
                {"dry_run": True, "distribute": True},
                "dry_run and distribute cannot be combined: one process has to compare all pages.",
            ),
            ({"changed": True, "distribute": True}, EXCLUSIVE),
            ({"changed": True, "course_keys": [KEY]}, EXCLUSIVE),
        ],
    )
    def test_invalid_argument_is_a_value_error_that_names_it(self, options, message):
        with pytest.raises(ValueError, match=re.escape(message)) as raised:
            api.update_catalog_data(**options)
        assert (type(raised.value), str(raised.value)) == (api.UsageError, message)
        assert not SyncRun.objects.exists()

    def test_course_keys_may_be_course_key_objects(self, catalog):
        row = CourseOverviewFactory(id=KEY)
        row.refresh_from_db()
        catalog.control.set_runs([{"key": KEY}])
        assert api.update_catalog_data(course_keys=[row.id]).updated == 1

    def test_second_sync_is_refused(self):
        SyncRun.objects.create(lease="default", holder="worker-7")
        with pytest.raises(api.SyncAlreadyRunning):
            api.update_catalog_data()

    def test_disabled_sync_does_nothing(self):
        CatalogSyncConfig.objects.create(enabled=False)
        assert api.update_catalog_data().status == "disabled"

    def test_stopped_sync_is_canceled_and_keeps_what_it_has_written(self, catalog):
        catalog.control.generate(100)
        pages = []
        report = api.update_catalog_data(
            page_size=20,
            on_progress=lambda *numbers: pages.append(numbers),
            should_stop=lambda: len(pages) == 2,
        )
        assert (report.status, report.course_runs_retrieved) == ("canceled", 39)
