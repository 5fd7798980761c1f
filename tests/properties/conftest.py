"""Fixtures of the property tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.properties import model_catalog


@pytest.fixture
def without_threads() -> Iterator[None]:
    """Connect the client to the model of the Catalog. Requests run in the thread of the sync, so histories repeat."""
    factory = "tests.properties.model_catalog.session"
    with (
        model_catalog.without_threads(),
        override_settings(COURSE_CATALOG_API_URL=model_catalog.API_URL, CATALOG_SYNC_SESSION_FACTORY=factory),
    ):
        yield
