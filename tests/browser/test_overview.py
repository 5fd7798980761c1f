"""The overview and the link of a course, as an operator uses them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import expect

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import SyncRun
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.browser.conftest import staff
from tests.browser.test_look import contrasts
from tests.factories import CourseOverviewFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY, LOCAL = "course-v1:ExampleX+Botany+2026", "course-v1:ExampleX+Local+2026"
URL = "https://www.example.com/course/botany-for-beginners-an-introduction-to-the-life-of-plants"
PIN = "https://www.example.com/autumn/local"
PHONE = {"is_mobile": True, "viewport": {"width": 390, "height": 800}}
both_themes = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture
def operator(db):
    return staff("view_syncrun", "run_sync", "view_catalogcourserun", "pin_marketing_url")


@pytest.fixture
def courses(db):
    course_runs.record({KEY: CatalogData("published", URL)}, "default")
    for key in (KEY, LOCAL):
        CourseOverviewFactory(id=key)


def search(page, text):
    page.get_by_role("searchbox", name="Course key").fill(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_new_installation(operator, open_as, picture):
    page = open_as(operator, "catalogoverview/")
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    picture(page, "overview-new")


def test_healthy_lms(history, operator, open_as, picture):
    since_then = timezone.now() - SyncRun.objects.latest("finished").finished - timedelta(minutes=20)
    SyncRun.objects.update(started=F("started") + since_then, finished=F("finished") + since_then)
    CourseOverview.objects.bulk_create(
        CourseOverviewFactory.build(id=f"course-v1:ExampleX+{n}+2026", marketing_url=URL if n > 20 else None)
        for n in range(1, 241)
    )
    page = open_as(operator, "catalogoverview/")
    expect(page.get_by_text("The sync is healthy.")).to_be_visible()
    expect(page.get_by_text("220 of 240 (91.7%)")).to_be_visible()
    picture(page, "overview-healthy")


def test_question_is_answered_from_the_overview(history, courses, operator, open_as, picture):
    page = open_as(operator, "catalogoverview/")
    picture(page, "overview")
    search(page, LOCAL)
    expect(page.get_by_role("heading", name=LOCAL)).to_be_visible()
    expect(page.get_by_text("No Catalog lists this course, so it has no marketing URL.")).to_be_visible()


def test_course_is_pinned_and_unpinned_from_its_answer_by_keyboard(courses, operator, open_as, picture):
    page = open_as(operator, "catalogoverview/course/")
    search(page, LOCAL)
    page.get_by_role("link", name="Pin a URL").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_label("Marketing URL").fill(PIN)
    page.get_by_label("Reason").fill("Marketing asked for it, until Friday")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".catalog-sync-answer .link")).to_have_text(PIN)
    expect(page.get_by_text("Marketing asked for it, until Friday")).to_be_visible()
    picture(page, "course-link")
    page.get_by_role("button", name="Unpin").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".catalog-sync-answer .link")).to_contain_text("/about")


def test_pin_is_removed_in_the_list(courses, operator, open_as):
    pin_marketing_url(LOCAL, PIN)
    page = open_as(operator, "pinnedmarketingurl/")
    page.get_by_role("button", name=f"Unpin {LOCAL}").click()
    expect(page.get_by_text(f"Unpinned {LOCAL}")).to_be_visible()
    expect(page.locator("#result_list")).to_have_count(0)


@pytest.mark.parametrize(
    "address",
    ["catalogoverview/", f"catalogoverview/course/?q={KEY.replace('+', '%2B')}", "pinnedmarketingurl/"],
)
def test_phone_shows_nothing_wider_than_the_screen(address, history, courses, operator, open_as):
    pin_marketing_url(LOCAL, PIN)
    page = open_as(operator, address, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@both_themes
@pytest.mark.parametrize("selector", [".catalog-sync-banner", "dd", "dt", "dd .help"])
def test_contrast_is_enough(selector, scheme, history, operator, open_as):
    page = open_as(operator, "catalogoverview/", color_scheme=scheme)
    assert min(contrasts(page, selector)) >= 4.5
