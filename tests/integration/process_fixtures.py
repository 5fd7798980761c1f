"""Fixtures for tests that share their database with other processes and threads."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from sandbox.catalog.testing import CatalogProcess
from tests import sqlite_files
from tests.integration.processes import Sync
from tests.integration.workers import database_url


@pytest.fixture
def shared_database(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """Return the URL of the test's database. SQLite's is copied from memory to a file for this test."""
    if connection.vendor != "sqlite":
        yield database_url()
        return
    connection.ensure_connection()
    in_memory, settings = connection.connection, connection.settings_dict
    name, path = settings["NAME"], tmp_path / "lms.sqlite3"
    with closing(sqlite3.connect(path)) as target:
        in_memory.backup(target)
    settings["NAME"], connection.connection = str(path), None
    settings["OPTIONS"]["init_command"] = sqlite_files.INIT_COMMAND
    yield sqlite_files.url(path)
    connection.close()
    del settings["OPTIONS"]["init_command"]
    settings["NAME"], connection.connection = name, in_memory


@pytest.fixture
def catalogs_environment(catalog: CatalogProcess) -> dict[str, str]:
    """Return the environment variables that an LMS in another process needs to use the Catalog."""
    return catalog.lms_environment


@pytest.fixture
def start_sync(shared_database: str, catalogs_environment: dict[str, str]) -> Iterator[Callable[..., Sync]]:
    """Return a function that starts a sync with these options. The test's end kills running ones."""
    environment = os.environ | {"LMS_DATABASE_URL": shared_database} | catalogs_environment
    started: list[Sync] = []

    def start(*options: str) -> Sync:
        started.append(Sync(environment, *options))
        return started[-1]

    yield start
    for sync in started:
        if sync.process.poll() is None:
            sync.kill()
