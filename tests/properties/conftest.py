"""Fixtures of the property tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from unittest import mock

import pytest
from django.test import override_settings

from tests.properties.model_catalog import API_URL, in_this_thread


@pytest.fixture
def without_threads() -> Iterator[None]:
    """Connect the client to the model of the Catalog. Requests run in the thread of the sync, so histories repeat."""
    factory = "tests.properties.model_catalog.session"
    with (
        in_this_thread(),
        override_settings(COURSE_CATALOG_API_URL=API_URL, CATALOG_SYNC_SESSION_FACTORY=factory),
        mock.patch.object(logging.getLogger("catalog_sync"), "disabled", True),
    ):
        yield
