"""The configuration page: the cost of page sizes, the access to the Catalog, and the list of changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import checks
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun
from tests.admin_client import CONFIGURATION

pytestmark = pytest.mark.django_db

CONFIG = "/admin/catalog_sync/catalogsyncconfig/"
API_URL = "http://catalog.example.com/api/v1"


def page(admin_client, address="add/"):
    return admin_client.get(f"{CONFIG}{address}").content.decode()


class TestCosts:
    """The cost of page sizes with this Catalog."""

    @pytest.fixture
    def synced(self):
        """A full sync that has counted 21,151 course runs."""
        values = {"page_size": 500, "duration_seconds": 57.25, "status": "succeeded", "bypassed_cache": True}
        return SyncRun.objects.create(catalog_count=21_151, **values)

    def test_table_and_help_text_for_the_script(self, synced, admin_client):
        page(admin_client)  # The help text must not grow with each view.
        html = page(admin_client)
        assert html.count('<output id="catalog-sync-cost"') == 1
        assert "&quot;count&quot;: 21151, &quot;quota&quot;: 200, &quot;least&quot;: 119" in html
        assert html.count("none: exceeds the quota") == 3  # 20, 50, 100
        assert ("500 (current)" in html, "<td>57.3</td>" in html, "<td>-</td>" in html) == (True, True, True)

    def test_before_the_first_sync_there_is_no_table(self, admin_client):
        html = page(admin_client)
        assert ("After the first full sync" in html, "catalog-sync-costs" in html) == (True, False)


class TestExpensivePageSize:
    """A page size that exceeds the hourly quota has to be confirmed."""

    def save(self, admin_client, page_size, **data):
        form = CONFIGURATION | {"page_size": str(page_size)} | data
        return admin_client.post(f"{CONFIG}add/", form).content.decode()

    @pytest.fixture(autouse=True)
    def synced(self):
        return SyncRun.objects.create(catalog_count=3_300, status="succeeded")

    def test_is_refused_with_the_numbers_and_a_check_box(self, admin_client):
        html = self.save(admin_client, 1)
        assert "A full sync of 3,300 course runs would take 3,300 requests" in html
        assert '<input type="checkbox" name="confirmed" id="id_confirmed">' in html
        assert not CatalogSyncConfig.objects.exists()

    def test_is_not_asked_again_if_it_is_kept(self, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, page_size=1)
        self.save(admin_client, 1, concurrency="4")
        assert CatalogSyncConfig.current().concurrency == 4

    @pytest.mark.parametrize(
        ("page_size", "is_expensive"),
        [(0, False), (17, True), (18, False), (500, False), (10_000, False)],
    )
    def test_are_those_of_which_the_system_check_warns(self, page_size, is_expensive, admin_client):
        html = self.save(admin_client, page_size)
        assert ("Use a page size of at least 20, which leaves room" in html) == is_expensive
        self.save(admin_client, page_size, confirmed="on")
        found = checks.run_checks(tags=["catalog_sync"], databases=["default"])
        assert ("catalog_sync.W005" in [each.id for each in found]) == is_expensive
        assert CatalogSyncConfig.current().page_size == page_size

    def test_before_the_first_sync_only_very_small_ones_do(self, admin_client, synced):
        synced.delete()
        assert "A page size below 20 needs many requests." in self.save(admin_client, 1)
        self.save(admin_client, 20)
        assert CatalogSyncConfig.current().page_size == 20


class TestTwoTabs:
    """A form that was opened before another user saved."""

    def based_on(self, admin_client):
        return str(admin_client.get(f"{CONFIG}add/").context["adminform"].form["based_on"].value())

    def save(self, admin_client, based_on, **values):
        return admin_client.post(f"{CONFIG}add/", CONFIGURATION | {"based_on": based_on} | values)

    @pytest.fixture
    def opened(self, admin_client, admin_user):
        """Return the row on which the form is based; another user saves a row then."""
        CatalogSyncConfig.objects.create(enabled=True, page_size=500)
        based_on = self.based_on(admin_client)
        CatalogSyncConfig.objects.create(enabled=True, page_size=1000, changed_by=admin_user)
        return based_on

    @pytest.mark.parametrize(
        ("mine", "change"),
        [({"page_size": "700"}, "page size: 500 → 700"), ({"concurrency": "4"}, "concurrency: 2 → 4")],
    )
    def test_error_names_who_changed_what_and_second_submit_saves(self, mine, change, opened, admin_client):
        form = self.save(admin_client, opened, **mine).context["adminform"].form
        (error,) = form.non_field_errors()
        assert "Not saved: admin changed the configuration" in error
        assert "(page size: 500 → 1,000)" in error
        assert f"Your changes are still in this form ({change})." in error
        assert CatalogSyncConfig.current().page_size == 1000
        self.save(admin_client, form["based_on"].value(), **mine)
        [(name, value)] = mine.items()
        assert getattr(CatalogSyncConfig.current(), name) == int(value)

    def test_second_submit_keeps_the_changes_of_both(self, opened, admin_client):
        CatalogSyncConfig.objects.create(enabled=False, page_size=1000)
        form = self.save(admin_client, opened, concurrency="4").context["adminform"].form
        shown = {name: form[name].value() for name in (*CONFIGURATION, "based_on")}
        assert not shown.pop("enabled")  # A browser does not send a check box that is not checked.
        admin_client.post(f"{CONFIG}add/", shown)
        current = CatalogSyncConfig.current()
        assert (current.enabled, current.page_size, current.concurrency) == (False, 1000, 4)

    def test_own_page_size_that_is_too_expensive_needs_confirmation_too(self, opened, admin_client):
        SyncRun.objects.create(catalog_count=3_300, status="succeeded")
        errors = self.save(admin_client, opened, page_size="2").context["adminform"].form.errors
        assert sorted(errors) == ["__all__", "page_size"]

    def test_page_size_of_others_needs_no_confirmation(self, opened, admin_client):
        SyncRun.objects.create(catalog_count=3_300, status="succeeded")
        based_on = self.based_on(admin_client)
        CatalogSyncConfig.objects.create(enabled=True, page_size=2)
        form = self.save(admin_client, based_on, page_size="1000", concurrency="4").context["adminform"].form
        assert (list(form.errors), form["page_size"].value()) == (["__all__"], "2")

    def test_row_with_the_same_values_is_no_conflict(self, admin_client):
        based_on = self.based_on(admin_client)
        CatalogSyncConfig.objects.create(enabled=True)
        self.save(admin_client, based_on, page_size="700")
        assert CatalogSyncConfig.current().page_size == 700

    def test_row_without_a_user_was_saved_by_a_program(self, opened, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, page_size=2000)
        assert "a program changed" in self.save(admin_client, opened).content.decode()

    def test_first_configuration_is_protected_too(self, admin_client):
        based_on = self.based_on(admin_client)
        CatalogSyncConfig.objects.create(enabled=True, page_size=1000)
        assert "Not saved" in self.save(admin_client, based_on).content.decode()

    def test_row_of_another_catalog_is_no_conflict(self, opened, admin_client, settings):
        settings.CATALOG_SYNC_CATALOGS = {
            name: {"URL": f"https://{name}.example"} for name in ("default", "two")
        }
        self.save(admin_client, opened, page_size="700", catalog="two")
        assert CatalogSyncConfig.current("two").page_size == 700


class TestAccess:
    """The access to the Catalog, shown above the form without a request."""

    def test_is_shown(self, admin_client, no_sockets, settings):
        settings.COURSE_CATALOG_API_URL = API_URL
        html = page(admin_client).partition("Page size")[0]
        for text in (
            API_URL,
            "<dd>COURSE_CATALOG_API_URL</dd>",
            "OAuth2 client credentials",
            "catalog-sync-worker",
            "manage.py lms catalog_sync_status --connect",
        ):
            assert text in html

    def test_is_that_of_the_chosen_catalog(self, admin_client, settings):
        settings.CATALOG_SYNC_CATALOGS = {
            "one": {"URL": "https://one.example"},
            "two": {"URL": "https://two.example"},
        }
        html = page(admin_client, "add/?catalog=two")
        assert ("https://two.example" in html, "https://one.example" in html) == (True, False)


class TestHistory:
    """The list of changes."""

    def changes(self, admin_client):
        changelist = admin_client.get(CONFIG).context["cl"]
        return [changelist.model_admin.what_changed(row) for row in changelist.result_list]

    @pytest.mark.parametrize(
        ("rows", "change"),
        [
            ([{"enabled": True}], "the first configuration"),
            ([{"enabled": False}], "Enabled: on → off"),
            (
                [{"enabled": True, "page_size": 500}, {"enabled": False, "page_size": 1000}],
                "Enabled: on → off, page size: 500 → 1,000",
            ),
            ([{"enabled": True}, {"enabled": True}], "nothing"),
        ],
    )
    def test_newest_row_is_compared_with_the_one_before_or_the_defaults(self, rows, change, admin_client):
        for row in rows:
            CatalogSyncConfig.objects.create(**row)
        assert self.changes(admin_client)[0] == change

    def test_rows_are_in_the_order_of_saving_even_if_a_clock_was_wrong(self, admin_client):
        ahead = CatalogSyncConfig.objects.create(enabled=True, page_size=500)
        CatalogSyncConfig.objects.filter(pk=ahead.pk).update(change_date=timezone.now() + timedelta(days=1))
        CatalogSyncConfig.objects.create(enabled=True, page_size=1000)
        assert self.changes(admin_client) == ["page size: 500 → 1,000", "the first configuration"]

    def test_page_of_an_older_row_shows_that_it_was_replaced(self, admin_client):
        first, second = (CatalogSyncConfig.objects.create(enabled=True) for _ in range(2))
        pages = [page(admin_client, f"{row.pk}/change/") for row in (first, second)]
        assert ["replaced" in html for html in pages] == [True, False]

    def test_number_of_queries_does_not_grow(self, admin_client, admin_user, django_assert_max_num_queries):
        for _ in range(30):
            CatalogSyncConfig.objects.create(enabled=True, changed_by=admin_user)
        with django_assert_max_num_queries(13):
            admin_client.get(CONFIG)

    def test_revert_makes_an_earlier_row_current(self, admin_client):
        first = CatalogSyncConfig.objects.create(enabled=True, page_size=20)
        CatalogSyncConfig.objects.create(enabled=True, page_size=500)
        admin_client.post(CONFIG, {"action": "revert", "_selected_action": [first.pk]})
        assert CatalogSyncConfig.current().page_size == 20

    def test_page_of_a_row_shows_its_user_and_cannot_be_saved(self, admin_client, admin_user):
        row = CatalogSyncConfig.objects.create(enabled=True, changed_by=admin_user)
        html = page(admin_client, f"{row.pk}/change/")
        assert ("field-changed_by" in html, 'name="_save"' in html) == (True, False)
