"""The configuration page, as an operator uses it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from catalog_sync.models import CatalogSyncConfig

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def type_page_size(page, text):
    field = page.get_by_role("spinbutton", name="Page size")
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("page_size", [0, 1000, 10_000])
def test_page_size_is_saved_by_keyboard(page_size, operator, open_as):
    page = open_as(operator, "catalogsyncconfig/add/")
    type_page_size(page, str(page_size))
    assert CatalogSyncConfig.current().page_size == page_size
    assert CatalogSyncConfig.current().changed_by == operator


def test_costs_are_those_of_this_catalog(history, configuration, operator, open_as):
    page = open_as(operator, "catalogsyncconfig/add/")
    text = "A full sync of 3,300 course runs takes 7 requests, 4 percent of the hourly quota of 200."
    expect(page.get_by_text(text)).to_be_visible()
    row = page.get_by_role("row", name="500 (current)")
    assert row.locator("td").all_inner_texts()[:2] == ["7", "28"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1", "takes 3,300 requests, 1,650 percent of the hourly quota of 200. That exceeds the quota"),
        ("17", "Use a page size of at least 20, which leaves room for look-ups."),
        ("18", "takes 195 requests, 98 percent of the hourly quota of 200. Full syncs per hour: 1."),
        (
            "10000",
            "A full sync takes one request, 1 percent of the hourly quota of 200. Full syncs per hour: 200.",
        ),
        ("20", "takes 174 requests, 87 percent of the hourly quota of 200. Full syncs per hour: 1."),
        ("1000", "takes 4 requests, 2 percent of the hourly quota of 200. Full syncs per hour: 50."),
        ("0", "At each sync, the page size is chosen automatically."),
    ],
)
def test_cost_follows_the_typed_page_size(typed, sentence, history, configuration, operator, open_as):
    page = open_as(operator, "catalogsyncconfig/add/")
    page.get_by_role("spinbutton", name="Page size").fill(typed)
    expect(page.locator("#catalog-sync-cost")).to_contain_text(sentence)
    # The server has the same sentence for the same page size.
    CatalogSyncConfig.objects.create(enabled=True, page_size=int(typed))
    shown = page.locator("#catalog-sync-cost").inner_text()
    page.reload()
    expect(page.locator("#catalog-sync-cost")).to_have_text(shown)


def test_text_that_is_no_number_has_no_cost(history, configuration, operator, open_as):
    page = open_as(operator, "catalogsyncconfig/add/")
    page.get_by_role("spinbutton", name="Page size").fill("")
    expect(page.locator("#catalog-sync-cost")).to_have_text("")


def test_expensive_page_size_is_saved_when_it_is_confirmed(history, configuration, operator, open_as):
    page = open_as(operator, "catalogsyncconfig/add/")
    type_page_size(page, "1")
    expect(page.locator(".errorlist")).to_contain_text("would take 3,300 requests")
    page.get_by_label("Save anyway").check()
    type_page_size(page, "1")
    assert CatalogSyncConfig.current().page_size == 1


def test_second_tab_shows_the_changes_of_both_and_their_cost(history, configuration, operator, open_as):
    tabs = [open_as(operator, "catalogsyncconfig/add/") for _ in range(2)]
    type_page_size(tabs[0], "1000")
    tabs[1].get_by_role("spinbutton", name="Concurrency").fill("4")
    with tabs[1].expect_navigation():
        tabs[1].keyboard.press("Enter")
    expect(tabs[1].get_by_role("spinbutton", name="Page size")).to_have_value("1000")
    expect(tabs[1].get_by_role("spinbutton", name="Concurrency")).to_have_value("4")
    expect(tabs[1].locator("#catalog-sync-cost")).to_contain_text("takes 4 requests")


def test_all_columns_of_the_history_are_visible_at_1280_pixels(configuration, operator, open_as):
    values = {"request_timeout_seconds": 60, "retry_deadline_seconds": 600, "max_removal_percent": 20}
    CatalogSyncConfig.objects.create(enabled=False, changed_by=operator, **values)
    page = open_as(operator, "catalogsyncconfig/")
    right = page.locator("#result_list").evaluate("table => table.getBoundingClientRect().right")
    assert right <= page.locator(".results").evaluate("box => box.getBoundingClientRect().right") + 1
