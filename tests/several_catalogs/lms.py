"""Functions and values that the tests of several Catalogs share."""

from __future__ import annotations

from typing import Any

import requests

from catalog_sync.api import update_catalog_data
from catalog_sync.catalog_client.auth import oauth_session
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import course_runs
from catalog_sync.store.precedence import published_course_run
from catalog_sync.sync import SyncReport
from sandbox.catalog.auth import CLIENT_SECRET
from sandbox.lms.course_overviews.models import CourseOverview

PARTNER_SECRET = CLIENT_SECRET
KEYS = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(8)]
KEY, OTHER = KEYS[:2]
CCX = "ccx-v1:ExampleX+C00+2026+ccx@1"
URL, PARTNER_URL, FOREIGN_URL = (f"https://www.example.com/{name}" for name in ("ours", "partner", "foreign"))


def sync(*names: str, **options: Any) -> SyncReport:
    """Sync the Catalogs of these names, one after the other in this order; return the last report."""
    reports = [update_catalog_data(catalogs=[name], **options) for name in names]
    assert [report.status for report in reports] == ["succeeded"] * len(reports)
    return reports[-1]


def lists(catalog: Any, *keys: str, url: str | None = None, **values: Any) -> None:
    """Let a Catalog list only these course runs, with this URL."""
    catalog.control.set_runs([{"key": key, "marketing_url": url} | values for key in keys])


def marketing_url(key: str = KEY) -> str | None:
    return CourseOverview.objects.get(pk=key).marketing_url


def provider(key: str = KEY) -> str | None:
    """Return the Catalog whose values are published for this course key."""
    return providers().get(key)


def providers() -> dict[str, str]:
    stored = course_runs.read(CatalogCourseRun.objects.values_list("course_key", flat=True))
    return {key: published_course_run(some).catalog for key, some in stored.course_runs.items()}


def listed_by(key: str = KEY) -> set[str]:
    """Return the Catalogs that list this course key."""
    return set(CatalogCourseRun.objects.filter(course_key=key).values_list("catalog", flat=True))


requested_sessions: list[str] = []


def session_for(catalog_name: str) -> requests.Session:
    """Return a session of the host's own, as ``CATALOG_SYNC_SESSION_FACTORY`` names it."""
    requested_sessions.append(catalog_name)
    return oauth_session(catalog_name)
