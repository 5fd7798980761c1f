"""The marketing URLs for the LMS's own links, read once per organization and request."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from edx_django_utils.cache import RequestCache

from catalog_sync import conf
from catalog_sync.store import about_page_urls
from catalog_sync.store.about_page_urls import Urls
from catalog_sync.store.sql import transaction_survives_errors

# The most course overviews that the first link of an organization reads.
MAX_ROWS = 5_000
# Needed outside a request, for example in a Celery worker: nothing else clears the request cache there.
MAX_AGE_SECONDS = 60

_REQUEST_CACHE = RequestCache("catalog_sync.operations.marketing_url_cache")


@dataclass
class _Organization:
    """The URLs of its courses by course key; ``is_complete``: the database has no others."""

    urls: dict[str, Urls]
    is_complete: bool


@dataclass(frozen=True)
class _Cached:
    expires: float
    organizations: dict[str, _Organization]


def get(course_key: str, about_page_url: str) -> str | None:
    """Return the marketing URL on the course overview; None if it has none, or if the page is its social sharing URL.

    A database error is raised once per organization: later links of the same request do not query again, so a page
    with many links does not wait for a broken database at each of them.
    """
    org = conf.org_of(course_key)
    organizations = _organizations()
    found = organizations.get(org)
    try:
        if found is None:
            found = organizations[org] = _read_organization(org)
        if course_key not in found.urls and not found.is_complete:
            found.urls[course_key] = _read_course(course_key)
    except Exception:
        organizations[org] = _Organization(found.urls if found else {}, is_complete=True)
        raise
    urls = found.urls.get(course_key, Urls())
    return None if urls.social_sharing == about_page_url else urls.marketing or None


def _organizations() -> dict[str, _Organization]:
    cached: _Cached | None = _REQUEST_CACHE.data.get("cached")
    if cached is None or monotonic() >= cached.expires:
        cached = _REQUEST_CACHE.data["cached"] = _Cached(monotonic() + MAX_AGE_SECONDS, {})
    return cached.organizations


def _read_organization(org: str) -> _Organization:
    with transaction_survives_errors():
        urls = about_page_urls.of_organization(org, MAX_ROWS)
    return _Organization(urls, is_complete=len(urls) < MAX_ROWS)


def _read_course(course_key: str) -> Urls:
    with transaction_survives_errors():
        return about_page_urls.of_course(course_key)
