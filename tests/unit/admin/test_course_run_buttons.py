"""Pinning, unpinning and syncing one course from its page in admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig, PinnedMarketingUrl, SyncRequest, SyncRun
from catalog_sync.operations.jobs import TASK
from sandbox.lms.course_overviews.models import CourseOverview
from tests.admin_client import client_of
from tests.factories import CourseOverviewFactory
from tests.unit.admin.course_runs import KEY, PIN, PIN_PAGE, PINS, URL, known, page_of, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]

SYNC = "/admin/catalog_sync/catalogoverview/course/sync/"
SOCIAL = "https://www.example.com/social"


class TestPin:
    """The form."""

    def pin(self, client, url=PIN, key=KEY, **data):
        form = {"course_key": key, "url": url, "confirmed": "on"} | data
        return client.post(PIN_PAGE, form, follow=True)

    def test_page_has_the_form(self, admin_client):
        assert b'name="course_key"' in admin_client.get(PIN_PAGE).content

    def test_starts_with_the_key_it_is_given(self, admin_client):
        response = admin_client.get(PIN_PAGE, {"course_key": KEY})
        assert f'value="{KEY}"' in response.content.decode()

    def test_pins(self, admin_client):
        CourseOverviewFactory(id=KEY)
        self.pin(admin_client)
        assert CourseOverview.objects.get().marketing_url == PIN

    @pytest.mark.parametrize(
        ("social", "level", "text"),
        [
            (None, "success", "Pinned. This URL overrides"),
            (SOCIAL, "warning", "Pinned, but learners still get the"),
        ],
    )
    def test_warns_if_learners_still_get_the_social_sharing_url(self, admin_client, social, level, text):
        CourseOverviewFactory(id=KEY, social_sharing_url=social)
        (message,) = self.pin(admin_client).context["messages"]
        assert (message.level_tag, str(message).startswith(text)) == (level, True)

    def test_keeps_who(self, admin_client, admin_user):
        self.pin(admin_client)
        assert PinnedMarketingUrl.objects.get().pinned_by == admin_user

    def test_keeps_the_reason(self, admin_client):
        admin_client.post(PIN_PAGE, {"course_key": KEY, "url": PIN, "reason": "Typo", "confirmed": "on"})
        assert PinnedMarketingUrl.objects.get().reason == "Typo"

    def test_of_a_course_that_no_catalog_lists_leads_to_the_list_of_pins(self, admin_client):
        assert self.pin(admin_client).redirect_chain[-1][0] == PINS

    def test_leads_to_the_page_of_the_course(self, admin_client):
        known()
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
            (f"{PIN}?utm_source=mail", KEY, "url"),
            (PIN, "nonsense", "course_key"),
            (PIN, "", "course_key"),
        ],
    )
    def test_error_is_shown_at_its_field(self, admin_client, url, key, field):
        assert list(self.pin(admin_client, url, key).context["form"].errors) == [field]

    def test_what_is_not_fit_pins_nothing(self, admin_client):
        self.pin(admin_client, "/relative")
        assert not PinnedMarketingUrl.objects.exists()

    def test_unknown_course_has_to_be_confirmed(self, admin_client):
        text = self.pin(admin_client, confirmed="").content.decode()
        assert "Neither the LMS nor a Catalog has this course." in text
        assert '<input type="checkbox" name="confirmed" id="id_confirmed">' in text
        assert not PinnedMarketingUrl.objects.exists()

    @pytest.mark.parametrize("place", ["LMS", "Catalog", "pin"])
    def test_known_course_need_not_be_confirmed(self, place, admin_client):
        {
            "LMS": lambda: CourseOverviewFactory(id=KEY),
            "Catalog": known,
            "pin": lambda: pin_marketing_url(KEY, URL),
        }[place]()
        self.pin(admin_client, confirmed="")
        assert PinnedMarketingUrl.objects.get().url == PIN

    def test_address_of_the_page_of_a_course_is_accepted(self, admin_client):
        self.pin(admin_client, key=f"https://lms.example.com/courses/{KEY}/about")
        assert PinnedMarketingUrl.objects.get().course_key == KEY

    def test_leads_back_to_the_link_of_the_course(self, admin_client):
        form = {"course_key": KEY, "url": PIN, "confirmed": "on"}
        response = admin_client.post(f"{PIN_PAGE}?next=link", form, follow=True)
        assert response.context["answer"].link == ""
        assert PIN in response.content.decode()

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_for_who_may(self, method):
        client = client_of("view_catalogcourserun", "view_pinnedmarketingurl", "run_sync")
        assert getattr(client, method)(PIN_PAGE).status_code == 403

    def test_permission_is_enough(self):
        response = self.pin(client_of("pin_marketing_url"))
        assert (response.status_code, PinnedMarketingUrl.objects.get().url) == (200, PIN)


class TestUnpin:
    """The button."""

    @pytest.fixture
    def pinned(self):
        known()
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        return PinnedMarketingUrl.objects.get()

    def unpin(self, client, pin):
        return client.post(f"{PINS}{pin.pk}/unpin/", follow=True)

    def test_restores_the_url_of_the_catalog(self, admin_client, pinned):
        self.unpin(admin_client, pinned)
        assert CourseOverview.objects.get().marketing_url == URL

    def test_message_has_the_link_that_learners_get(self, admin_client, pinned):
        assert said(self.unpin(admin_client, pinned)) == f"Unpinned {KEY}. Learners now get {URL}."

    def test_message_has_the_about_page_if_no_catalog_has_a_url(self, admin_client, pinned):
        known(url=None, status="unpublished")
        assert f"/courses/{KEY}/about." in said(self.unpin(admin_client, pinned))

    def test_message_has_the_social_sharing_url(self, admin_client, pinned):
        CourseOverview.objects.update(social_sharing_url=SOCIAL)
        assert f"Learners now get {SOCIAL}." in said(self.unpin(admin_client, pinned))

    def test_message_has_no_link_if_the_lms_does_not_have_the_course(self, admin_client, pinned):
        CourseOverview.objects.all().delete()
        assert said(self.unpin(admin_client, pinned)) == f"Unpinned {KEY}. The LMS does not have this course."

    def test_is_in_the_history_of_the_object(self, admin_client, pinned):
        self.unpin(admin_client, pinned)
        assert LogEntry.objects.get().get_change_message() == f"Unpinned {PIN}"

    def test_leads_back_to_the_page_of_the_course(self, admin_client, pinned):
        assert self.unpin(admin_client, pinned).redirect_chain[-1][0] == page_of(
            CatalogCourseRun.objects.get()
        )

    def test_of_a_course_that_the_catalog_never_listed_leads_to_the_list(self, admin_client):
        pin_marketing_url(KEY, PIN)
        response = self.unpin(admin_client, PinnedMarketingUrl.objects.get())
        assert response.redirect_chain[-1][0] == PINS

    def test_is_for_who_may(self, pinned):
        client = client_of("view_catalogcourserun", "view_pinnedmarketingurl", "run_sync")
        assert self.unpin(client, pinned).status_code == 403

    def test_is_posted(self, admin_client, pinned):
        assert admin_client.get(f"{PINS}{pinned.pk}/unpin/").status_code == 405

    def test_of_a_course_that_is_gone_is_not_found(self, admin_client):
        assert admin_client.post(f"{PINS}7/unpin/").status_code == 404


class TestListOfPins:
    """All pins, also those of courses that no Catalog lists."""

    @pytest.fixture(autouse=True)
    def pinned(self):
        pin_marketing_url(KEY, PIN, reason="A typing error.")
        return PinnedMarketingUrl.objects.get()

    def test_shows_the_url_and_the_reason(self, admin_client):
        text = admin_client.get(PINS).content.decode()
        assert (KEY in text, PIN in text, "A typing error." in text) == (True, True, True)

    def test_page_of_a_pin_offers_to_unpin(self, pinned):
        text = client_of("pin_marketing_url").get(f"{PINS}{pinned.pk}/change/").content.decode()
        assert f'formaction="{PINS}{pinned.pk}/unpin/?next=list"' in text

    def test_list_offers_to_unpin_to_those_who_may(self, pinned):
        text = client_of("pin_marketing_url").get(PINS).content.decode()
        assert f'formaction="{PINS}{pinned.pk}/unpin/?next=list" aria-label="Unpin {KEY}"' in text

    def test_list_offers_nothing_to_those_who_may_only_view_it(self, pinned):
        text = client_of("view_pinnedmarketingurl").get(PINS).content.decode()
        assert (PIN in text, "unpin/" in text) == (True, False)

    def test_unpinning_in_the_list_leads_back_to_it(self, admin_client, pinned):
        known()
        response = admin_client.post(f"{PINS}{pinned.pk}/unpin/?next=list", follow=True)
        assert response.redirect_chain[-1][0] == PINS
        assert f"Unpinned {KEY}." in said(response)

    def test_page_of_a_pin_offers_nothing_to_those_who_may_only_view_it(self, pinned):
        text = client_of("view_pinnedmarketingurl").get(f"{PINS}{pinned.pk}/change/").content.decode()
        assert (PIN in text, "unpin/" in text) == (True, False)

    @pytest.mark.parametrize(
        ("permission", "offers"), [("pin_marketing_url", True), ("view_pinnedmarketingurl", False)]
    )
    def test_offers_to_pin_to_those_who_may(self, permission, offers):
        assert (PIN_PAGE.encode() in client_of(permission).get(PINS).content) == offers

    def test_needs_a_permission(self):
        assert client_of("view_catalogcourserun").get(PINS).status_code == 403

    @pytest.mark.parametrize("address", ["{pk}/change/", "{pk}/delete/", "add/"])
    def test_changes_nothing_but_by_its_buttons(self, address, admin_client, pinned):
        admin_client.post(f"{PINS}{address.format(pk=pinned.pk)}", {"url": URL, "post": "yes"})
        assert PinnedMarketingUrl.objects.get().url == PIN


class TestSyncNow:
    """The button."""

    def sync(self, client, row):
        return client.post(SYNC, {"course_key": row.course_key}, follow=True)

    def test_is_handed_to_a_worker(self, admin_client, broker):
        self.sync(admin_client, known())
        arguments = {"dry_run": False, "course_keys": [KEY], "request_id": SyncRequest.objects.get().pk}
        assert broker == [(TASK, arguments)]

    def test_that_waits_for_a_worker_is_shown(self, admin_client, broker):
        response = self.sync(admin_client, known())
        assert said(response).startswith("The sync was handed to Celery.")
        assert "Waiting for a Celery worker." in response.content.decode()

    def test_progress_is_that_of_all_syncs(self, admin_client, broker):
        html = self.sync(admin_client, known()).content.decode()
        assert 'data-url="/admin/catalog_sync/syncrun/progress/"' in html

    def test_without_a_broker_says_which_command_to_run(self, admin_client):
        text = said(self.sync(admin_client, known()))
        assert f"manage.py lms update_catalog_data --course-key {KEY}" in text

    def test_while_a_sync_runs_hands_nothing_over(self, admin_client, broker):
        SyncRun.objects.create(lease="default", holder="worker 7")
        self.sync(admin_client, known())
        assert broker == []

    def test_switched_off_says_so(self, admin_client, broker):
        CatalogSyncConfig.objects.create(enabled=False)
        assert "The sync is disabled" in said(self.sync(admin_client, known()))
        assert broker == []

    def test_is_for_who_may(self, broker):
        client = client_of("view_catalogcourserun", "pin_marketing_url")
        assert (self.sync(client, known()).status_code, broker) == (403, [])

    def test_is_posted(self, admin_client):
        assert admin_client.get(SYNC).status_code == 405

    def test_leads_back_to_the_page_of_the_course(self, admin_client, broker):
        row = known()
        assert self.sync(admin_client, row).redirect_chain[-1][0] == page_of(row)
