"""Looking a course up, and pinning its URL, as an operator does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from catalog_sync.api import pin_marketing_url
from catalog_sync.models import CatalogCourseRun, SyncRequest
from catalog_sync.store import course_runs
from catalog_sync.store.course_runs import CatalogData
from sandbox.lms.course_overviews.models import CourseOverview
from tests.browser.conftest import staff
from tests.factories import CourseOverviewFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = "course-v1:ExampleX+Botany+2026"
URL, PIN = "https://www.example.com/course/botany", "https://www.example.com/autumn/botany"


@pytest.fixture
def pinner(db):
    return staff("view_catalogcourserun", "pin_marketing_url", "run_sync")


@pytest.fixture
def courses(db):
    """Courses in and out of step, without a URL, and not in the LMS."""
    course_runs.record(
        {
            KEY: CatalogData("published", URL),
            "course-v1:ExampleX+Chemistry+2026": CatalogData(
                "published", "https://www.example.com/course/chemistry"
            ),
            "course-v1:ExampleX+Drawing+2026": CatalogData("unpublished", None),
            "course-v1:OtherX+Economics+2026": CatalogData(
                "published", "https://www.example.com/course/economics"
            ),
        },
        "default",
    )
    CourseOverviewFactory(id=KEY)
    CourseOverviewFactory(id="course-v1:ExampleX+Drawing+2026")
    # It shows what another tool has written.
    CourseOverviewFactory(id="course-v1:ExampleX+Chemistry+2026")
    CourseOverview.objects.filter(pk="course-v1:ExampleX+Chemistry+2026").update(marketing_url=PIN)


def open_course(page):
    page.goto(
        f"/admin/catalog_sync/catalogcourserun/{CatalogCourseRun.objects.get(course_key=KEY).pk}/change/"
    )
    return page


def test_course_is_found_by_the_beginning_of_its_key(courses, pinner, open_as, picture):
    page = open_as(pinner, "catalogcourserun/")
    picture(page, "course-runs")
    page.locator("#searchbar").fill("course-v1:OtherX")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_shows_which_link_a_learner_gets(scheme, courses, pinner, open_as, picture):
    page = open_course(open_as(pinner, "catalogcourserun/", color_scheme=scheme))
    expect(page.locator(".field-link a")).to_have_text(URL)
    if scheme == "light":
        picture(page, "course-run", whole=True)


def test_pin_by_keyboard_wins_until_it_is_taken_away(courses, pinner, open_as):
    page = open_course(open_as(pinner, "catalogcourserun/"))
    page.get_by_role("textbox", name="Marketing URL").focus()
    page.keyboard.type(PIN)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".field-link a")).to_have_text(PIN)
    expect(page.locator(".field-pinned_by")).to_contain_text("operator")
    assert CourseOverview.objects.get(pk=KEY).marketing_url == PIN
    page.get_by_role("button", name="Unpin").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".field-link a")).to_have_text(URL)
    assert CourseOverview.objects.get(pk=KEY).marketing_url == URL


def test_sync_of_one_course_without_a_broker_shows_the_command(courses, pinner, open_as):
    page = open_course(open_as(pinner, "catalogcourserun/"))
    page.get_by_role("button", name="Sync this course now").click()
    expect(page.get_by_text(f"--course-key {KEY}")).to_be_visible()


def test_list_shows_the_end_of_a_long_url(pinner, open_as):
    CatalogCourseRun.objects.create(course_key=KEY, marketing_url=f"https://a.b/{'long/' * 50}slug/")
    page = open_as(pinner, "catalogcourserun/")
    box, text = page.locator(".catalog-sync-url"), page.locator(".catalog-sync-url bdi")
    right_of_box, right_of_text = (
        each.evaluate("element => element.getBoundingClientRect().right") for each in (box, text)
    )
    assert right_of_text == pytest.approx(right_of_box, abs=1)
    assert text.evaluate("element => getComputedStyle(element).direction") == "ltr"


def test_phone_shows_the_whole_button_that_unpins(pinner, open_as):
    pin_marketing_url(KEY, f"https://www.example.com/{'long/' * 20}")
    page = open_as(pinner, "pinnedmarketingurl/", is_mobile=True, viewport={"width": 390, "height": 800})
    results, button = page.locator(".results"), page.get_by_role("button", name="Unpin")
    assert button.bounding_box()["x"] + button.bounding_box()["width"] <= (
        results.bounding_box()["x"] + results.bounding_box()["width"]
    )


def test_sync_that_no_worker_takes_is_beside_the_button(courses, pinner, open_as):
    SyncRequest.objects.create(command="manage.py lms update_catalog_data")
    SyncRequest.objects.update(requested=timezone.now() - timedelta(minutes=2))
    page = open_course(open_as(pinner, "catalogcourserun/"))
    notice = page.get_by_role("region", name="No Celery worker has taken the requested sync")
    expect(notice).to_be_visible()
    history = page.get_by_role("link", name="History").bounding_box()
    assert history["y"] + history["height"] <= notice.bounding_box()["y"]
