"""edx-platform's own access to the Catalog: Catalog integration, and the address in the site configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps  # noqa: TID251 -- only for the list of installed apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections

from catalog_sync import conf

if TYPE_CHECKING:
    import requests

SITE_CONFIGURATION_APP = "openedx.core.djangoapps.site_configuration"
ADDRESS = "COURSE_CATALOG_API_URL"
# COURSE_CATALOG_API_URL as edx-platform sets it.
PLATFORM_DEFAULT_URL = "http://localhost:8008/api/v1"


class ServiceUserMissing(Exception):
    """The LMS has no user of the name that Catalog integration gives for the service user."""


@dataclass(frozen=True)
class Integration:
    """An enabled Catalog integration.

    Attributes:
        api_url: the API's root, no trailing slash.
        source: the setting that the address comes from.
        service_username: the user for whom the LMS signs tokens.
    """

    api_url: str
    source: str
    service_username: str


def is_installed() -> bool:
    """Return whether this LMS has edx-platform's Catalog integration."""
    return apps.is_installed(conf.PLATFORM_CATALOG_APP)


def integration() -> Integration | None:
    """Return Catalog integration if it is installed and enabled; reads the database, sends no request."""
    if not is_installed():
        return None
    row = _current()
    if not row.enabled:
        return None
    api_url, source = _address(row)
    return Integration(api_url.rstrip("/"), source, row.service_username)


def has_service_user() -> bool:
    """Return whether the LMS has the service user of Catalog integration."""
    try:
        _current().get_service_user()
    except ObjectDoesNotExist:
        return False
    return True


def new_session() -> requests.Session:
    """Return edx-platform's session for the Catalog, with a token that the LMS has signed for the service user.

    Raises:
        ServiceUserMissing: there is no such user.
    """
    from openedx.core.djangoapps.catalog.utils import get_catalog_api_client

    with _new_connections_closed():
        try:
            user = _current().get_service_user()
        except ObjectDoesNotExist as error:
            raise ServiceUserMissing from error
        session: requests.Session = get_catalog_api_client(user)
        return session


def _current() -> Any:
    from openedx.core.djangoapps.catalog.models import CatalogIntegration

    return CatalogIntegration.current()


def _address(row: Any) -> tuple[str, str]:
    """Return the address of the Catalog and its source.

    A setting that differs from edx-platform's default is used. Otherwise the address is in the site configuration, as
    Tutor sets it up. edx-platform reads that only within a request, so this function reads it itself.
    """
    setting = conf.course_catalog_api_url()
    if setting not in ("", PLATFORM_DEFAULT_URL):
        return setting, ADDRESS
    addresses = _addresses_by_site()
    distinct = {url for _, url in addresses.values()}
    if own := addresses.get(conf.raw("SITE_ID")):
        domain, url = own
        return url, f"{ADDRESS} in the site configuration of {domain}"
    if len(distinct) == 1:
        domains = sorted(domain for domain, _ in addresses.values())
        more = f" and {len(domains) - 1} more" if len(domains) > 1 else ""
        return distinct.pop(), f"{ADDRESS} in the site configuration of {domains[0]}{more}"
    if distinct:
        return setting, f"{ADDRESS} (the site configurations name different addresses)"
    url = str(row.get_internal_api_url() or "")
    return url, ADDRESS if url.rstrip("/") == setting else "Catalog integration"


def _addresses_by_site() -> dict[int | None, tuple[str, str]]:
    """Return the domain and the Catalog's address of each enabled site configuration that has one."""
    if not apps.is_installed(SITE_CONFIGURATION_APP):
        return {}
    from openedx.core.djangoapps.site_configuration.models import SiteConfiguration

    rows = SiteConfiguration.objects.filter(enabled=True).values_list(
        "site_id", "site__domain", "site_values"
    )
    return {
        site_id: (domain, str(values[ADDRESS]).rstrip("/"))
        for site_id, domain, values in rows
        if values and values.get(ADDRESS)
    }


@contextmanager
def _new_connections_closed() -> Iterator[None]:
    """Close each database connection that the block opens: in a worker thread nothing else closes it."""
    open_before = {each.alias for each in connections.all(initialized_only=True) if each.connection}
    try:
        yield
    finally:
        for each in connections.all(initialized_only=True):
            if each.alias not in open_before:
                each.close()
