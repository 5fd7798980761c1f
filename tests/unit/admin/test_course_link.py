"""The page that explains the link of one course, whichever it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import PinnedMarketingUrl, SyncRequest, SyncRun
from catalog_sync.operations.jobs import TASK
from tests.admin_client import client_of
from tests.factories import CourseOverviewFactory
from tests.unit.admin.course_runs import CCX, KEY, PIN, PIN_PAGE, PINS, URL, known, page_of, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sockets")]

HANDED_OVER = (
    "The sync was handed to Celery. If no worker takes it within a minute, this page shows what to check."
)
ADDRESS = "/admin/catalog_sync/catalogoverview/course/"


def search(client, query=KEY):
    return client.get(ADDRESS, {"q": query})


def text_of(response):
    return response.content.decode()


def explained(client, query=KEY):
    answer = search(client, query).context["answer"]
    return answer.link, answer.reason


class TestAccess:
    """Who may view it, and press its buttons."""

    @pytest.mark.parametrize(
        ("permission", "status"), [("view_catalogcourserun", 200), ("view_syncrun", 403)]
    )
    def test_is_for_those_who_may_view_course_runs(self, permission, status):
        assert search(client_of(permission)).status_code == status

    def test_viewer_has_no_buttons_and_no_link_to_the_overview(self):
        pin_marketing_url(KEY, PIN)
        html = text_of(search(client_of("view_catalogcourserun"))).partition('id="content"')[2]
        assert [word in html for word in ("Sync this course now", "Unpin", PIN_PAGE)] == [False] * 3

    @pytest.mark.parametrize(
        ("permission", "word"), [("run_sync", "Sync this course now"), ("pin_marketing_url", "Unpin")]
    )
    def test_button_is_for_those_with_its_permission(self, permission, word):
        known()
        pin_marketing_url(KEY, PIN)
        assert word in text_of(search(client_of("view_catalogcourserun", permission)))


class TestAnswer:
    """The link, the reason and the chain."""

    def test_empty_page_has_the_search_alone(self, admin_client):
        response = admin_client.get(ADDRESS)
        assert ("answer" in response.context, 'name="q"' in text_of(response)) == (False, True)

    def test_course_that_neither_has(self, admin_client):
        assert "Check the course key." in explained(admin_client)[1]
        assert "Learners get no link." in text_of(search(admin_client))

    def test_address_of_the_page_of_a_course(self, admin_client):
        known()
        CourseOverviewFactory(id=KEY)
        assert explained(admin_client, f"https://lms.example.com/courses/{KEY}/about")[0] == URL

    def test_used_link_is_marked(self, admin_client):
        known()
        CourseOverviewFactory(id=KEY)
        row = text_of(search(admin_client)).partition('<tr class="used">')[2].partition("</tr>")[0]
        assert ("Catalog" in row, URL in row) == (True, True)

    def test_pin_has_its_user_and_its_reason(self, admin_client, admin_user):
        pin_marketing_url(KEY, PIN, admin_user, "Until Friday")
        html = text_of(search(admin_client))
        assert "Pinned by admin" in html
        assert "Reason: Until Friday" in html

    def test_stored_course_run_is_linked(self, admin_client):
        row = known()
        assert page_of(row) in text_of(search(admin_client))

    @pytest.mark.parametrize("query", ["Botany", "\0", "x" * 5_000, "<script>"])
    def test_invalid_key_is_a_clear_error(self, query, admin_client):
        response = search(admin_client, query)
        assert response.status_code == 200
        assert "is not a course key. An example" in text_of(response)
        assert "/admin/catalog_sync/catalogcourserun/?q=" in text_of(response)

    def test_ccx_course_without_a_url_links_its_parent(self, admin_client):
        CourseOverviewFactory(id=CCX)
        html = text_of(search(admin_client, CCX))
        address = f"{ADDRESS}?q=course-v1%3AExampleX%2BOne%2B2026"
        assert f'its parent course run <a href="{address}">{KEY}</a> has no marketing URL: No Catalog' in html

    def test_takes_twelve_queries(self, admin_client, django_assert_max_num_queries):
        known()
        CourseOverviewFactory(id=KEY)
        with django_assert_max_num_queries(12):
            search(admin_client)


class TestButtons:
    """Sync, pin and unpin beside the answer."""

    def sync(self, client, key=KEY):
        return client.post(f"{ADDRESS}sync/?next=link", {"course_key": key}, follow=True)

    def test_sync_is_handed_to_a_worker_also_if_no_catalog_lists_the_course(self, admin_client, broker):
        CourseOverviewFactory(id=KEY)
        response = self.sync(admin_client)
        arguments = {"dry_run": False, "course_keys": [KEY], "request_id": SyncRequest.objects.get().pk}
        assert broker == [(TASK, arguments)]
        assert response.context["answer"].course_key == KEY
        assert said(response) == HANDED_OVER
        assert "Waiting for a Celery worker." in text_of(response)

    @pytest.mark.parametrize(
        ("permission", "is_shown"), [("view_syncrun", True), ("run_sync", True), ("pin_marketing_url", False)]
    )
    def test_sync_that_no_worker_takes_is_shown_to_those_it_concerns(self, permission, is_shown):
        SyncRequest.objects.create(command="manage.py lms update_catalog_data")
        SyncRequest.objects.update(requested=timezone.now() - timedelta(minutes=2))
        html = text_of(search(client_of("view_catalogcourserun", permission)))
        assert ("No Celery worker has taken the requested sync" in html) == is_shown

    def test_progress_is_for_those_who_may_view_sync_runs(self):
        SyncRun.objects.create(lease="default", holder="worker 7")
        html = text_of(search(client_of("view_catalogcourserun", "run_sync")))
        assert "catalog-sync-progress" not in html

    @pytest.mark.parametrize(
        ("place", "offers"),
        [(known, True), (lambda: CourseOverviewFactory(id=KEY), True), (lambda: None, False)],
        ids=["Catalog", "LMS", "neither"],
    )
    def test_sync_is_offered_if_the_lms_or_a_catalog_has_the_course(self, place, offers, admin_client):
        place()
        assert ("Sync this course now" in text_of(search(admin_client))) == offers

    def test_sync_of_a_course_that_neither_has_is_not_started(self, admin_client, broker):
        message = said(self.sync(admin_client))
        assert ("No sync was started" in message, f"--course-key {KEY}" in message) == (True, True)
        assert broker == []

    def test_sync_of_an_invalid_key_is_refused(self, admin_client, broker):
        assert (escape("'x' is not a course key.") in text_of(self.sync(admin_client, "x")), broker) == (
            True,
            [],
        )

    def test_sync_while_another_runs_is_refused(self, admin_client, broker):
        CourseOverviewFactory(id=KEY)
        run = SyncRun.objects.create(lease="default", holder="worker 7")
        response = self.sync(admin_client)
        assert ("is running" in said(response), broker) == (True, [])
        assert f'data-key="run-{run.pk}"' in text_of(response)

    @pytest.mark.parametrize("permissions", [["view_catalogcourserun", "pin_marketing_url"], ["run_sync"]])
    def test_sync_is_for_those_who_may(self, permissions, broker):
        assert (self.sync(client_of(*permissions)).status_code, broker) == (403, [])

    def test_sync_is_posted(self, admin_client):
        assert admin_client.get(f"{ADDRESS}sync/").status_code == 405

    def test_page_of_the_course_run_has_the_button_and_follows_the_sync(self, admin_client, broker):
        row = known()
        form = {"course_key": KEY}
        # In the form that syncs, and in the one that pins.
        assert text_of(admin_client.get(page_of(row))).count(f'name="course_key" value="{KEY}"') == 2
        response = admin_client.post(f"{ADDRESS}sync/", form, follow=True)
        assert response.redirect_chain[-1][0] == page_of(row)
        assert "Waiting for a Celery worker." in text_of(response)
        # The progress is that of all syncs.
        assert 'data-url="/admin/catalog_sync/syncrun/progress/"' in text_of(response)

    def test_pin_form_gets_the_key(self, admin_client):
        html = text_of(search(admin_client))
        address = f"{PIN_PAGE}?course_key=course-v1%3AExampleX%2BOne%2B2026&amp;next=link"
        assert f'href="{address}"' in html

    def test_unpin_leads_back_to_the_answer(self, admin_client):
        CourseOverviewFactory(id=KEY)
        pin_marketing_url(KEY, PIN)
        pin = PinnedMarketingUrl.objects.get()
        response = admin_client.post(f"{PINS}{pin.pk}/unpin/?next=link", follow=True)
        assert response.context["answer"].link.endswith("/about")
