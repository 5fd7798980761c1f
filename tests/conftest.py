"""Fixtures and Hypothesis profiles of the whole suite."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import urlsplit, urlunsplit

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management.commands import flush
from django.test import override_settings
from edx_django_utils.cache import RequestCache
from hypothesis import settings as hypothesis_settings
from pytest_socket import disable_socket, enable_socket

from catalog_sync.openedx.modules import installed_module
from tests.fake_platform import FakePlatform

if TYPE_CHECKING:
    from django.core.management.color import Style
    from django.db.backends.base.base import BaseDatabaseWrapper
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

    from sandbox.catalog.testing import CatalogProcess

# Modules with assertions that are not test modules. Pytest can rewrite them only before they are imported.
pytest.register_assert_rewrite(
    "tests.hosts.openedx.host",
    "tests.integration.fault_fixtures",
    "tests.integration.faulty",
    "tests.integration.locks",
    "tests.integration.process_fixtures",
    "tests.integration.processes",
    "tests.integration.workers",
    "tests.packaging.installation",
)

PERMISSIONS = {"auth_permission", "django_content_type"}
DATABASE_FIXTURES = {"db", "transactional_db"}

# See docs/testing.rst. `tests.properties.examples` scales property tests that run more examples than these.
for profile, max_examples in (("quick", 25), ("thorough", 100)):
    hypothesis_settings.register_profile(
        profile, max_examples=max_examples, deadline=None, derandomize=False, print_blob=True
    )
hypothesis_settings.load_profile("quick")  # pytest's option --hypothesis-profile overrides it


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Use three workers on two cores, because tests often wait for other processes."""
    cores = yield
    return cores + cores // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, which would take 40% of the time, and later ignore what exists now."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the test database: on another database, only they can have another result."""
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


# Modules that start many processes or wait for many time-outs, and those that generate histories.
LONG = {
    "test_demo",
    "test_faults_pages",
    "test_histories",
    "test_killed_sync",
    "test_make",
    "test_processes",
    "test_races_publishing",
    "test_silent_catalog",
    "test_stress",
}


def _takes_long(item: pytest.Item) -> bool:
    return bool({"properties", "processes"} & set(item.path.parts)) or item.path.stem in LONG


class LongestFirst:
    """Starts the modules that take longest first, so that no worker ends long after the others."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: not _takes_long(item))


def pytest_configure(config: pytest.Config) -> None:
    """Register ``LongestFirst`` here, because a module can implement each hook only once."""
    config.pluginmanager.register(LongestFirst())


@pytest.fixture(scope="session", autouse=True)
def cache_of_this_worker() -> Iterator[None]:
    """Give each worker a Redis database of its own, because each test clears the whole cache."""
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
    """Hash passwords fast: a production hash takes longer than the rest of a test."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def permissions_are_kept() -> Iterator[None]:
    """Let the flush after a test with transactions keep the permissions: to create them again takes 60 ms."""

    def sql_flush(style: Style, connection: BaseDatabaseWrapper, **options: bool) -> list[str]:
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        return connection.ops.sql_flush(style, sorted({*tables} - PERMISSIONS), **options)

    with mock.patch.multiple(flush, sql_flush=sql_flush, emit_post_migrate_signal=mock.DEFAULT):
        yield


@pytest.fixture(scope="session")
def live_server(live_server: LiveServer) -> Iterator[LiveServer]:
    """Wait for the threads of the server's requests: after it stops, they may not close the shared connection."""
    yield live_server
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=10)


@pytest.fixture(autouse=True)
def _empty_caches(cache_of_this_worker: None) -> None:
    """Clear what other tests cached: tokens of the Catalog, configurations."""
    cache.clear()
    RequestCache.clear_all_namespaces()


@pytest.fixture
def no_sockets(_empty_caches: None) -> Iterator[None]:
    """Refuse sockets.

    The plugin's own fixture would refuse them before the cache is cleared, which may open a socket.
    """
    disable_socket()
    yield
    enable_socket()


@pytest.fixture
def without_timed_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable everything that a sync does after some seconds, so that a slow machine changes no result."""
    from catalog_sync.store import lease
    from catalog_sync.sync import writer

    monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 3600)
    monkeypatch.setattr(writer, "MAX_WAIT_SECONDS", 3600)


@pytest.fixture
def broker(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Give Celery a broker, and return the list of tasks that are sent to it: name and arguments."""
    sent: list[tuple[str, dict[str, Any]]] = []
    settings.CELERY_BROKER_URL = "redis://broker.example.com"
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(
        current_app, "send_task", lambda name, **options: sent.append((name, options["kwargs"]))
    )
    return sent


@pytest.fixture
def edx_platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePlatform]:
    """Install fake modules of edx-platform, with the link function of the releases that need the flag."""
    platform = FakePlatform()
    for path, module in platform.modules.items():
        monkeypatch.setitem(sys.modules, path, module)
    installed_module.cache_clear()
    yield platform
    installed_module.cache_clear()


@pytest.fixture(scope="session")
def catalog_process() -> Iterator[CatalogProcess]:
    """Start one stand-in Catalog for all tests of this worker."""
    from sandbox.catalog.testing import CatalogProcess

    with CatalogProcess() as process:
        yield process


@pytest.fixture
def catalog(catalog_process: CatalogProcess, settings) -> CatalogProcess:
    """Return a stand-in Catalog without course runs, to which the settings refer."""
    # A stopped sync may leave unfinished requests, which must not use up the faults of this test.
    unfinished = [thread for thread in threading.enumerate() if thread.name == "catalog-request"]
    if unfinished:
        catalog_process.control.reset()  # ends requests that hang
    for thread in unfinished:
        thread.join(timeout=2)
    catalog_process.control.reset()
    settings.COURSE_CATALOG_API_URL = catalog_process.api_url
    settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = catalog_process.oauth2_url
    settings.BACKEND_SERVICE_EDX_OAUTH2_KEY = catalog_process.client_id
    settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = catalog_process.client_secret
    return catalog_process
