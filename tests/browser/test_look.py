"""The look of the pages, and the pictures of the documentation."""

from __future__ import annotations

import pytest

from catalog_sync.models import CatalogCourseRun, SyncRun, SyncRunChange
from catalog_sync.store.lease import Lease
from tests.browser.conftest import staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


# The contrast of an element with its background, by the relative luminance of WCAG 2.1.
CONTRAST = """
element => {
    const channels = color => color.match(/[\\d.]+/g).map(Number);
    const luminance = color => {
        const [r, g, b] = channels(color).map(value => value / 255).map(
            value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
        );
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(element);
    const own = luminance(element instanceof SVGElement ? style.fill : style.color);
    let behind = element;
    while (behind.parentElement && channels(getComputedStyle(behind).backgroundColor)[3] === 0) {
        behind = behind.parentElement;
    }
    const ground = luminance(getComputedStyle(behind).backgroundColor);
    return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
}
"""
both_themes = pytest.mark.parametrize("scheme", ["light", "dark"])


def contrasts(page, selector):
    elements = page.locator(selector).all()
    assert elements, selector
    return [element.evaluate(CONTRAST) for element in elements]


@pytest.fixture
def running(history):
    lease = Lease.acquire(page_size=500, concurrency=2)
    lease.renew(catalog_count=3300, course_runs_retrieved=1497, updated=6, pages=3)
    return lease


@pytest.fixture
def allower(db):
    return staff("view_syncrun", "allow_removals", "view_catalogcourserun")


@pytest.fixture
def refused(history):
    """The latest sync run, as one that refused to remove 45 marketing URLs."""
    run = history[-1]
    run.status, run.removed = SyncRun.Status.REFUSED, 0
    run.message = (
        "Refused to remove 45 of 312 marketing URLs (more than 10 %), so none was removed. The Catalog's list may be "
        "incomplete. If the courses are missing in the Catalog, too, choose Allow these removals in Django admin, or "
        "run the command again with --allow-removals."
    )
    run.save()
    SyncRunChange.objects.bulk_create(
        SyncRunChange(
            sync_run=run,
            kind="removed",
            course_key=f"course-v1:ExampleX+Botany{number:02}+2026",
            old=f"https://www.example.com/course/botany-for-everyone-{number}",
            reason="The Catalog does not list the course run.",
        )
        for number in range(45)
    )
    return run


@both_themes
def test_sync_runs(scheme, history, operator, open_as, picture):
    page = open_as(operator, "syncrun/", color_scheme=scheme)
    assert page.locator(".catalog-sync-charts svg").count() == 3
    picture(page, f"sync-runs-{scheme}")


@both_themes
@pytest.mark.parametrize(
    ("selector", "least"),
    [
        (".catalog-sync-charts svg text", 4.5),
        ("rect.catalog-sync-color-0 >> nth=0", 3),
        ("rect.catalog-sync-color-1 >> nth=0", 3),
        ("rect.catalog-sync-color-2 >> nth=0", 3),
        (".catalog-sync-status", 4.5),
        (".catalog-sync-charts .help", 4.5),
    ],
)
def test_contrast_is_enough(selector, least, scheme, history, operator, open_as):
    page = open_as(operator, "syncrun/", color_scheme=scheme)
    assert min(contrasts(page, selector)) >= least


def test_theme_of_the_admin_overrides_that_of_the_system(history, operator, open_as):
    page = open_as(operator, "syncrun/", color_scheme="dark")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert min(contrasts(page, ".catalog-sync-charts svg text")) >= 4.5
    assert min(contrasts(page, ".catalog-sync-status")) >= 4.5


def test_numbers_of_a_chart_are_in_a_table(history, operator, open_as):
    page = open_as(operator, "syncrun/")
    page.locator("figure summary").first.focus()
    page.keyboard.press("Enter")
    table = page.locator("figure table").first
    assert table.is_visible()
    assert table.locator("tbody tr").count() == 30


def test_phone_shows_the_charts_in_one_column_and_nothing_wider_than_the_screen(history, operator, open_as):
    page = open_as(operator, "syncrun/", is_mobile=True, viewport={"width": 400, "height": 800})
    assert page.locator(".catalog-sync-charts").evaluate("element => element.scrollWidth <= innerWidth")
    lefts = [figure.bounding_box()["x"] for figure in page.locator("figure").all()]
    assert len(set(lefts)) == 1


@pytest.mark.parametrize("address", ["syncrun/", "catalogcourserun/"])
def test_all_columns_are_visible_at_1280_pixels(address, refused, history, allower, open_as):
    kinds = ({"scope": "changed", "dry_run": True}, {"scope": "course_keys", "dry_run": True})
    for run, values in zip(history[30:], kinds, strict=False):
        numbers = {"updated": 12_914, "removed": 1_264, "duration_seconds": 1_234.5}
        message = "The Catalog's list could not be read completely."
        SyncRun.objects.filter(pk=run.pk).update(status="incomplete", message=message, **numbers, **values)
    CatalogCourseRun.objects.create(
        course_key="course-v1:ExampleX+Botany101+2026_Spring", marketing_url=f"https://a.b/{'long/' * 50}"
    )
    page = open_as(allower, address)
    right = page.locator("#result_list").evaluate("table => table.getBoundingClientRect().right")
    assert right <= page.locator(".results").evaluate("box => box.getBoundingClientRect().right") + 1


@pytest.mark.parametrize("width", [390, 1280])
def test_urls_and_reasons_of_changes_are_visible_to_their_ends(width, refused, allower, open_as):
    url = f"https://www.marketing.example.com/course/{'long-' * 20}end"
    reason = "the Catalog's list has no usable marketing URL for it"
    refused.changes.update(old=url, new=f"{url}ing", reason=reason)
    options = {"is_mobile": width < 1024, "viewport": {"width": width, "height": 900}}
    page = open_as(allower, f"syncrun/{refused.pk}/change/", **options)
    cells = page.locator(".catalog-sync-changes td").all()
    fits = "each => [each, ...each.children].every(e => !e.clientWidth || e.scrollWidth <= e.clientWidth + 1)"
    assert all(cell.evaluate(fits) for cell in cells)
    assert max(cell.evaluate("cell => cell.getBoundingClientRect().right") for cell in cells) <= width


def test_long_url_takes_one_line(allower, open_as):
    for number, url in enumerate(("https://a.b/", f"https://a.b/{'long/' * 50}")):
        CatalogCourseRun.objects.create(course_key=f"course-v1:A+B+{number}", marketing_url=url)
    page = open_as(allower, "catalogcourserun/")
    short, long = (cell.bounding_box()["height"] for cell in page.locator("td.field-url").all())
    assert short == long


@both_themes
@pytest.mark.parametrize("width", [390, 1280])
def test_refused_run(scheme, width, refused, allower, open_as, picture):
    options = {"is_mobile": width < 1024, "viewport": {"width": width, "height": 900}}
    page = open_as(allower, f"syncrun/{refused.pk}/change/", color_scheme=scheme, **options)
    assert page.get_by_text("Refused (45)").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (
        min(contrasts(page, ".catalog-sync-message, .catalog-sync-changes td, .catalog-sync-changes a"))
        >= 4.5
    )
    if (scheme, width) == ("light", 1280):
        picture(page, "sync-run-refused")


def test_refused_removals_are_allowed_by_keyboard(refused, allower, open_as, broker, picture):
    page = open_as(allower, f"syncrun/{refused.pk}/change/")
    page.get_by_role("link", name="Allow these removals").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    picture(page, "allow-removals")
    assert page.get_by_text("course-v1:ExampleX+Botany00+2026").is_visible()
    assert broker == []
    page.get_by_role("button", name="Yes, remove these marketing URLs").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert [arguments["allow_removals"] for _, arguments in broker] == [True]


def test_running(running, operator, open_as, picture):
    page = open_as(operator, "syncrun/")
    assert page.get_by_role("progressbar").is_visible()
    picture(page, "sync-running")


def test_failed_run(history, operator, open_as, picture):
    page = open_as(operator, f"syncrun/{history[37].pk}/change/")
    assert page.get_by_text("The Catalog answered HTTP 503. Check the Catalog").is_visible()
    picture(page, "sync-run-failed", whole=True)


def test_configuration(history, configuration, operator, open_as, picture):
    page = open_as(operator, "catalogsyncconfig/add/")
    assert page.get_by_role("heading", name="Cost of page sizes with 3,300 course runs").is_visible()
    picture(page, "configuration", whole=True)


def test_history_of_the_configuration(configuration, operator, open_as, picture):
    page = open_as(operator, "catalogsyncconfig/")
    picture(page, "configuration-history")
