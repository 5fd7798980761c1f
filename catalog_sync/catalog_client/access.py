"""The rule that decides where a Catalog is and how the LMS authenticates to it.

``docs/decisions/0019-access-to-the-catalog.rst`` has the rule as a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from catalog_sync import conf
from catalog_sync.catalog_client.errors import TOKEN_USER, TOKENS, without_credentials
from catalog_sync.openedx import catalog as platform


class Authentication(StrEnum):
    """How the LMS authenticates to a Catalog."""

    FACTORY = "session factory"
    OAUTH2 = "OAuth2 client credentials"
    PLATFORM = "JWT signed by the LMS"
    NONE = "none"


@dataclass(frozen=True)
class CatalogAccess:
    """Where a Catalog is and how the LMS authenticates to it. It holds no token and no secret.

    Attributes:
        catalog: the Catalog's name.
        api_url: the API's root for requests. It may hold a password: show ``shown_url`` instead.
        source: the setting that the address comes from.
        authentication: how the LMS authenticates.
        user: the service user or the OAuth2 client id; empty for a session factory, which chooses the user.
        factory: the dotted path of the session factory, if it is used.
    """

    catalog: str
    api_url: str = field(repr=False)
    source: str
    authentication: Authentication
    user: str = ""
    factory: str = ""

    @property
    def shown_url(self) -> str:
        """The address without a password."""
        return without_credentials(self.api_url)

    def facts(self) -> dict[str, str]:
        """Return the facts for an operator, without a password."""
        return {
            "catalog": self.catalog,
            "api_url": self.shown_url,
            "source": self.source,
            "authentication": f"{self.authentication} {self.factory}".rstrip(),
            "user": self.user,
        }

    def names_in_remedies(self) -> dict[str, str]:
        """Return the names that messages contain, each with the name that replaces it for this access."""
        names = {"COURSE_CATALOG_API_URL": self.source}
        if self.authentication is Authentication.PLATFORM:
            signed = "the tokens that the LMS signs (JWT_AUTH)"
            names |= {TOKENS: signed, TOKEN_USER: f"the service user {self.user}"}
        if self.authentication is Authentication.FACTORY:
            names |= {TOKENS: f"the tokens of {self.factory}", TOKEN_USER: f"the user of {self.factory}"}
        return names | {
            conf.DEFAULT_OAUTH_SETTINGS_PREFIX: conf.catalog_or_unconfigured(
                self.catalog
            ).oauth_settings_prefix
        }


def may_use_platform(catalog: conf.Catalog) -> bool:
    """Return whether edx-platform's Catalog integration may decide the access; if so, the rule reads the database.

    A Catalog of ``CATALOG_SYNC_CATALOGS`` may belong to another operator, so it never gets the LMS's own token.
    """
    is_only = conf.named_catalogs() is None and catalog.name == conf.DEFAULT_CATALOG
    return is_only and platform.is_installed()


def access_to(catalog: conf.Catalog) -> CatalogAccess:
    """Return where the Catalog is and how the LMS authenticates to it; sends no request."""
    integration = platform.integration() if may_use_platform(catalog) else None
    api_url, source = catalog.api_url, catalog.url_setting
    if integration:
        api_url, source = integration.api_url, integration.source
    if factory := conf.session_factory():
        return CatalogAccess(catalog.name, api_url, source, Authentication.FACTORY, factory=factory)
    if not catalog.missing_credentials:
        return CatalogAccess(catalog.name, api_url, source, Authentication.OAUTH2, catalog.oauth_key)
    if integration:
        user = integration.service_username
        return CatalogAccess(catalog.name, api_url, source, Authentication.PLATFORM, user)
    return CatalogAccess(catalog.name, api_url, source, Authentication.NONE)
