"""Checks of the address of each Catalog and of the LMS's credentials.

``catalog_client`` decides which credentials are used. It is imported inside the functions, because it loads an HTTP
client that web processes must not load.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.core import checks

from catalog_sync import conf
from catalog_sync.checks.shapes import is_http_url
from catalog_sync.openedx import catalog as platform

if TYPE_CHECKING:
    from catalog_sync.catalog_client import CatalogAccess

SET = "Set the missing settings. If your LMS makes its own tokens, set CATALOG_SYNC_SESSION_FACTORY."
# A Catalog of CATALOG_SYNC_CATALOGS never uses it.
OR_ENABLE = " Or enable Catalog integration in Django admin and enter a service user there."


def check_access(*, in_database: bool) -> Iterator[checks.CheckMessage]:
    """Check the address of each Catalog and the credentials.

    Args:
        in_database: check the Catalogs whose access is configured in the database (True), or all others (False).
    """
    from catalog_sync.catalog_client.access import access_to, may_use_platform

    for catalog in conf.catalogs():
        if may_use_platform(catalog) == in_database:
            access = access_to(catalog)
            yield from _credentials(catalog, access)
            yield from _address(access)


def check_access_in_database() -> Iterator[checks.CheckMessage]:
    """Check edx-platform's Catalog integration: the access, and the language that it leaves to the Catalog."""
    yield from check_access(in_database=True)
    if "content_language" not in conf.fields() and platform.integration():
        yield checks.Warning(
            "CATALOG_SYNC_FIELDS does not map content_language, and Catalog integration is enabled, so new course "
            "overviews have no language.",
            hint='Add "content_language": "language" to CATALOG_SYNC_FIELDS, or remove CATALOG_SYNC_FIELDS.',
            id="catalog_sync.W011",
        )


def check_token_providers() -> Iterator[checks.CheckMessage]:
    """Check the address of the OAuth2 provider that issues tokens for each Catalog."""
    for catalog in conf.catalogs():
        if catalog.oauth_provider_url and not is_http_url(catalog.oauth_provider_url):
            yield checks.Warning(
                f"{catalog.oauth_settings_prefix}_PROVIDER_URL is not an absolute http or https URL, so the LMS gets "
                f"no access token for {_the_catalog(catalog)}.",
                hint="Set it to the URL of the OAuth2 provider, such as https://courses.example.com/oauth2.",
                id="catalog_sync.W007",
            )


def _the_catalog(catalog: conf.Catalog) -> str:
    return "the Catalog" if conf.named_catalogs() is None else f"the Catalog {catalog.name}"


def _credentials(catalog: conf.Catalog, access: CatalogAccess) -> Iterator[checks.CheckMessage]:
    from catalog_sync.catalog_client import Authentication

    if access.authentication is Authentication.NONE:
        missing = catalog.missing_credentials
        yield checks.Warning(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, so the LMS gets no access token for "
            f"{_the_catalog(catalog)}.",
            hint=SET if conf.named_catalogs() is not None else SET + OR_ENABLE,
            id="catalog_sync.W002",
        )
    if access.authentication is Authentication.PLATFORM and not platform.has_service_user():
        yield checks.Warning(
            f"The service user {access.user!r} of Catalog integration does not exist, so the LMS gets no access "
            "token for the Catalog.",
            hint="Create the user, or enter another one in Django admin (Catalog integration).",
            id="catalog_sync.W002",
        )


def _address(access: CatalogAccess) -> Iterator[checks.CheckMessage]:
    if not is_http_url(access.api_url):
        what = "not an absolute http or https URL" if access.api_url else "not set"
        yield checks.Warning(
            f"{access.source} is {what}, so no sync can run.",
            hint="Set it to the root of the Catalog's API, such as https://discovery.example.com/api/v1.",
            id="catalog_sync.W001",
        )
    if access.api_url == platform.PLATFORM_DEFAULT_URL and conf.named_catalogs() is None:
        yield checks.Warning(
            f"{access.source} is still the default of the LMS, {platform.PLATFORM_DEFAULT_URL}.",
            hint="Set COURSE_CATALOG_API_URL to the root of the Catalog's API, such as "
            "https://discovery.example.com/api/v1, in the settings or in the site configuration of the LMS.",
            id="catalog_sync.W010",
        )
