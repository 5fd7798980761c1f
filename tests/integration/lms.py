"""What the LMS and the Catalog have at the end of a test, and what a sync looked up by key."""

from __future__ import annotations

from sandbox.catalog.testing import CatalogProcess, LoggedRequest
from sandbox.lms.course_overviews.models import CourseOverview


def marketing_url(key: str) -> str | None:
    """Return the marketing URL of a course overview."""
    return CourseOverview.objects.get(pk=key).marketing_url


def marketing_urls() -> dict[str, str | None]:
    """Return the marketing URLs of the course overviews, by course key."""
    return {str(key): url for key, url in CourseOverview.objects.values_list("id", "marketing_url")}


def number_of_marketing_urls() -> int:
    """Return how many course overviews have a marketing URL."""
    return CourseOverview.objects.filter(marketing_url__isnull=False).count()


def published_urls(catalog: CatalogProcess) -> dict[str, str | None]:
    """Return the marketing URLs of the published course runs in the Catalog, by course key."""
    return {
        row["key"]: row["marketing_url"] for row in catalog.control.runs() if row["status"] == "published"
    }


def look_ups(catalog: CatalogProcess) -> list[LoggedRequest]:
    """Return the requests for given course keys since the last ``clear_requests``."""
    return [request for request in catalog.control.requests() if "keys" in request.params]
