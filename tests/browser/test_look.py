"""The look of the pages, and the pictures of the documentation."""

from __future__ import annotations

import pytest

from catalog_sync.store.lease import Lease

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
