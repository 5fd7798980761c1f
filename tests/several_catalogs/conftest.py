"""Two stand-in Catalogs of two processes, and an LMS that reads both: ``default`` is named before ``partner``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.several_catalogs.lms import PARTNER_SECRET


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
        "default": {"url": catalog.api_url},
        "partner": {"url": partner_process.api_url, "credentials": "PARTNER_OAUTH2"},
    }
    return partner_process


@pytest.fixture
def believe(partner: CatalogProcess, settings) -> Callable[..., None]:
    """Return a function that says for which organizations each Catalog is believed."""

    def believe(**orgs: list[str] | None) -> None:
        named = settings.CATALOG_SYNC_CATALOGS
        settings.CATALOG_SYNC_CATALOGS = {
            name: entry | {"orgs": orgs.get(name)} for name, entry in named.items()
        }

    return believe


@pytest.fixture
def call_only(partner: CatalogProcess, settings) -> Callable[..., None]:
    """Return a function that leaves only these Catalogs named, in this order."""

    def call_only(*names: str) -> None:
        named = settings.CATALOG_SYNC_CATALOGS
        settings.CATALOG_SYNC_CATALOGS = {name: named[name] for name in names}

    return call_only
