"""Fixtures of the contract tests of the stand-in Catalog."""

import pytest

from sandbox.catalog.testing import CatalogControl, CatalogProcess
from tests.sandbox.catalog_caller import Caller

RUNS = 250


@pytest.fixture
def control(catalog: CatalogProcess) -> CatalogControl:
    return catalog.control


@pytest.fixture
def caller(catalog: CatalogProcess) -> Caller:
    return Caller(catalog)


@pytest.fixture
def keys(control: CatalogControl) -> list[str]:
    """Fill the Catalog with a few pages, and return all keys in the order of the list."""
    control.generate(RUNS)
    return [row["key"] for row in control.runs()]
