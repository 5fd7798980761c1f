"""Fixtures of the contract tests of the stand-in Catalog: one process a worker, as new for every test."""

from collections.abc import Iterator

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.sandbox.catalog_caller import Caller


@pytest.fixture(scope="session")
def stand_in_process() -> Iterator[CatalogProcess]:
    with CatalogProcess() as process:
        yield process


@pytest.fixture
def stand_in(stand_in_process: CatalogProcess) -> CatalogProcess:
    """A stand-in Catalog as it was started: without course runs."""
    stand_in_process.control.reset()
    return stand_in_process


@pytest.fixture
def caller(stand_in: CatalogProcess) -> Caller:
    return Caller(stand_in)
