"""Pinning, unpinning and syncing one course from its page in admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, SyncRun
from catalog_sync.operations.jobs import TASK
from sandbox.lms.course_overviews.models import CourseOverview
from tests.admin_client import client_of
from tests.factories import CourseOverviewFactory
from tests.unit.admin.course_runs import KEY, LIST, PIN, PIN_PAGE, URL, known, page_of, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]


class TestPin:
    """The form."""

    def pin(self, client, url=PIN, key=KEY):
        return client.post(PIN_PAGE, {"course_key": key, "url": url}, follow=True)

    def test_page_has_the_form(self, admin_client):
        assert b'name="course_key"' in admin_client.get(PIN_PAGE).content

    def test_starts_with_the_key_it_is_given(self, admin_client):
        response = admin_client.get(PIN_PAGE, {"course_key": KEY})
        assert f'value="{KEY}"' in response.content.decode()

    def test_pins(self, admin_client):
        CourseOverviewFactory(id=KEY)
        self.pin(admin_client)
        assert CourseOverview.objects.get().marketing_url == PIN

    def test_keeps_who(self, admin_client, admin_user):
        self.pin(admin_client)
        assert CatalogCourseRun.objects.get().pinned_by == admin_user

    def test_leads_to_the_page_of_the_course(self, admin_client):
        response = self.pin(admin_client)
        assert response.redirect_chain[-1][0] == page_of(CatalogCourseRun.objects.get())

    def test_is_in_the_history_of_the_object(self, admin_client):
        self.pin(admin_client)
        assert LogEntry.objects.get().get_change_message() == f"Pinned {PIN}"

    @pytest.mark.parametrize(
        ("url", "key", "field"),
        [
            ("/relative", KEY, "url"),
            ("", KEY, "url"),
            ("javascript:alert(1)", KEY, "url"),
            (PIN, "nonsense", "course_key"),
            (PIN, "", "course_key"),
        ],
    )
    def test_what_is_not_fit_is_told_at_its_field(self, admin_client, url, key, field):
        assert list(self.pin(admin_client, url, key).context["form"].errors) == [field]

    def test_what_is_not_fit_pins_nothing(self, admin_client):
        self.pin(admin_client, "/relative")
        assert not CatalogCourseRun.objects.exists()

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_for_who_may(self, method):
        client = client_of("view_catalogcourserun", "run_sync")
        assert getattr(client, method)(PIN_PAGE).status_code == 403

    def test_permission_is_enough(self):
        self.pin(client_of("change_catalogcourserun"))
        assert CatalogCourseRun.objects.get().pinned_url == PIN


class TestUnpin:
    """The button."""

    @pytest.fixture
    def pinned(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        return CatalogCourseRun.objects.get()

    def unpin(self, client, row):
        return client.post(f"{LIST}{row.pk}/unpin/", follow=True)

    def test_restores_the_url_of_the_catalog(self, admin_client, pinned):
        self.unpin(admin_client, pinned)
        assert CourseOverview.objects.get().marketing_url == URL

    def test_is_in_the_history_of_the_object(self, admin_client, pinned):
        self.unpin(admin_client, pinned)
        assert LogEntry.objects.get().get_change_message() == f"Unpinned {PIN}"

    def test_leads_back_to_the_page_of_the_course(self, admin_client, pinned):
        assert self.unpin(admin_client, pinned).redirect_chain[-1][0] == page_of(pinned)

    def test_of_a_course_that_the_catalog_never_listed_leads_to_the_list(self, admin_client):
        pin_marketing_url(KEY, PIN)
        response = self.unpin(admin_client, CatalogCourseRun.objects.get())
        assert response.redirect_chain[-1][0] == LIST

    def test_is_for_who_may(self, pinned):
        assert self.unpin(client_of("view_catalogcourserun", "run_sync"), pinned).status_code == 403

    def test_is_posted(self, admin_client, pinned):
        assert admin_client.get(f"{LIST}{pinned.pk}/unpin/").status_code == 405

    def test_of_a_course_that_is_gone_is_not_found(self, admin_client):
        assert admin_client.post(f"{LIST}7/unpin/").status_code == 404


class TestSyncNow:
    """The button."""

    def sync(self, client, row):
        return client.post(f"{LIST}{row.pk}/sync/", follow=True)

    def test_is_handed_to_a_worker(self, admin_client, broker):
        self.sync(admin_client, known())
        assert broker == [(TASK, {"dry_run": False, "course_keys": [KEY]})]

    def test_without_a_broker_says_which_command_to_run(self, admin_client):
        text = said(self.sync(admin_client, known()))
        assert f"manage.py update_catalog_data --course-key {KEY}" in text

    def test_while_a_sync_runs_hands_nothing_over(self, admin_client, broker):
        SyncRun.objects.create(lease="default", holder="worker 7")
        self.sync(admin_client, known())
        assert broker == []

    def test_switched_off_says_so(self, admin_client, broker):
        CatalogSyncConfig.objects.create(enabled=False)
        assert "The sync is disabled" in said(self.sync(admin_client, known()))
        assert broker == []

    def test_is_for_who_may(self, broker):
        client = client_of("view_catalogcourserun", "change_catalogcourserun")
        assert (self.sync(client, known()).status_code, broker) == (403, [])

    def test_is_posted(self, admin_client):
        assert admin_client.get(f"{LIST}{known().pk}/sync/").status_code == 405

    def test_leads_back_to_the_page_of_the_course(self, admin_client, broker):
        row = known()
        assert self.sync(admin_client, row).redirect_chain[-1][0] == page_of(row)
