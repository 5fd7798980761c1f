"""Each Catalog keeps its own configuration, history and page size; one that fails leaves the others alone."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync import api, quota
from catalog_sync.api import WrongUsage, update_catalog_data
from catalog_sync.catalog_client import pause
from catalog_sync.models import CatalogSyncConfig, SyncRun
from catalog_sync.sync import LeaseHeld
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.sql import statements
from tests.several_catalogs.lms import KEY, KEYS, PARTNER_URL, URL, asked_for, lists, shown, sync

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def courses(partner, catalog):
    for key in KEYS:
        CourseOverviewFactory(id=key)
    lists(catalog, *KEYS[:3], url=URL)
    lists(partner, *KEYS[3:], url=PARTNER_URL)


def hold_lease(name):
    return SyncRun.objects.create(catalog=name, lease=name, holder="worker-7")


class TestReport:
    """What is said of all of them together."""

    @pytest.fixture
    def report(self):
        return update_catalog_data()

    @pytest.mark.parametrize("name", ["updated", "matched", "course_runs_retrieved", "catalog_count"])
    def test_number_is_the_sum(self, report, name):
        assert getattr(report, name) == 8

    def test_course_overviews_are_counted_once(self, report):
        assert report.course_overviews == 8

    def test_names_the_catalogs(self, report):
        assert report.catalog == "default,partner"

    def test_has_the_report_of_each(self, report):
        assert [(each.catalog, each.updated) for each in report.catalogs] == [("default", 3), ("partner", 5)]

    def test_each_is_that_of_a_stored_run(self, report):
        stored = dict(SyncRun.objects.values_list("pk", "catalog"))
        assert stored == {each.run_id: each.catalog for each in report.catalogs}

    def test_of_one_has_no_parts(self):
        assert "catalogs" not in update_catalog_data(catalogs=["partner"]).as_dict()

    def test_of_one_names_it(self):
        assert update_catalog_data(catalogs=["partner"]).as_dict()["catalog"] == "partner"


class TestChosen:
    """Which are synced."""

    @pytest.mark.parametrize("names", [["partner", "default"], ("default", "partner", "default"), None])
    def test_are_synced_in_the_order_of_the_settings(self, names):
        assert [each.catalog for each in update_catalog_data(catalogs=names).catalogs] == [
            "default",
            "partner",
        ]

    def test_only_those_that_are_named(self):
        update_catalog_data(catalogs=["partner"])
        assert list(SyncRun.objects.values_list("catalog", flat=True)) == ["partner"]

    def test_one_that_there_is_not_is_wrong_usage(self):
        with pytest.raises(WrongUsage, match="no Catalog named other; those there are: default, partner"):
            update_catalog_data(catalogs=["partner", "other"])

    def test_none_at_all_is_wrong_usage(self):
        with pytest.raises(WrongUsage, match="No Catalog is named"):
            update_catalog_data(catalogs=[])

    def test_nothing_is_done_after_wrong_usage(self):
        with pytest.raises(WrongUsage):
            update_catalog_data(catalogs=["partner", "other"])
        assert not SyncRun.objects.exists()


class TestOneDown:
    """One that does not answer."""

    @pytest.fixture(autouse=True)
    def down(self, catalog):
        CatalogSyncConfig.objects.create(catalog="default", retry_deadline_seconds=0)
        catalog.control.fault("status", status=503, times=None)

    def test_other_is_synced(self):
        update_catalog_data()
        assert shown(KEYS[5]) == PARTNER_URL

    def test_status_is_the_worst(self):
        assert update_catalog_data().status == "failed"

    def test_message_names_the_one(self):
        message = update_catalog_data().message
        assert message.startswith("default: http://")
        assert "partner:" not in message

    def test_of_the_other_stays_what_it_has(self, catalog):
        update_catalog_data()
        assert update_catalog_data().removed == 0


def test_stopped_run_begins_no_other():
    calls = iter([False, False])
    report = update_catalog_data(should_stop=lambda: next(calls, True))
    assert [each.catalog for each in report.catalogs] == ["default"]


class TestHeld:
    """A sync of one of them is running."""

    def test_other_is_synced(self):
        hold_lease("default")
        with pytest.raises(LeaseHeld):
            update_catalog_data()
        assert (shown(KEY), shown(KEYS[5])) == (None, PARTNER_URL)

    def test_refusal_names_the_catalog_and_the_holder(self):
        hold_lease("default")
        with pytest.raises(LeaseHeld, match=r"^default: Another sync holds the lease: worker-7"):
            update_catalog_data()

    def test_failure_of_the_other_counts_more(self, partner):
        hold_lease("default")
        CatalogSyncConfig.objects.create(catalog="partner", retry_deadline_seconds=0)
        partner.control.fault("status", status=503, times=None)
        report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["skipped", "failed"]

    def test_look_at_changes_is_skipped_for_the_one(self):
        hold_lease("default")
        assert [each.status for each in update_catalog_data(changed=True).catalogs] == [
            "skipped",
            "succeeded",
        ]

    def test_other_can_be_synced_by_itself(self):
        hold_lease("default")
        assert sync("partner").updated == 5


class TestConfiguration:
    """Each has rows of its own."""

    def test_switched_off_is_only_the_one(self):
        CatalogSyncConfig.objects.create(catalog="default", enabled=False)
        report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["disabled", "succeeded"]

    def test_numbers_are_those_of_the_one(self):
        CatalogSyncConfig.objects.create(catalog="partner", enabled=True, page_size=3)
        assert [each.page_size for each in update_catalog_data().catalogs] == [500, 3]

    def test_newest_row_of_another_is_not_in_force(self):
        CatalogSyncConfig.objects.create(catalog="partner", page_size=3)
        CatalogSyncConfig.objects.create(catalog="default", page_size=7)
        assert CatalogSyncConfig.current("partner").page_size == 3

    def test_option_holds_for_both(self):
        assert [each.page_size for each in update_catalog_data(page_size=4).catalogs] == [4, 4]

    def test_measured_page_size_is_saved_for_the_one(self):
        measured = list(api.measure_page_sizes(most_requests=4, target_seconds=9, catalog="partner"))
        api.save_page_size(measured[0], "partner")
        assert CatalogSyncConfig.objects.get().catalog == "partner"

    def test_only_the_one_is_measured(self, catalog, partner):
        list(api.measure_page_sizes(most_requests=4, target_seconds=9, catalog="partner"))
        sent = [each.control.requests("/api/v1/course_runs/") for each in (catalog, partner)]
        assert (len(sent[0]), bool(sent[1])) == (0, True)


class TestHistory:
    """What is remembered of one is not believed of another."""

    def test_automatic_page_size_is_that_of_the_one(self):
        SyncRun.objects.create(catalog="partner", next_page_size=200, status="succeeded")
        assert [each.page_size for each in update_catalog_data(page_size="auto").catalogs][1] == 200

    def test_automatic_page_size_is_found_for_the_other(self):
        SyncRun.objects.create(catalog="partner", next_page_size=5_000, status="succeeded")
        assert update_catalog_data(page_size="auto", catalogs=["default"]).page_size < 5_000

    def test_size_of_the_catalog(self):
        update_catalog_data()
        assert [quota.catalog_size(name) for name in ("default", "partner")] == [3, 5]

    def test_pruning_leaves_the_runs_of_the_other(self):
        old = SyncRun.objects.create(catalog="partner", status="failed")
        SyncRun.objects.filter(pk=old.pk).update(started=timezone.now() - timedelta(days=400))
        sync("default")
        assert SyncRun.objects.filter(pk=old.pk).exists()

    def test_last_look_is_that_of_the_one(self, partner):
        """What changed in the second since its own last look is found, though the first was synced since."""
        sync("partner")
        SyncRun.objects.update(started=timezone.now() - timedelta(days=2))
        partner.control.upsert([{"key": KEYS[3], "marketing_url": URL}])
        sync("default")
        asked = timezone.now() - timedelta(days=1)
        sync("partner", changed=True)
        since = partner.control.requests("/api/v1/courses/")[-1].params["timestamp"]
        assert since < asked.isoformat()

    def test_changes_of_each_are_found(self, catalog, partner):
        update_catalog_data()
        catalog.control.upsert([{"key": KEY, "marketing_url": f"{URL}/new"}])
        partner.control.upsert([{"key": KEYS[5], "marketing_url": f"{PARTNER_URL}/new"}])
        update_catalog_data(changed=True)
        assert (shown(KEY), shown(KEYS[5])) == (f"{URL}/new", f"{PARTNER_URL}/new")

    def test_change_that_both_list_is_that_of_the_first(self, catalog, partner):
        update_catalog_data()
        partner.control.upsert([{"key": KEY, "marketing_url": f"{PARTNER_URL}/new"}])
        update_catalog_data(changed=True)
        assert shown(KEY) == URL


class TestDryRun:
    """It tells what a run would do."""

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
    def test_equals_a_run(self, name):
        told = sync(name, dry_run=True, page_size=3)
        done = sync(name, page_size=3)
        assert {n: getattr(told, n) for n in self.NAMES} == {n: getattr(done, n) for n in self.NAMES}

    def test_writes_nothing(self):
        before = [shown(key) for key in KEYS]
        update_catalog_data(dry_run=True)
        assert [shown(key) for key in KEYS] == before


class TestOrganizations:
    """For which organizations a Catalog is believed."""

    @pytest.fixture(autouse=True)
    def orgs(self, courses, partner, believe):
        believe(default=["ExampleX"], partner=["PartnerX"])
        self.theirs = "course-v1:PartnerX+C1+2026"
        CourseOverviewFactory(id=self.theirs)
        lists(partner, *KEYS, self.theirs, url=PARTNER_URL)

    def test_course_run_of_another_is_passed_over(self):
        sync("partner")
        assert (shown(KEY), shown(self.theirs)) == (None, PARTNER_URL)

    def test_is_counted(self):
        assert sync("partner").of_other_orgs == 8

    def test_is_counted_once_on_pages_that_overlap(self):
        assert sync("partner", page_size=3).of_other_orgs == 8

    def test_is_not_retrieved(self):
        assert sync("partner").course_runs_retrieved == 1

    def test_is_no_failure(self):
        assert sync("partner").failures == 0

    def test_malformed_record_of_another_is_not_rejected(self, partner):
        lists(partner, "course-v1:ExampleX+Bad+2026", url="no URL")
        assert sync("partner").course_runs_rejected == 0

    def test_what_was_provided_before_goes(self, believe):
        believe(partner=["ExampleX", "PartnerX"])
        sync("partner")
        believe(partner=["PartnerX"])
        sync("partner")
        assert (shown(KEYS[4]), shown(self.theirs)) == (None, PARTNER_URL)

    def test_change_in_another_is_passed_over(self, partner):
        sync("partner")
        partner.control.upsert([{"key": KEY, "marketing_url": f"{PARTNER_URL}/new"}])
        assert sync("partner", changed=True).updated == 0


class TestSecrets:
    """Each has credentials of its own."""

    @pytest.fixture(autouse=True)
    def wrong(self, settings):
        settings.PARTNER_OAUTH2_SECRET = "the-partner's-secret"

    def test_wrong_ones_of_one_are_its_own_fault(self):
        report = update_catalog_data()
        assert [each.status for each in report.catalogs] == ["succeeded", "failed"]

    def test_remedy_names_its_settings(self):
        assert "check PARTNER_OAUTH2_PROVIDER_URL, _KEY and _SECRET" in update_catalog_data().message

    def test_none_is_logged(self, caplog):
        with caplog.at_level(logging.DEBUG):
            update_catalog_data()
        assert "the-partner's-secret" not in caplog.text

    def test_factory_of_the_host_is_told_which(self, settings):
        settings.CATALOG_SYNC_SESSION_FACTORY = "tests.several_catalogs.lms.session_for"
        asked_for.clear()
        update_catalog_data()
        assert set(asked_for) == {"default", "partner"}


def test_remedy_names_the_address_of_the_one(partner, settings):
    settings.CATALOG_SYNC_CATALOGS["partner"]["url"] += "/nowhere"
    message = update_catalog_data(catalogs=["partner"]).message
    assert "check CATALOG_SYNC_CATALOGS['partner']['url']" in message


def test_one_without_an_address_says_which_setting(settings):
    settings.CATALOG_SYNC_CATALOGS["partner"]["url"] = ""
    message = update_catalog_data(catalogs=["partner"]).message
    assert (
        message
        == "CATALOG_SYNC_CATALOGS['partner']['url'] is not set: set it to the root of the Catalog's API."
    )


def test_one_that_asks_to_wait_does_not_keep_the_other_waiting(catalog):
    CatalogSyncConfig.objects.create(catalog="default", retry_deadline_seconds=0)
    pause.pass_on(60, "default")
    assert [each.status for each in update_catalog_data().catalogs] == ["failed", "succeeded"]


def test_log_lines_tell_which_catalog(caplog, partner):
    with caplog.at_level(logging.INFO):
        sync("partner")
    run = SyncRun.objects.get()
    assert f"event=catalog_sync.started run_id={run.pk} catalog_api_url={partner.api_url}" in caplog.text
    assert caplog.text.count(" catalog=partner") == 2


def test_transaction_costs_one_statement_more_than_with_one_catalog(call_only):
    """The one that keeps syncs of other Catalogs from writing at the same time."""
    sync("default")
    both = statements_of_a_changed_page()
    call_only("default")
    assert both - statements_of_a_changed_page() == 1


def statements_of_a_changed_page():
    CourseOverview.objects.update(marketing_url=None)
    with statements() as sent:
        sync("default")
    return len(sent.all())
