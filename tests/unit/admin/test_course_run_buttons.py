"""Pinning, unpinning and syncing one course from its page in admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
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

    def test_starts_with_the_key_it_is_given(self, admin_client):
        response = admin_client.get(PIN_PAGE, {"course_key": KEY})
        assert f'value="{KEY}"' in response.content.decode()

    def test_pins_and_keeps_who_and_why(self):
        CourseOverviewFactory(id=KEY)
        page_of_the_course = f"https://lms.example.com/courses/{KEY}/about"
        self.pin(client_of("pin_marketing_url"), key=page_of_the_course, reason="Typo")
        pin = PinnedMarketingUrl.objects.get()
        assert (pin.course_key, pin.url, pin.pinned_by.username, pin.reason) == (KEY, PIN, "staff", "Typo")
        assert CourseOverview.objects.get().marketing_url == PIN
        assert LogEntry.objects.get().get_change_message() == f"Pinned {PIN}"

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

    def test_of_a_course_that_no_catalog_lists_leads_to_the_list_of_pins(self, admin_client):
        assert self.pin(admin_client).redirect_chain[-1][0] == PINS

    def test_leads_to_the_page_of_the_course(self, admin_client):
        known()
        response = self.pin(admin_client)
        assert response.redirect_chain[-1][0] == page_of(CatalogCourseRun.objects.get())

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

    def test_leads_back_to_the_link_of_the_course(self, admin_client):
        form = {"course_key": KEY, "url": PIN, "confirmed": "on"}
        response = admin_client.post(f"{PIN_PAGE}?next=link", form, follow=True)
        assert response.context["answer"].link == ""
        assert PIN in response.content.decode()

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_for_who_may(self, method):
        client = client_of("view_catalogcourserun", "view_pinnedmarketingurl", "run_sync")
        assert getattr(client, method)(PIN_PAGE).status_code == 403


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

    def test_restores_the_url_of_the_catalog_and_leads_back_to_the_course(self, admin_client, pinned):
        response = self.unpin(admin_client, pinned)
        assert CourseOverview.objects.get().marketing_url == URL
        assert said(response) == f"Unpinned {KEY}. Learners now get {URL}."
        assert response.redirect_chain[-1][0] == page_of(CatalogCourseRun.objects.get())
        assert LogEntry.objects.get().get_change_message() == f"Unpinned {PIN}"

    def test_message_has_the_about_page_if_no_catalog_has_a_url(self, admin_client, pinned):
        known(url=None, status="unpublished")
        assert f"/courses/{KEY}/about." in said(self.unpin(admin_client, pinned))

    def test_message_has_no_link_if_the_lms_does_not_have_the_course(self, admin_client, pinned):
        CourseOverview.objects.all().delete()
        assert said(self.unpin(admin_client, pinned)) == f"Unpinned {KEY}. The LMS does not have this course."

    def test_of_a_course_that_the_catalog_never_listed_leads_to_the_list(self, admin_client):
        pin_marketing_url(KEY, PIN)
        response = self.unpin(admin_client, PinnedMarketingUrl.objects.get())
        assert response.redirect_chain[-1][0] == PINS

    def test_is_for_who_may(self, pinned):
        client = client_of("view_catalogcourserun", "view_pinnedmarketingurl", "run_sync")
        assert self.unpin(client, pinned).status_code == 403

    def test_is_posted(self, admin_client, pinned):
        assert admin_client.get(f"{PINS}{pinned.pk}/unpin/").status_code == 405


class TestListOfPins:
    """All pins, also those of courses that no Catalog lists."""

    @pytest.fixture(autouse=True)
    def pinned(self):
        pin_marketing_url(KEY, PIN, reason="A typing error.")
        return PinnedMarketingUrl.objects.get()

    @pytest.mark.parametrize(
        ("permission", "offers"), [("pin_marketing_url", True), ("view_pinnedmarketingurl", False)]
    )
    def test_list_and_page_of_a_pin_have_the_buttons_for_those_who_may(self, permission, offers, pinned):
        client = client_of(permission)
        pages = [client.get(each).content.decode() for each in (PINS, f"{PINS}{pinned.pk}/change/")]
        for page in pages:
            assert (KEY in page, PIN in page, "A typing error." in page) == (True, True, True)
            assert (
                f'formaction="{PINS}{pinned.pk}/unpin/?next=list" aria-label="Unpin {KEY}"' in page
            ) == offers
        assert (PIN_PAGE in pages[0]) == offers

    def test_needs_a_permission(self):
        assert client_of("view_catalogcourserun").get(PINS).status_code == 403

    def test_unpinning_in_the_list_leads_back_to_it(self, admin_client, pinned):
        known()
        response = admin_client.post(f"{PINS}{pinned.pk}/unpin/?next=list", follow=True)
        assert response.redirect_chain[-1][0] == PINS
        assert f"Unpinned {KEY}." in said(response)

    @pytest.mark.parametrize("address", ["{pk}/change/", "{pk}/delete/", "add/"])
    def test_changes_nothing_but_by_its_buttons(self, address, admin_client, pinned):
        admin_client.post(f"{PINS}{address.format(pk=pinned.pk)}", {"url": URL, "post": "yes"})
        assert PinnedMarketingUrl.objects.get().url == PIN
