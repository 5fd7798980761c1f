"""Two stand-in Catalogs in two processes. The setting of the LMS names ``default`` before ``partner``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.factories import add_course_overviews
from tests.several_catalogs.lms import KEYS, PARTNER_SECRET, PARTNER_URL, URL, lists


@pytest.fixture
def named(settings) -> None:
    """The settings name two Catalogs, to which no request is sent."""
    settings.CATALOG_SYNC_CATALOGS = {
        name: {"URL": f"https://{name}.example.com/api/v1"} for name in ("default", "partner")
    }


@pytest.fixture(scope="session")
def partner_process() -> Iterator[CatalogProcess]:
    with CatalogProcess() as process:
        yield process


@pytest.fixture
def partner(partner_process: CatalogProcess, catalog: CatalogProcess, settings) -> CatalogProcess:
    """The second Catalog, without course runs; the settings name both, with credentials of their own."""
    partner_process.control.reset()
    settings.PARTNER_OAUTH2_PROVIDER_URL = partner_process.oauth2_url
    settings.PARTNER_OAUTH2_KEY = partner_process.client_id
    settings.PARTNER_OAUTH2_SECRET = PARTNER_SECRET
    settings.CATALOG_SYNC_CATALOGS = {
        "default": {"URL": catalog.api_url},
        "partner": {"URL": partner_process.api_url, "OAUTH_SETTINGS_PREFIX": "PARTNER_OAUTH2"},
    }
    return partner_process


@pytest.fixture
def catalogs_environment(catalog: CatalogProcess, partner: CatalogProcess, settings) -> dict[str, str]:
    """Return the environment variables with which an LMS in its own process uses both Catalogs."""
    return {
        "CATALOG_SYNC_CATALOGS": json.dumps(settings.CATALOG_SYNC_CATALOGS),
        "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL": catalog.oauth2_url,
        "PARTNER_OAUTH2_PROVIDER_URL": partner.oauth2_url,
        "PARTNER_OAUTH2_KEY": partner.client_id,
        "PARTNER_OAUTH2_SECRET": PARTNER_SECRET,
    }


@pytest.fixture
def set_orgs(partner: CatalogProcess, settings) -> Callable[..., None]:
    """Return a function that sets the organizations (``ORGS``) of each Catalog."""

    def set_orgs(**orgs: list[str] | None) -> None:
        named = settings.CATALOG_SYNC_CATALOGS
        settings.CATALOG_SYNC_CATALOGS = {
            name: entry | {"ORGS": orgs.get(name)} for name, entry in named.items()
        }

    return set_orgs


@pytest.fixture
def configure_only(partner: CatalogProcess, settings) -> Callable[..., None]:
    """Return a function that configures only these Catalogs, in this order."""

    def configure_only(*names: str) -> None:
        named = settings.CATALOG_SYNC_CATALOGS
        settings.CATALOG_SYNC_CATALOGS = {name: named[name] for name in names}

    return configure_only


@pytest.fixture
def courses(catalog: CatalogProcess, partner: CatalogProcess) -> None:
    """Courses of the LMS, of which the first Catalog lists three and the second the others."""
    add_course_overviews(*KEYS)
    lists(catalog, *KEYS[:3], url=URL)
    lists(partner, *KEYS[3:], url=PARTNER_URL)
