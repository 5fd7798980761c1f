"""Each Catalog keeps its own configuration, history and page size; one that fails leaves the others alone."""

from __future__ import annotations

import logging

import pytest
from django.db import transaction

from catalog_sync.api import update_catalog_data
from catalog_sync.catalog_client.back_off import BackOff, share_back_off
from catalog_sync.exceptions import SyncAlreadyRunning, UsageError
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, SyncRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.integration.sql import statements
from tests.several_catalogs.lms import (
    KEY,
    KEYS,
    PARTNER_URL,
    URL,
    lists,
    marketing_url,
    requested_sessions,
    sync,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("courses")]


class TestReport:
    """The report of a sync of all Catalogs."""

    def test_has_the_sums_and_the_report_of_each_catalog(self):
        report = update_catalog_data()
        sums = ("updated", "matched", "course_runs_retrieved", "catalog_count", "course_overviews")
        assert {name: getattr(report, name) for name in sums} == dict.fromkeys(sums, 8)
        assert report.catalog == "default,partner"
        assert [(each.catalog, each.updated) for each in report.catalogs] == [("default", 3), ("partner", 5)]
        stored = dict(SyncRun.objects.values_list("pk", "catalog"))
        assert stored == {each.run_id: each.catalog for each in report.catalogs}

    def test_report_of_one_catalog_names_it_and_has_no_parts(self):
        report = update_catalog_data(catalogs=["partner"]).as_dict()
        assert (report["catalog"], "catalogs" in report) == ("partner", False)


class TestChosen:
    """The Catalogs that are synced."""

    @pytest.mark.parametrize("names", [["partner", "default"], ("default", "partner", "default"), None])
    def test_are_synced_in_the_order_of_the_settings(self, names):
        assert [each.catalog for each in update_catalog_data(catalogs=names).catalogs] == [
            "default",
            "partner",
        ]

    def test_only_the_given_ones_are_synced(self):
        update_catalog_data(catalogs=["partner"])
        assert list(SyncRun.objects.values_list("catalog", flat=True)) == ["partner"]

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            (["partner", "other"], r"Unknown Catalog 'other'\. Choose from: default, partner"),
            ([], "catalogs must name at least one"),
        ],
    )
    def test_wrong_usage_syncs_nothing(self, names, message):
        with pytest.raises(UsageError, match=message):
            update_catalog_data(catalogs=names)
        assert not SyncRun.objects.exists()


class TestOneDown:
    """One Catalog does not answer."""

    @pytest.fixture
    def down(self, catalog):
        CatalogSyncConfig.objects.create(catalog="default", retry_deadline_seconds=0)
        catalog.control.fault("status", status=503, times=None)

    def test_other_catalog_is_synced_and_the_message_names_only_the_failed_one(self, down):
        report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["failed", "succeeded"]
        assert (report.status, marketing_url(KEYS[5])) == ("failed", PARTNER_URL)
        assert (report.message[:13], "partner:" in report.message) == ("default: The ", False)

    def test_all_urls_stay(self, request):
        update_catalog_data()
        before = [marketing_url(key) for key in KEYS]
        assert URL in before
        request.getfixturevalue("down")
        assert update_catalog_data().removed == 0
        assert [marketing_url(key) for key in KEYS] == before


def test_unexpected_error_is_reported_and_logged_and_does_not_stop_the_other_catalog(caplog):
    def fail_in_the_first(retrieved, total):
        if SyncRun.objects.latest("pk").catalog == "default":
            raise ZeroDivisionError("a bug")

    report = update_catalog_data(on_progress=fail_in_the_first)
    assert [each.status for each in report.catalogs] == ["failed", "succeeded"]
    assert marketing_url(KEYS[5]) == PARTNER_URL
    assert SyncRun.objects.get(catalog="default").status == "failed"
    assert report.message.startswith("default: The sync run failed with an unexpected error.")
    [record] = [each for each in caplog.records if each.exc_info]
    assert record.getMessage().startswith("event=catalog_sync.unexpected_error ")
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("names", [["partner"], None])
def test_transaction_of_the_caller_is_refused(names):
    with transaction.atomic(), pytest.raises(RuntimeError):
        update_catalog_data(catalogs=names)
    assert not SyncRun.objects.exists()


def test_catalog_that_was_not_started_is_canceled(catalog):
    def stop_after_the_first():
        return SyncRun.objects.filter(catalog="default", status="succeeded").exists()

    report = update_catalog_data(should_stop=stop_after_the_first)
    statuses = [(each.status, each.run_id is None) for each in report.catalogs]
    assert (report.status, statuses) == ("canceled", [("succeeded", False), ("canceled", True)])
    assert (
        report.message
        == "partner: The sync of this Catalog was not started, because the command was stopped. Run it again."
    )


def test_stop_before_the_first_catalog_requests_nothing_and_is_in_the_history(catalog, partner, caplog):
    for each in (catalog, partner):
        each.control.clear_requests()
    with caplog.at_level(logging.INFO):
        report = update_catalog_data(should_stop=lambda: True)
    assert (report.status, [each.status for each in report.catalogs]) == ("canceled", ["canceled"] * 2)
    assert (catalog.control.requests(), partner.control.requests()) == ([], [])
    run = SyncRun.objects.get()
    assert (run.catalog, run.status, run.pages) == ("default", "canceled", 0)
    assert caplog.text.count("event=catalog_sync.finished") == 1


class TestLeaseHeld:
    """A sync of one Catalog is already running."""

    @pytest.fixture(autouse=True)
    def held(self, courses):
        SyncRun.objects.create(catalog="default", lease="default", holder="worker-7")

    def test_other_catalog_is_synced_and_the_refusal_names_the_catalog_and_the_holder(self):
        message = r"^default: Another sync is already running .worker-7"
        with pytest.raises(SyncAlreadyRunning, match=message) as refusal:
            update_catalog_data()
        assert (marketing_url(KEY), marketing_url(KEYS[5])) == (None, PARTNER_URL)
        reports = [(each.catalog, each.status, each.updated) for each in refusal.value.report.catalogs]
        assert reports == [("default", "skipped", 0), ("partner", "succeeded", 5)]

    def test_failure_overrides_a_skipped_sync(self, partner):
        CatalogSyncConfig.objects.create(catalog="partner", retry_deadline_seconds=0)
        partner.control.fault("status", status=503, times=None)
        report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["skipped", "failed"]

    def test_incremental_sync_of_that_catalog_is_skipped(self):
        assert [each.status for each in update_catalog_data(changed=True).catalogs] == [
            "skipped",
            "succeeded",
        ]

    def test_other_catalog_can_be_synced_alone(self):
        assert sync("partner").updated == 5


class TestDryRun:
    """A dry run reports what a sync would do."""

    NAMES = (
        "matched",
        "updated",
        "unchanged",
        "removed",
        "course_runs_retrieved",
        "in_other_catalogs",
        "not_in_lms",
    )

    @pytest.fixture(autouse=True)
    def moved(self, courses, catalog, partner):
        update_catalog_data()
        lists(catalog, *KEYS[1:6], url=f"{URL}/new")
        lists(partner, *KEYS[2:], "course-v1:ExampleX+NotHere+2026", url=PARTNER_URL)

    @pytest.mark.parametrize("name", ["default", "partner"])
    def test_numbers_are_those_of_the_sync(self, name):
        planned = sync(name, dry_run=True, page_size=3)
        applied = sync(name, page_size=3)
        assert {n: getattr(planned, n) for n in self.NAMES} == {n: getattr(applied, n) for n in self.NAMES}

    def test_writes_nothing(self):
        def everything():
            return [
                list(model.objects.order_by("pk").values()) for model in (CourseOverview, CatalogCourseRun)
            ]

        before = everything()
        assert update_catalog_data(dry_run=True).updated > 0
        assert everything() == before


class TestSecrets:
    """Each Catalog has its own credentials."""

    @pytest.fixture(autouse=True)
    def wrong(self, courses, settings):
        settings.PARTNER_OAUTH2_SECRET = "the-partner's-secret"

    def test_wrong_ones_fail_only_their_catalog_whose_settings_are_named_but_not_logged(self, caplog):
        with caplog.at_level(logging.DEBUG):
            report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["succeeded", "failed"]
        assert "Check PARTNER_OAUTH2_PROVIDER_URL, _KEY and _SECRET" in report.message
        assert "the-partner's-secret" not in caplog.text

    def test_session_factory_gets_the_name_of_the_catalog(self, settings):
        settings.CATALOG_SYNC_SESSION_FACTORY = "tests.several_catalogs.lms.session_for"
        requested_sessions.clear()
        update_catalog_data()
        assert set(requested_sessions) == {"default", "partner"}


def test_remedy_names_the_address_setting_of_the_catalog(partner, settings):
    settings.CATALOG_SYNC_CATALOGS["partner"]["URL"] += "/nowhere"
    message = update_catalog_data(catalogs=["partner"]).message
    assert "Set CATALOG_SYNC_CATALOGS['partner']['URL'] to" in message


def test_missing_address_is_reported_with_its_setting(settings):
    settings.CATALOG_SYNC_CATALOGS["partner"]["URL"] = ""
    message = update_catalog_data(catalogs=["partner"]).message
    assert (
        message
        == "CATALOG_SYNC_CATALOGS['partner']['URL'] is not set. Set it to the root of the Catalog's API."
    )


def test_retry_after_of_one_catalog_does_not_delay_the_other(catalog):
    CatalogSyncConfig.objects.create(catalog="default", retry_deadline_seconds=0)
    share_back_off(BackOff(60, 429), "default")
    assert [each.status for each in update_catalog_data().catalogs] == ["failed", "succeeded"]


def test_log_lines_name_the_catalog(caplog, partner):
    with caplog.at_level(logging.INFO):
        sync("partner")
    run = SyncRun.objects.get()
    assert f"event=catalog_sync.started run_id={run.pk} catalog_api_url={partner.api_url}" in caplog.text
    assert caplog.text.count(" catalog=partner") == 2


@pytest.mark.usefixtures("without_timed_actions")
def test_transaction_costs_one_statement_more_than_with_one_catalog(configure_only):
    """The additional statement prevents syncs of other Catalogs from writing at the same time."""
    sync("default")
    both = statements_of_a_changed_page()
    configure_only("default")
    assert both - statements_of_a_changed_page() == 1


def statements_of_a_changed_page():
    CourseOverview.objects.update(marketing_url=None)
    with statements() as sent:
        sync("default")
    return len(sent.all())
