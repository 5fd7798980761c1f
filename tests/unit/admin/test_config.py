"""The configuration page: the cost of page sizes, the access to the Catalog, and the list of changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun

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
        values = {"page_size": 500, "duration_seconds": 57.25, "status": "succeeded"}
        return SyncRun.objects.create(catalog_count=21_151, **values)

    def test_help_text_and_table(self, synced, admin_client):
        page(admin_client)  # The help text must not grow with each view.
        html = page(admin_client)
        assert (
            html.count(
                "The Catalog has 21,151 course runs. At page size 500, a full sync takes 43 requests. Use a page size "
                "of at least 119 to stay within the hourly quota."
            )
            == 1
        )
        assert html.count("none: exceeds the quota") == 3  # 20, 50, 100
        assert "500 (current)" in html
        assert "<td>57.2</td>" in html

    def test_automatic_page_size_has_no_number_of_requests(self, synced, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, page_size=0)
        html = page(admin_client)
        assert ("a full sync takes" in html, "Use a page size of at least 119" in html) == (False, True)

    def test_before_the_first_sync_there_is_no_table(self, admin_client):
        html = page(admin_client)
        assert ("After the first full sync" in html, "catalog-sync-costs" in html) == (True, False)


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

    def test_has_no_password(self, admin_client, settings):
        settings.COURSE_CATALOG_API_URL = "https://me:hush@catalog.example.com/api/v1"
        html = page(admin_client)
        assert ("https://catalog.example.com/api/v1" in html, "hush" in html) == (True, False)


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

    def test_date_and_user_are_the_first_columns(self, admin_client, admin_user):
        CatalogSyncConfig.objects.create(enabled=True, changed_by=admin_user)
        html = page(admin_client, "")
        columns = ["field-change_date", "field-changed_by", "field-enabled"]
        assert sorted(columns, key=html.index) == columns

    def test_number_of_queries_does_not_grow(self, admin_client, admin_user, django_assert_max_num_queries):
        for _ in range(30):
            CatalogSyncConfig.objects.create(enabled=True, changed_by=admin_user)
        with django_assert_max_num_queries(9):
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
