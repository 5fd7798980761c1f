"""Starting, watching and canceling a sync, as an operator does it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from catalog_sync.models import SyncRequest, SyncRun
from catalog_sync.operations.jobs import TASK, start_requested
from catalog_sync.store.lease import Lease
from tests.integration.processes import running_sync, wait_until

pytest_plugins = ["tests.integration.process_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HANDED = "was handed to a Celery worker."


@pytest.fixture
def running(db):
    """A sync that has read half of the list."""
    lease = Lease.acquire(page_size=500, concurrency=2)
    lease.renew(catalog_count=3300, course_runs_retrieved=1650, updated=7)
    return lease


def press(page, text):
    """Go to a button with the Tab key, and press Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == text:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"the Tab key does not lead to {text!r}")


class TestStart:
    """The buttons above the list."""

    @pytest.mark.parametrize(("button", "dry_run"), [("Run now", False), ("Dry run", True)])
    def test_by_keyboard(self, button, dry_run, operator, broker, open_as):
        page = open_as(operator, "syncrun/")
        press(page, button)
        expect(page.get_by_text(HANDED)).to_be_visible()
        arguments = {"dry_run": dry_run, "request_id": SyncRequest.objects.get().pk}
        assert broker == [(TASK, arguments)]

    def test_bar_appears_when_a_worker_starts(self, operator, broker, open_as):
        page = open_as(operator, "syncrun/")
        page.get_by_role("button", name="Run now").click()
        expect(page.get_by_text(HANDED)).to_be_visible()
        start_requested(SyncRequest.objects.get().pk)
        lease = Lease.acquire()
        expect(page.get_by_role("heading", name=f"Sync run {lease.run_id} is running")).to_be_visible()

    def test_page_shows_without_a_reload_that_no_worker_took_it(self, operator, broker, open_as):
        page = open_as(operator, "syncrun/")
        page.get_by_role("button", name="Run now").click()
        expect(page.get_by_text("Waiting for a Celery worker.")).to_be_visible()
        SyncRequest.objects.update(requested=timezone.now() - timedelta(minutes=2))
        notice = page.get_by_role("region", name="No Celery worker has taken the requested sync")
        expect(notice).to_be_visible()
        press(page, "Dismiss")
        expect(notice).to_have_count(0)


class TestProgress:
    """The bar of the running sync."""

    def test_moves_without_a_reload(self, operator, running, open_as):
        page = open_as(operator, "syncrun/")
        page.evaluate("window.sameDocument = true")
        running.renew(course_runs_retrieved=2640)
        expect(page.get_by_text("2,640 of 3,300 course runs")).to_be_visible()
        assert page.get_by_role("progressbar").evaluate("bar => bar.value") == 2640
        assert page.evaluate("window.sameDocument")

    @pytest.mark.parametrize("catalog", ["default", "partner"])
    def test_page_of_each_of_two_syncs_shows_its_own(self, catalog, operator, running, open_as):
        lease = {"default": running, "partner": Lease.acquire("partner")}[catalog]
        page = open_as(operator, f"syncrun/{lease.run_id}/change/")
        page.evaluate("window.sameDocument = true")
        lease.renew(catalog_count=3300, course_runs_retrieved=2640)
        expect(page.get_by_text("2,640 of 3,300 course runs")).to_be_visible()
        assert page.evaluate("window.sameDocument")

    def test_is_replaced_by_the_result_at_the_end(self, operator, running, open_as):
        page = open_as(operator, "syncrun/")
        running.close(status="succeeded", duration_seconds=9.2)
        expect(page.get_by_role("button", name="Run now")).to_be_visible()
        expect(page.locator(".field-state").first).to_have_text("succeeded")

    def test_moves_without_javascript(self, operator, running, open_as):
        page = open_as(operator, "syncrun/", java_script_enabled=False)
        running.renew(course_runs_retrieved=2640)
        expect(page.get_by_text("2,640 of 3,300 course runs")).to_be_visible()

    def test_keeps_the_keyboard_focus(self, operator, running, open_as):
        page = open_as(operator, "syncrun/")
        page.get_by_role("button", name="Cancel this sync").focus()
        running.renew(course_runs_retrieved=2640)
        expect(page.get_by_text("2,640 of 3,300 course runs")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel this sync")).to_be_focused()


class TestRealSync:
    """A sync from a shell, watched and canceled in the browser."""

    @pytest.fixture
    def page(self, catalog, start_sync, operator, open_as):
        catalog.control.generate(400)
        catalog.control.settings(latency=True, page_seconds=0.8)
        self.sync = start_sync("--page-size", "20", "--concurrency", "1")
        wait_until(running_sync, "the start of the sync")
        return open_as(operator, "syncrun/")

    def test_is_canceled_by_keyboard(self, page):
        expect(page.get_by_text("of 400 course runs")).to_be_visible()
        press(page, "Cancel this sync")
        assert self.sync.wait() == 1
        assert "canceled in Django admin" in self.sync.err
        expect(page.locator(".field-state").first).to_have_text("canceled")
        assert 0 < SyncRun.objects.get().course_runs_retrieved < 400
