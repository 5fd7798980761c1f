"""A rejected record removes no marketing URL. The log has one line for a new one, and a summary in each sync."""

from __future__ import annotations

import logging

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun
from catalog_sync.operations import course_link
from catalog_sync.store import changes
from catalog_sync.sync import run_changes
from tests.factories import add_course_overviews
from tests.integration.lms import look_ups, marketing_url, number_of_marketing_urls

pytestmark = pytest.mark.django_db

KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(30)]
URL = "https://www.example.com/course"
REASON = "marketing URL: not an absolute http or https URL"


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="catalog_sync")
    return caplog


def lines(log, event):
    """Return the log lines of an event."""
    return [line for line in log.messages if line.startswith(f"event=catalog_sync.{event} ")]


def with_relative_urls(keys):
    return [{"key": key, "marketing_url": f"courses/{key}"} for key in keys]


class TestUrlsStay:
    """Somebody empties the marketing root of a partner by mistake, so all of its URLs become relative."""

    def test_of_course_runs_that_were_synced_before(self, catalog):
        add_course_overviews(*KEYS)
        catalog.control.set_runs({"key": key, "marketing_url": URL} for key in KEYS)
        update_catalog_data()
        invalid = ["courses/one", 7, "javascript:alert(1)"] * 10
        catalog.control.set_runs(
            {"key": key, "marketing_url": url} for key, url in zip(KEYS, invalid, strict=True)
        )
        catalog.control.clear_requests()
        report = update_catalog_data()
        assert (report.course_runs_rejected, report.removed, number_of_marketing_urls()) == (30, 0, 30)
        assert CatalogCourseRun.objects.filter(marketing_url=URL).count() == 30
        assert not look_ups(catalog)

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_of_another_tool(self, dry_run, catalog):
        add_course_overviews(*KEYS, marketing_url=URL)
        catalog.control.set_runs(with_relative_urls(KEYS))
        report = update_catalog_data(dry_run=dry_run)
        assert (report.status != "refused", report.removed, number_of_marketing_urls()) == (True, 0, 30)

    def test_of_ccx_courses(self, catalog):
        add_course_overviews(
            *(f"ccx-v1:ExampleX+C00+2026+ccx@{number}" for number in range(30)), marketing_url=URL
        )
        catalog.control.set_runs(with_relative_urls(KEYS[:1]))
        report = update_catalog_data()
        assert (report.status != "refused", report.removed, number_of_marketing_urls()) == (True, 0, 30)


class TestStoredUrlOfAnotherHost:
    """An operator sets CATALOG_SYNC_MARKETING_URL_HOSTS after a URL of another host was stored."""

    OTHER = "https://other.example.org/"

    @pytest.fixture(autouse=True)
    def stored(self, catalog, settings):
        add_course_overviews(KEYS[0])
        catalog.control.set_runs([{"key": KEYS[0], "marketing_url": self.OTHER + "a"}])
        update_catalog_data()
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = [".example.com"]

    @pytest.mark.parametrize(
        "record",
        [
            {"marketing_url": OTHER + "a"},
            {"marketing_url": OTHER + "b"},
            {"marketing_url": "courses/one"},
            {"marketing_url": 7},
            {"marketing_url": URL, "status": "x" * 33},
            {"marketing_url": URL, "status": "pub\x00lished"},
        ],
    )
    def test_is_removed_although_the_new_record_is_rejected(self, record, catalog):
        catalog.control.set_runs([{"key": KEYS[0], **record}, {"key": KEYS[1], "marketing_url": URL}])
        report = update_catalog_data()
        assert (report.status, report.removed, number_of_marketing_urls()) == ("succeeded", 1, 0)
        assert not CatalogCourseRun.objects.filter(marketing_url__startswith=self.OTHER).exists()

    def test_that_was_removed_has_the_rejection_as_its_reason(self):
        run_id = update_catalog_data().run_id
        assert f"Sync run {run_id} rejected the Catalog's record" in course_link.explain(KEYS[0]).reason

    def test_that_is_not_removed_because_of_the_limit_has_the_rejection_as_its_reason(
        self, catalog, settings
    ):
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = None
        add_course_overviews(*KEYS[1:])
        catalog.control.set_runs({"key": key, "marketing_url": self.OTHER} for key in KEYS)
        update_catalog_data()
        settings.CATALOG_SYNC_MARKETING_URL_HOSTS = [".example.com"]
        report = update_catalog_data()
        assert (report.status, report.course_runs_rejected) == ("refused", 30)
        reason = course_link.explain(KEYS[0]).reason
        assert f"Sync run {report.run_id} rejected the Catalog's record" in reason

    def test_is_replaced_by_a_valid_one(self, catalog):
        catalog.control.set_runs([{"key": KEYS[0], "marketing_url": URL}])
        update_catalog_data()
        assert marketing_url(KEYS[0]) == URL


@pytest.mark.parametrize("stored_before", [True, False])
def test_are_not_counted_any_more_after_a_sync_of_the_corrected_course_run(stored_before, catalog):
    add_course_overviews(*KEYS[:3])
    if stored_before:
        catalog.control.set_runs([{"key": key, "marketing_url": URL} for key in KEYS[:3]])
        update_catalog_data()
    catalog.control.set_runs(with_relative_urls(KEYS[:3]))
    update_catalog_data()
    catalog.control.upsert([{"key": KEYS[0], "marketing_url": URL}])
    update_catalog_data(course_keys=[KEYS[0]])
    assert changes.current_rejections("default").number == 2


class TestSummary:
    """One line per reason."""

    def test_has_the_number_and_some_course_keys(self, catalog, log):
        catalog.control.set_runs([*with_relative_urls(KEYS), {"key": "no key"}])
        for _ in range(2):
            log.clear()
            update_catalog_data(page_size=10)
            examples = " ".join(KEYS[:5])
            by_reason = [line.partition(" reason=")[2] for line in lines(log, "course_runs_rejected")]
            assert by_reason == [
                f'"{REASON}" count=30 examples="{examples}"',
                '"not a course key" count=1 examples="no key"',
            ]

    def test_without_course_keys_has_no_examples(self, catalog, log):
        catalog.control.set_runs([{"key": ""}, *({"key": key} for key in KEYS)])
        update_catalog_data()
        [line] = lines(log, "course_runs_rejected")
        assert line.endswith('count=1 examples=""')


class TestNewRecords:
    """One line per course run that the last full sync did not reject."""

    def test_are_logged_once(self, catalog, log):
        catalog.control.set_runs(with_relative_urls(KEYS[:2]))
        update_catalog_data()
        assert len(lines(log, "course_run_rejected")) == 2
        log.clear()
        catalog.control.upsert(with_relative_urls(KEYS[2:3]))
        update_catalog_data()
        [line] = lines(log, "course_run_rejected")
        assert f"course_key={KEYS[2]} reason=" in line

    def test_without_a_key_are_recognized_by_their_reason(self, catalog, log):
        catalog.control.set_runs([{"key": ""}, *({"key": key} for key in KEYS)])
        update_catalog_data()
        log.clear()
        update_catalog_data()
        assert lines(log, "course_run_rejected") == []

    @pytest.mark.parametrize(
        "options", [{"dry_run": True}, {"course_keys": KEYS[:1]}], ids=["dry run", "course key"]
    )
    def test_stay_new_after_a_sync_that_is_not_a_full_one(self, options, catalog, log):
        update_catalog_data()
        catalog.control.set_runs(with_relative_urls(KEYS[:1]))
        update_catalog_data(**options)
        log.clear()
        update_catalog_data()
        assert len(lines(log, "course_run_rejected")) == 1

    def test_of_a_first_sync_are_logged_up_to_the_limit(self, catalog, log, monkeypatch):
        monkeypatch.setattr(run_changes, "MAX_PER_KIND", 20)
        catalog.control.set_runs(with_relative_urls(KEYS))
        update_catalog_data()
        assert len(lines(log, "course_run_rejected")) == 20

    def test_are_not_logged_if_more_were_rejected_than_stored(self, catalog, log, monkeypatch):
        for module in (run_changes, changes):
            monkeypatch.setattr(module, "MAX_PER_KIND", 20)
        catalog.control.set_runs(with_relative_urls(KEYS))
        update_catalog_data()
        log.clear()
        update_catalog_data()
        assert (len(lines(log, "course_run_rejected")), len(lines(log, "course_runs_rejected"))) == (0, 1)
