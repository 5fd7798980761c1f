"""The overview, and the banner above the lists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.models import CatalogSyncConfig, SyncRequest, SyncRun
from catalog_sync.store.lease import Lease
from tests.admin_client import client_of
from tests.factories import CourseOverviewFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]

ADMIN = "/admin/catalog_sync/"
OVERVIEW = f"{ADMIN}catalogoverview/"
LISTS = ("syncrun", "catalogcourserun", "pinnedmarketingurl", "catalogsyncconfig")
HEALTHY, NOT_HEALTHY = "The sync is healthy.", "The sync is not healthy."
WARNING = "The sync is healthy, with a warning."


def page(client, address=OVERVIEW):
    return client.get(address).content.decode()


@pytest.fixture
def synced():
    return SyncRun.objects.create(status="succeeded", finished=timezone.now(), course_runs_retrieved=5)


class TestAccess:
    """Who may view it, and from where."""

    @pytest.mark.parametrize(
        ("permissions", "status"), [(["view_syncrun"], 200), (["view_catalogcourserun"], 403)]
    )
    def test_is_for_those_who_may_view_sync_runs(self, permissions, status):
        assert client_of(*permissions).get(OVERVIEW).status_code == status

    @pytest.mark.parametrize("address", ["/admin/", ADMIN])
    @pytest.mark.parametrize(
        ("permission", "is_listed"), [("view_syncrun", True), ("view_catalogcourserun", False)]
    )
    def test_is_in_the_index_for_them(self, permission, is_listed, address):
        assert (OVERVIEW in page(client_of(permission), address)) == is_listed

    @pytest.mark.parametrize("permissions", [[], ["view_catalogcourserun"]])
    def test_search_is_for_those_who_may_view_course_runs(self, permissions):
        form = f'action="{OVERVIEW}course/" role="search"'
        assert (form in page(client_of("view_syncrun", *permissions))) == bool(permissions)

    def test_is_the_first_entry_of_the_app(self, admin_client):
        html = page(admin_client, ADMIN).partition('id="content"')[2]
        addresses = [OVERVIEW, *(f"{ADMIN}{name}/" for name in LISTS)]
        assert min(addresses, key=html.index) == OVERVIEW

    @pytest.mark.parametrize("address", ["add/", "1/change/", "1/delete/", "1/history/"])
    def test_nothing_can_be_changed(self, address, admin_client, synced):
        assert admin_client.get(f"{OVERVIEW}{address}").status_code == 404


class TestContent:
    """What it shows."""

    def test_new_installation_shows_the_first_steps_with_their_commands(self, admin_client):
        html = page(admin_client)
        steps = [
            "catalog_sync_status --connect",
            "update_catalog_data --dry-run",
            "update_catalog_data</code>",
        ]
        assert sorted(steps, key=html.index) == steps
        assert NOT_HEALTHY not in html

    def test_healthy_sync(self, admin_client, synced):
        html = page(admin_client)
        assert (HEALTHY in html, "First steps" in html) == (True, False)
        assert f"0 (sync run {synced.pk})" in html
        assert f"{synced.finished:%Y-%m-%d %H:%M} UTC (" in html

    def test_rejected_records_are_a_warning(self, admin_client):
        run = SyncRun.objects.create(status="succeeded", finished=timezone.now(), course_runs_rejected=3_000)
        html = page(admin_client)
        assert (WARNING in html, 'catalog-sync-banner warn"' in html) == (True, True)
        assert f"3,000 (sync run {run.pk})" in html

    @pytest.mark.parametrize("address", [OVERVIEW, f"{ADMIN}syncrun/"])
    def test_warning_leads_to_the_sync_run_with_the_reason(self, address, admin_client, synced):
        run = SyncRun.objects.create(status="refused", finished=timezone.now())
        html = page(admin_client, address)
        assert (WARNING in html, 'catalog-sync-banner warn"' in html) == (True, True)
        assert f"The last full sync, sync run {run.pk}, was refused." in html
        assert (
            f'href="{ADMIN}syncrun/{run.pk}/change/">Sync run {run.pk} has the reason and the remedy.' in html
        )
        assert "in Django admin" not in html.partition("catalog-sync-banner")[2].partition("</p>")[0]

    def test_number_of_rejected_records_is_unknown_if_no_list_was_read(self, admin_client):
        run = SyncRun.objects.create(status="failed", finished=timezone.now())
        assert f"(sync run {run.pk})" not in page(admin_client).partition("Rejected records")[2]

    def test_stale_sync_shows_why_and_leads_to_the_last_full_sync(self, admin_client):
        run = SyncRun.objects.create(status="failed", finished=timezone.now())
        html = page(admin_client)
        assert (NOT_HEALTHY in html, "No successful full sync in the last 12 hours" in html) == (True, True)
        assert f'href="{ADMIN}syncrun/{run.pk}/change/">Sync run {run.pk}</a>' in html

    def test_disabled_sync_is_not_called_unhealthy(self, admin_client, synced):
        CatalogSyncConfig.objects.create(enabled=False)
        html = page(admin_client)
        assert (NOT_HEALTHY in html, "The sync is disabled." in html) == (False, True)
        assert ("none: the sync is disabled" in html, "unknown: the schedule" in html) == (True, False)

    def test_late_sync_is_marked(self, admin_client):
        now = timezone.now()
        for hours in (18, 14, 10, 6):
            run = SyncRun.objects.create(status="succeeded", finished=now - timedelta(hours=hours))
            SyncRun.objects.filter(pk=run.pk).update(started=run.finished)
        assert "check the schedule" in page(admin_client)

    def test_late_sync_is_not_marked_during_an_incident(self, admin_client):
        now = timezone.now()
        for hours, status in ((18, "succeeded"), (14, "succeeded"), (10, "succeeded"), (6, "refused")):
            run = SyncRun.objects.create(status=status, finished=now - timedelta(hours=hours))
            SyncRun.objects.filter(pk=run.pk).update(started=run.finished)
        html = page(admin_client)
        assert ("was expected" in html, "check the schedule" in html) == (True, False)

    def test_share_of_courses_with_a_marketing_url(self, admin_client):
        CourseOverviewFactory(marketing_url="https://www.example.com/")
        CourseOverviewFactory()
        assert "1 of 2 (50.0%)" in page(admin_client)

    def test_running_sync_and_request_that_no_worker_took(self, admin_client):
        run_id = Lease.acquire().run_id
        SyncRequest.objects.create(command="manage.py lms update_catalog_data")
        SyncRequest.objects.update(requested=timezone.now() - timedelta(minutes=2))
        html = page(admin_client)
        assert ("<progress" in html, f">sync run {run_id}</a>" in html) == (True, True)
        assert "No Celery worker has taken the requested sync" in html

    def test_access_to_the_catalog(self, admin_client, settings):
        settings.COURSE_CATALOG_API_URL = "https://me:hush@catalog.example.com/api/v1"
        html = page(admin_client)
        assert ("https://catalog.example.com/api/v1" in html, "hush" in html) == (True, False)
        assert "OAuth2 client credentials: catalog-sync-worker" in html

    def test_dead_sync_run_is_not_shown_as_running(self, admin_client, synced):
        run_id = Lease.acquire().run_id
        SyncRun.objects.update(heartbeat=timezone.now() - timedelta(minutes=5))
        html = page(admin_client)
        assert (f">sync run {run_id}</a>" in html, f"sync run {run_id} is dead</a>" in html) == (False, True)

    def test_each_catalog_has_its_section(self, admin_client, settings, synced):
        settings.CATALOG_SYNC_CATALOGS = {
            name: {"URL": f"https://{name}.example.com/api/v1"} for name in ("default", "two")
        }
        html = page(admin_client)
        assert (html.count(HEALTHY), html.count(NOT_HEALTHY)) == (1, 1)
        assert ("https://default.example.com" in html, "https://two.example.com" in html) == (True, True)

    @pytest.mark.parametrize("count", [1, 40])
    def test_number_of_queries_does_not_grow(self, count, admin_client, django_assert_max_num_queries):
        for _ in range(count):
            SyncRun.objects.create(status="succeeded", finished=timezone.now())
        CourseOverviewFactory.create_batch(count)
        with django_assert_max_num_queries(16):
            page(admin_client)


class TestBanner:
    """The health above each list."""

    @pytest.mark.parametrize("name", LISTS)
    def test_is_above_each_list_and_leads_to_the_overview(self, name, admin_client, synced):
        html = page(admin_client, f"{ADMIN}{name}/").partition('id="content"')[2]
        assert HEALTHY in html
        assert f'<a href="{OVERVIEW}">Overview</a>' in html
        assert "The last successful full sync was 0" in html

    def test_of_a_new_installation(self, admin_client):
        assert "No sync has run yet." in page(admin_client, f"{ADMIN}syncrun/")

    def test_shows_why_the_sync_is_not_healthy(self, admin_client):
        SyncRun.objects.create(status="failed", finished=timezone.now())
        html = page(admin_client, f"{ADMIN}catalogcourserun/")
        assert (NOT_HEALTHY in html, "No successful full sync" in html) == (True, True)

    def test_is_not_shown_to_those_who_may_not_view_the_overview(self, synced):
        html = page(client_of("view_catalogcourserun"), f"{ADMIN}catalogcourserun/")
        assert (HEALTHY in html, OVERVIEW in html) == (False, False)
