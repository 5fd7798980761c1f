"""Fixtures of the whole suite. What only one module needs stands in that module."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import override_settings
from edx_django_utils.cache import RequestCache
from hypothesis import settings as hypothesis_settings
from pytest_socket import disable_socket, enable_socket

from catalog_sync.openedx.modules import installed_module
from tests.fake_platform import FakePlatform

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from sandbox.catalog.testing import CatalogProcess

# Before a test module imports from them: what has been imported cannot be rewritten any more.
pytest.register_assert_rewrite(
    "tests.hosts.openedx.host",
    "tests.integration.fault_fixtures",
    "tests.integration.process_fixtures",
    "tests.integration.processes",
    "tests.integration.workers",
    "tests.packaging.installation",
)

# More histories of each property test, with --hypothesis-profile=thorough.
hypothesis_settings.register_profile("thorough")


@pytest.fixture(scope="session", autouse=True)
def cache_of_this_worker() -> Iterator[None]:
    """Give each worker a Redis database of its own, since a test clears all of its cache."""
    default = django_settings.CACHES["default"]
    if not default["BACKEND"].endswith("RedisCache"):
        yield
        return
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    location = urlunsplit(urlsplit(default["LOCATION"])._replace(path=f"/{1 + worker % 15}"))
    with override_settings(CACHES={"default": {**default, "LOCATION": location}}):
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashing a password as in production takes longer than the rest of a test."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def _empty_caches(cache_of_this_worker: None) -> None:
    """Let no test see what another cached: tokens of the Catalog, configurations."""
    cache.clear()
    RequestCache.clear_all_namespaces()


@pytest.fixture
def no_sockets(_empty_caches: None) -> Iterator[None]:
    """Refuse sockets from here on.

    Not the plugin's own fixture: that one refuses them before anything else, and emptying the cache may take one.
    """
    disable_socket()
    yield
    enable_socket()


@pytest.fixture
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine: let no run take so long that it shows in between that it is alive."""
    from catalog_sync.store import lease
    from catalog_sync.sync import writer

    monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 3600)
    monkeypatch.setattr(writer, "LONGEST_WAIT_SECONDS", 3600)


@pytest.fixture
def broker(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Give Celery a broker, and return the list of what it is handed: a task's name and its arguments."""
    sent: list[tuple[str, dict[str, Any]]] = []
    settings.CELERY_BROKER_URL = "redis://broker.example.com"
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(
        current_app, "send_task", lambda name, **options: sent.append((name, options["kwargs"]))
    )
    return sent


@pytest.fixture
def edx_platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePlatform]:
    """Install modules of edx-platform, with the link function of the releases that need the flag."""
    platform = FakePlatform()
    for path, module in platform.modules.items():
        monkeypatch.setitem(sys.modules, path, module)
    installed_module.cache_clear()
    yield platform
    installed_module.cache_clear()


@pytest.fixture(scope="session")
def catalog_process() -> Iterator[CatalogProcess]:
    """Run one stand-in Catalog for all tests of this worker."""
    from sandbox.catalog.testing import CatalogProcess

    with CatalogProcess() as process:
        yield process


@pytest.fixture
def catalog(catalog_process: CatalogProcess, settings) -> CatalogProcess:
    """Return a stand-in Catalog without course runs, for which the settings are set."""
    # A run that was stopped leaves requests on their way; they must not meet the faults of this test.
    for thread in threading.enumerate():
        if thread.name == "catalog-request":
            thread.join(timeout=2)
    catalog_process.control.reset()
    settings.COURSE_CATALOG_API_URL = catalog_process.api_url
    settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = catalog_process.oauth2_url
    settings.BACKEND_SERVICE_EDX_OAUTH2_KEY = catalog_process.client_id
    settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = catalog_process.client_secret
    return catalog_process
