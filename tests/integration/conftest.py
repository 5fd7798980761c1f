"""Fixtures of the integration tests."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.fixture
def connection_that_takes_a_whole_page(monkeypatch):
    """Django splits what it inserts into SQLite by a limit of parameters that SQLite itself has long raised."""
    if connection.vendor == "sqlite":
        monkeypatch.setattr(connection.features.__class__, "max_query_params", 250_000)
