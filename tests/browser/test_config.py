"""The configuration page, as an operator uses it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from catalog_sync.models import CatalogSyncConfig

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def type_page_size(page, text):
    field = page.get_by_label("Page size")
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


def test_page_size_out_of_range_is_refused_with_a_reason(operator, open_as):
    page = open_as(operator, "catalogsyncconfig/add/")
    type_page_size(page, "10001")
    expect(page.locator(".errorlist")).to_contain_text("10,000")
    assert not CatalogSyncConfig.objects.exists()


def test_costs_are_those_of_this_catalog(history, configuration, operator, open_as):
    page = open_as(operator, "catalogsyncconfig/add/")
    text = "The Catalog has 3,300 course runs. At page size 500, a full sync takes 7 requests."
    expect(page.get_by_text(text)).to_be_visible()
    row = page.get_by_role("row", name="500 (current)")
    assert row.locator("td").all_inner_texts()[:2] == ["7", "28"]


def test_history_shows_who_changed_what(configuration, operator, open_as):
    page = open_as(operator, "catalogsyncconfig/")
    newest = page.locator("#result_list tbody tr").first
    expect(newest.locator(".field-changed_by")).to_have_text("operator")
    expect(newest.locator(".field-what_changed")).to_have_text("page size: 20 → 500")
