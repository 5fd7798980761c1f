"""Django admin with several Catalogs. With a single one, no page names a Catalog."""

from __future__ import annotations

import pytest

from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, SyncRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from catalog_sync.store.lease import Lease
from tests.admin_client import CONFIGURATION
from tests.several_catalogs.lms import KEY, OTHER, PARTNER_URL, URL

pytestmark = [pytest.mark.usefixtures("named"), pytest.mark.django_db]

ADMIN = "/admin/catalog_sync"
CONFIG, RUNS, COURSE_RUNS = (
    f"{ADMIN}/{name}/" for name in ("catalogsyncconfig", "syncrun", "catalogcourserun")
)
FORM = CONFIGURATION | {"page_size": "77"}


@pytest.fixture
def only_one(settings):
    settings.CATALOG_SYNC_CATALOGS = None


def content(client, path):
    return client.get(path).content.decode()


class TestConfiguration:
    """The configuration of each Catalog."""

    def test_offers_the_catalogs(self, admin_client):
        page = content(admin_client, f"{CONFIG}add/")
        assert '<option value="default" selected>' in page
        assert '<option value="partner">' in page

    def test_saves_the_configuration_of_the_chosen_catalog(self, admin_client):
        admin_client.post(f"{CONFIG}add/", FORM | {"catalog": "partner"})
        assert [CatalogSyncConfig.current(name).page_size for name in ("default", "partner")] == [500, 77]

    def test_refuses_an_unknown_catalog(self, admin_client):
        admin_client.post(f"{CONFIG}add/", FORM | {"catalog": "other"})
        assert not CatalogSyncConfig.objects.exists()

    def test_form_starts_from_the_current_row_of_the_catalog(self, admin_client):
        CatalogSyncConfig.objects.create(catalog="partner", page_size=123)
        CatalogSyncConfig.objects.create(catalog="default", page_size=456)
        assert 'value="123"' in content(admin_client, f"{CONFIG}add/?catalog=partner")

    def test_shows_the_cost_of_a_page_size_for_the_chosen_catalog(self, admin_client):
        SyncRun.objects.create(catalog="partner", catalog_count=4_321, status="succeeded")
        assert "4,321 course runs" in content(admin_client, f"{CONFIG}add/?catalog=partner")

    def test_change_is_relative_to_the_previous_row_of_that_catalog(self, admin_client):
        CatalogSyncConfig.objects.create(catalog="default", enabled=True, page_size=100)
        CatalogSyncConfig.objects.create(catalog="partner", enabled=True, page_size=200)
        CatalogSyncConfig.objects.create(catalog="default", enabled=True, page_size=300)
        page = content(admin_client, CONFIG)
        assert "page size: 100 → 300" in page
        assert "200 → 300" not in page

    def test_reverting_keeps_the_catalog(self, admin_client):
        row = CatalogSyncConfig.objects.create(catalog="partner", page_size=200)
        admin_client.post(CONFIG, {"action": "revert", "_selected_action": [row.pk]})
        assert list(CatalogSyncConfig.objects.values_list("catalog", flat=True)) == ["partner", "partner"]

    def test_single_catalog_has_no_choice(self, only_one, admin_client):
        assert 'name="catalog"' not in content(admin_client, f"{CONFIG}add/")

    def test_configuration_of_a_single_catalog_is_saved_with_its_name(self, admin_client, settings):
        settings.CATALOG_SYNC_CATALOGS = {"main": {"URL": "https://main.example.com/api/v1"}}
        admin_client.post(f"{CONFIG}add/", FORM)
        assert CatalogSyncConfig.current("main").page_size == 77


class TestSyncRuns:
    """The sync runs of both Catalogs."""

    @pytest.fixture(autouse=True)
    def runs(self, named):
        for name in ("default", "partner"):
            SyncRun.objects.create(catalog=name, status="failed", message=f"of {name}", in_other_catalogs=4)

    def test_list_names_the_catalog_and_can_be_filtered_by_it(self, admin_client):
        assert '<td class="field-catalog">partner</td>' in content(admin_client, RUNS)
        page = content(admin_client, f"{RUNS}?catalog=partner")
        assert ("of partner" in page, "of default" in page) == (True, False)

    def test_page_has_the_numbers_that_only_several_catalogs_have(self, admin_client):
        page = content(admin_client, f"{RUNS}{SyncRun.objects.first().pk}/change/")
        assert all(
            f'form-row field-{name}"' in page for name in ("catalog", "in_other_catalogs", "of_other_orgs")
        )

    @pytest.mark.parametrize(("query", "name"), [("", "default"), ("?catalog=partner", "partner")])
    def test_charts_show_one_catalog(self, query, name, admin_client):
        run = SyncRun.objects.get(catalog=name)
        SyncRun.objects.update(finished=run.started, status="succeeded")
        charts = admin_client.get(f"{RUNS}{query}").context["charts"]
        assert [row[0] for row in charts[0].rows] == [str(run.pk)]

    def test_list_of_a_single_catalog_has_no_column_and_no_filter(self, only_one, admin_client):
        page = content(admin_client, RUNS)
        assert ("field-catalog" in page, "?catalog=" in page) == (False, False)

    def test_page_of_each_running_sync_has_its_cancel_button(self, admin_client):
        for name in ("default", "partner"):
            run = SyncRun.objects.create(catalog=name, lease=name, holder="worker", status="running")
            assert f"{RUNS}{run.pk}/cancel/" in content(admin_client, f"{RUNS}{run.pk}/change/")

    def test_progress_is_that_of_the_oldest_running_sync(self, admin_client):
        runs = [SyncRun.objects.create(lease=name, status="running") for name in ("partner", "default")]
        assert admin_client.get(f"{RUNS}progress/").json()["run_id"] == runs[0].pk

    def test_canceling_one_sync_does_not_cancel_the_other(self, admin_client):
        first, second = (
            SyncRun.objects.create(lease=name, status="running") for name in ("partner", "default")
        )
        admin_client.post(f"{RUNS}{second.pk}/cancel/")
        canceled = SyncRun.objects.filter(cancel_requested=True)
        assert (list(canceled), first.cancel_requested) == ([second], False)

    def test_allowing_refused_removals_syncs_only_their_catalog(self, admin_client, broker):
        run = SyncRun.objects.create(catalog="partner", status="refused")
        page = content(admin_client, f"{RUNS}{run.pk}/allow-removals/")
        assert "Catalog: partner." in page
        admin_client.post(f"{RUNS}{run.pk}/allow-removals/")
        [(_, arguments)] = broker
        assert (arguments["allow_removals"], arguments["catalogs"]) == (True, ["partner"])

    def test_removals_of_a_disabled_catalog_cannot_be_allowed(self, admin_client, broker):
        CatalogSyncConfig.objects.create(catalog="partner", enabled=False)
        run = SyncRun.objects.create(catalog="partner", status="refused")
        admin_client.post(f"{RUNS}{run.pk}/allow-removals/")
        assert broker == []

    def test_sync_of_one_catalog_does_not_prevent_that_of_another(self, admin_client, broker):
        Lease.acquire("default")
        run = SyncRun.objects.create(catalog="partner", status="refused")
        admin_client.post(f"{RUNS}{run.pk}/allow-removals/")
        assert len(broker) == 1

    def test_run_button_is_shown_if_one_catalog_is_disabled(self, admin_client):
        CatalogSyncConfig.objects.create(catalog="default", enabled=False)
        assert "Run now" in content(admin_client, RUNS)


class TestCourseRuns:
    """The stored course runs of both Catalogs."""

    @pytest.fixture(autouse=True)
    def rows(self, named):
        course_runs.record({KEY: CatalogData("published", URL)}, "default")
        course_runs.record({OTHER: CatalogData("published", PARTNER_URL)}, "partner")

    def test_list_names_the_catalog_and_can_be_filtered_by_it(self, admin_client):
        assert '<td class="field-catalog">partner</td>' in content(admin_client, COURSE_RUNS)
        page = content(admin_client, f"{COURSE_RUNS}?catalog=partner")
        assert (OTHER in page, KEY in page) == (True, False)

    def test_only_with_several_catalogs_list_and_page_name_the_catalog(self, admin_client, settings):
        page = f"{COURSE_RUNS}{CatalogCourseRun.objects.get(course_key=KEY).pk}/change/"
        assert 'form-row field-catalog"' in content(admin_client, page)
        settings.CATALOG_SYNC_CATALOGS = None
        assert 'form-row field-catalog"' not in content(admin_client, page)
        assert "field-catalog" not in content(admin_client, COURSE_RUNS)
