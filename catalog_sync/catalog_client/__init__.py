"""The HTTP client of the Catalog API."""

from __future__ import annotations

from catalog_sync.catalog_client.access import Authentication, CatalogAccess, access_to
from catalog_sync.catalog_client.client import CatalogClient
from catalog_sync.catalog_client.crawler import Crawl
from catalog_sync.catalog_client.pagination import OverlappingPages, PageRange
from catalog_sync.catalog_client.retries import Requester
from catalog_sync.catalog_client.schemas import ChangedCourses, CourseRun, Page, RejectedRecord
from catalog_sync.exceptions import RequestFailed

__all__ = [
    "Authentication",
    "CatalogAccess",
    "CatalogClient",
    "ChangedCourses",
    "CourseRun",
    "Crawl",
    "OverlappingPages",
    "Page",
    "PageRange",
    "RejectedRecord",
    "RequestFailed",
    "Requester",
    "access_to",
]
