"""Fixtures of the contract tests of the stand-in Catalog: the worker's one, as new for every test."""

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.sandbox.catalog_caller import Caller

RUNS = 250


@pytest.fixture
def stand_in(catalog: CatalogProcess) -> CatalogProcess:
    """The suite's stand-in Catalog, by the name that these tests have for it."""
    return catalog


@pytest.fixture
def caller(stand_in: CatalogProcess) -> Caller:
    return Caller(stand_in)


@pytest.fixture
def keys(stand_in: CatalogProcess) -> list[str]:
    """All keys of a Catalog with a few pages, in listing order."""
    stand_in.control.generate(RUNS)
    return [row["key"] for row in stand_in.control.runs()]
