"""Checks that the LMS's own links use marketing URLs."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks

from catalog_sync import conf
from catalog_sync.openedx.links import returns_marketing_urls


def check_links() -> Iterator[checks.CheckMessage]:
    """Check that the LMS's own function returns marketing URLs."""
    if returns_marketing_urls():
        return
    if not conf.about_page_filter_enabled():
        cause, hint = "CATALOG_SYNC_ABOUT_PAGE_FILTER is off", "Set CATALOG_SYNC_ABOUT_PAGE_FILTER to True."
    else:
        cause = f"OPEN_EDX_FILTERS_CONFIG does not contain the filter step {conf.ABOUT_PAGE_STEP}"
        hint = f'Add "{conf.ABOUT_PAGE_STEP}" to the pipeline of "{conf.ABOUT_PAGE_FILTER}" in OPEN_EDX_FILTERS_CONFIG.'
    yield checks.Warning(
        f"The LMS does not give learners the marketing URLs, because {cause} and FEATURES['ENABLE_MKTG_SITE'] is off.",
        hint=hint,
        id="catalog_sync.W012",
    )
