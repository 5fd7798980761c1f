"""Fixtures for tests of faults: an LMS and a Catalog that differ in every row, and one sync between them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog_sync.catalog_client import retries
from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory
from tests.integration.faulty import ALL, PAGE_SIZE, UNLISTED, Sync, key, old_url, row
from tests.raw_server import Answer, RawServer


@pytest.fixture
def quick(monkeypatch) -> None:
    """Wait less between attempts."""
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retries, "MAX_WAIT_SECONDS", 0.05)


@pytest.fixture
def lms(db) -> None:
    """An LMS that was synced long ago: all its URLs are old, and the Catalog lists all but one of its course runs."""
    keys = [*map(key, ALL), UNLISTED]
    CourseOverview.objects.bulk_create(
        CourseOverviewFactory.build(id=course_key, marketing_url=old_url(course_key)) for course_key in keys
    )
    CatalogCourseRun.objects.bulk_create(
        CatalogCourseRun(course_key=course_key, status="published", marketing_url=old_url(course_key))
        for course_key in keys
    )


@pytest.fixture
def sync(lms, catalog, caplog, quick) -> Sync:
    """A sync of an LMS with only old URLs from a Catalog with only new ones."""
    caplog.set_level(logging.DEBUG)
    catalog.control.set_runs(row(n) for n in ALL)
    return Sync(caplog, catalog, [])


@pytest.fixture
def fault(catalog) -> Callable[..., None]:
    """Make requests for the list of course runs fail; ``offset`` selects the page, None all of them."""

    def order(
        kind: str, *, offset: int | None = None, times: int | None = 1, nth: int = 1, **parameters: Any
    ) -> None:
        match: dict[str, Any] = {"path": "/api/v1/course_runs/", "nth": nth}
        if offset is not None:
            match["params"] = {"offset": str(offset), "limit": str(PAGE_SIZE)}
        catalog.control.fault(kind, match=match, times=times, **parameters)

    return order


@pytest.fixture
def raw_catalog(settings) -> Iterator[Callable[[Answer | bytes], RawServer]]:
    """Replace the Catalog with a server that answers with given bytes; tokens still come from the stand-in."""
    servers = []

    def start(answer: Answer | bytes) -> RawServer:
        servers.append(RawServer(answer))
        settings.COURSE_CATALOG_API_URL = f"{servers[-1].url}/api/v1"
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)
