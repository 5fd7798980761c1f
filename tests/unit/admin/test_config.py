"""The configuration page: what it tells, what it refuses, and who changed what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRun

pytestmark = pytest.mark.django_db

CONFIG = "/admin/catalog_sync/catalogsyncconfig/"


@pytest.fixture
def synced():
    """A sync that was told of 21,151 course runs."""
    return SyncRun.objects.create(
        catalog_count=21_151, page_size=500, duration_seconds=57.25, status="succeeded"
    )


def page(admin_client):
    return admin_client.get(f"{CONFIG}add/").content.decode()


class TestFacts:
    """What a page size costs, computed for this Catalog."""

    def test_help_text_counts_the_requests(self, synced, admin_client):
        told = "The Catalog has 21,151 course runs: at 500 a page that is 43 requests a sync."
        assert told in page(admin_client)

    def test_help_text_names_the_least_page_size(self, synced, admin_client):
        assert "From page size 119 on, a sync fits into an hour" in page(admin_client)

    def test_help_text_says_what_is_missing_before_the_first_sync(self, admin_client):
        assert "Once a sync has seen how many course runs the Catalog has" in page(admin_client)

    def test_there_is_no_table_before_the_first_sync(self, admin_client):
        assert "catalog-sync-costs" not in page(admin_client)

    def test_table_says_what_is_over_the_quota(self, synced, admin_client):
        assert page(admin_client).count("none: over the quota") == 3  # 20, 50, 100

    def test_table_says_what_is_in_force(self, synced, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, page_size=333)
        assert "333 (in force)" in page(admin_client)

    def test_table_says_how_long_a_sync_took(self, synced, admin_client):
        assert "<td>57.2</td>" in page(admin_client)

    def test_automatic_page_size_has_no_requests_to_count(self, synced, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, page_size=0)
        assert "requests a sync." not in page(admin_client)

    def test_help_text_of_one_view_does_not_stay_for_the_next(self, synced, admin_client):
        page(admin_client)
        assert page(admin_client).count("21,151 course runs: at") == 1


class TestAccess:
    """How the LMS reaches the Catalog."""

    @pytest.mark.parametrize(
        "text",
        [
            "http://catalog.example.com/api/v1",
            "<dd>COURSE_CATALOG_API_URL</dd>",
            "OAuth2 client credentials",
            "catalog-sync-worker",
            "manage.py lms catalog_sync_status --connect",
        ],
    )
    def test_is_shown_above_the_form(self, admin_client, settings, text):
        settings.COURSE_CATALOG_API_URL = "http://catalog.example.com/api/v1"
        assert text in page(admin_client).partition("Page size")[0]

    def test_is_that_of_the_chosen_catalog(self, admin_client, settings):
        settings.CATALOG_SYNC_CATALOGS = {
            "one": {"URL": "https://one.example"},
            "two": {"URL": "https://two.example"},
        }
        html = admin_client.get(f"{CONFIG}add/?catalog=two").content.decode()
        assert ("https://two.example" in html, "https://one.example" in html) == (True, False)

    def test_password_in_the_address_is_not_shown(self, admin_client, settings):
        settings.COURSE_CATALOG_API_URL = "https://me:hush@catalog.example.com/api/v1"
        html = page(admin_client)
        assert ("https://catalog.example.com/api/v1" in html, "hush" in html) == (True, False)

    def test_page_sends_no_request(self, admin_client, no_sockets, settings):
        settings.COURSE_CATALOG_API_URL = "http://catalog.example.com/api/v1"
        assert "http://catalog.example.com/api/v1" in page(admin_client)


class TestHistory:
    """Who changed what, and when."""

    def changes(self, admin_client):
        listed = admin_client.get(CONFIG).context["cl"]
        return [listed.model_admin.what_changed(row) for row in listed.result_list]

    def test_first_row_is_named(self, admin_client):
        CatalogSyncConfig.objects.create(enabled=True)
        assert self.changes(admin_client) == ["the first configuration"]

    def test_first_row_is_compared_with_the_defaults(self, admin_client):
        CatalogSyncConfig.objects.create(enabled=False)
        assert self.changes(admin_client) == ["Enabled: on → off"]

    def test_switching_off_is_confirmed(self, admin_client):
        CatalogSyncConfig.objects.create(enabled=False, page_size=500)
        assert str(CatalogSyncConfig.current("default")).startswith("switched off, page size 500")

    def test_change_is_told_with_both_values(self, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, page_size=500)
        CatalogSyncConfig.objects.create(enabled=False, page_size=1000)
        assert self.changes(admin_client)[0] == "Enabled: on → off, page size: 500 → 1,000"

    def test_rows_are_in_the_order_in_which_they_were_saved_whatever_a_clock_said(self, admin_client):
        ahead = CatalogSyncConfig.objects.create(enabled=True, page_size=500)
        CatalogSyncConfig.objects.filter(pk=ahead.pk).update(change_date=timezone.now() + timedelta(days=1))
        CatalogSyncConfig.objects.create(enabled=True, page_size=1000)
        assert self.changes(admin_client) == ["page size: 500 → 1,000", "the first configuration"]

    def test_saving_without_a_change_is_told_so(self, admin_client):
        for _ in range(2):
            CatalogSyncConfig.objects.create(enabled=True)
        assert self.changes(admin_client)[0] == "nothing"

    def test_who_and_when_come_first(self, admin_client):
        CatalogSyncConfig.objects.create(enabled=True, changed_by=get_user_model().objects.get())
        listed = admin_client.get(CONFIG).content
        assert (
            listed.index(b"field-change_date")
            < listed.index(b"field-changed_by")
            < listed.index(b"field-enabled")
        )

    def test_costs_the_same_for_many(self, admin_client, admin_user, django_assert_max_num_queries):
        for _ in range(30):
            CatalogSyncConfig.objects.create(enabled=True, changed_by=admin_user)
        with django_assert_max_num_queries(9):
            admin_client.get(CONFIG)

    def test_earlier_row_can_be_put_in_force_again(self, admin_client):
        first = CatalogSyncConfig.objects.create(enabled=True, page_size=20)
        CatalogSyncConfig.objects.create(enabled=True, page_size=500)
        admin_client.post(CONFIG, {"action": "revert", "_selected_action": [first.pk]})
        assert CatalogSyncConfig.current().page_size == 20

    def test_row_tells_who_made_it(self, admin_client, admin_user):
        row = CatalogSyncConfig.objects.create(enabled=True, changed_by=admin_user)
        shown = admin_client.get(f"{CONFIG}{row.pk}/change/").content
        assert b"field-changed_by" in shown
        assert b'name="_save"' not in shown
