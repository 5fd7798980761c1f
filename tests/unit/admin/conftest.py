"""Users and a running sync for the tests of the sync runs' pages."""

from __future__ import annotations

import pytest

from catalog_sync.models import SyncRun
from catalog_sync.store.lease import Lease
from tests.admin_client import client_of


@pytest.fixture
def running():
    """A sync that has read half of the list."""
    lease = Lease.acquire(page_size=500, concurrency=2)
    SyncRun.objects.update(catalog_count=3300, course_runs_retrieved=1650, updated=7)
    return lease


@pytest.fixture
def viewer():
    return client_of("view_syncrun")


@pytest.fixture
def operator():
    return client_of("view_syncrun", "run_sync")
