"""Sessions and tokens: a token is kept until it expires, and shared through the cache."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from edx_django_utils.cache import RequestCache
from edx_rest_api_client.client import OAuthAPIClient

from catalog_sync import conf
from catalog_sync.catalog_client import Requester, access_to
from catalog_sync.catalog_client.auth import CatalogSession, new_session
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import ACCESS_TOKEN_PATH
from tests.unit.catalog_client import access


class BrokenCache(LocMemCache):
    """A cache server that is down."""

    def get(self, *args, **kwargs):
        raise ConnectionError

    set = get


class KeepingCache(LocMemCache):
    """A cache that keeps values longer than requested."""

    def set(self, key, value, timeout=None, version=None):
        super().set(key, value, None, version)


class Clock:
    """The clocks of this process, which only move when a test moves them."""

    def __init__(self) -> None:
        self.now = 2_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr("time.monotonic", stopped)
    monkeypatch.setattr("time.time", stopped)
    return stopped


@pytest.fixture
def make(catalog):
    made = []

    def session(provider_url=catalog.oauth2_url) -> CatalogSession:
        made.append(CatalogSession(provider_url, catalog.client_id, catalog.client_secret))
        return made[-1]

    yield session
    for one in made:
        one.close()


def token_requests(catalog):
    return len(catalog.control.requests(ACCESS_TOKEN_PATH))


def switch_process():
    """Forget what only this process has in memory."""
    RequestCache.clear_all_namespaces()


def test_session_keeps_its_token(catalog, make):
    session = make()
    session.authenticate()
    cache.clear()
    switch_process()
    session.authenticate()
    assert token_requests(catalog) == 1


def test_processes_share_a_token(catalog, make):
    make().authenticate()
    switch_process()
    make().authenticate()
    assert token_requests(catalog) == 1


@pytest.mark.parametrize(("seconds", "tokens"), [(3600 - 11, 1), (3600 - 9, 2)])
def test_session_renews_its_token_a_little_before_it_expires(catalog, make, clock, seconds, tokens):
    catalog.control.settings(token_seconds=3600)
    session = make()
    session.authenticate()
    clock.now += seconds
    session.authenticate()
    assert token_requests(catalog) == tokens


@pytest.mark.parametrize(("seconds", "tokens"), [(0.9, 1), (1.1, 2)])
def test_token_that_is_about_to_expire_is_used_for_a_second(catalog, make, clock, seconds, tokens):
    catalog.control.settings(token_seconds=8)
    session = make()
    session.authenticate()
    clock.now += seconds
    session.authenticate()
    assert token_requests(catalog) == tokens


@pytest.mark.parametrize(("seconds", "tokens"), [(3600 - 11, 1), (3600 - 9, 2)])
def test_shared_token_is_used_until_it_expires(catalog, make, clock, settings, seconds, tokens):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.KeepingCache"}}
    cache.clear()
    make().authenticate()
    switch_process()
    clock.now += seconds
    make().authenticate()
    assert token_requests(catalog) == tokens


def test_shared_token_is_not_used_longer_by_another_process(catalog, make, clock):
    make().authenticate()
    switch_process()
    clock.now += 3000
    other = make()
    other.authenticate()
    clock.now += 600
    other.authenticate()
    assert token_requests(catalog) == 2


def test_renewed_token_replaces_the_shared_one(catalog, make):
    refused, other = make(), make()
    refused.authenticate()
    first = refused.auth.token
    catalog.control.settings(token_seconds=7200)
    refused.renew()
    switch_process()
    other.authenticate()
    assert (other.auth.token == refused.auth.token, refused.auth.token == first) == (True, False)


def test_without_a_cache_each_session_fetches_a_token(catalog, make, settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.BrokenCache"}}
    for _ in range(2):
        switch_process()
        make().authenticate()
    assert token_requests(catalog) == 2


@pytest.mark.parametrize("suffix", ["/oauth2", "/oauth2/", "/oauth2/access_token", "", "/"])
def test_provider_url_may_be_any_of_the_usual_ones(catalog, make, suffix):
    make(f"{catalog.url}{suffix}").authenticate()
    assert token_requests(catalog) == 1


def test_request_authenticates_by_itself(catalog, make):
    response = make().get(f"{catalog.api_url}/course_runs/?limit=1&offset=0", timeout=5)
    assert response.status_code == 200


def plain_session() -> OAuthAPIClient:
    """Return a session that fetches its own token, as a session factory of a host may do."""
    catalog = conf.catalog_or_unconfigured("default")
    return OAuthAPIClient(catalog.oauth_provider_url, catalog.oauth_key, catalog.oauth_secret)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "issued no access token (HTTP 401). Check"),
        (503, "failed (HTTP 503). Check that the OAuth2 provider is up"),
    ],
)
def test_failure_of_a_token_that_a_session_of_the_host_fetches(catalog, settings, status, message):
    settings.CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.plain_session"
    catalog.control.fault("status", match={"path": ACCESS_TOKEN_PATH}, status=status)
    requester = Requester(EventLog(), timeout_seconds=10, retry_deadline_seconds=0, access=access())
    with closing(requester), pytest.raises(RequestFailed, match=re.escape(message)):
        requester.get(f"{catalog.api_url}/course_runs/", bytes, rows=1)


@pytest.mark.parametrize(
    "factory", ["no.such.module", "json.no_such_name", "nodots", "json.loads", "os.getcwd"]
)
def test_factory_that_returns_no_session(settings, factory):
    settings.CATALOG_SYNC_SESSION_FACTORY = factory
    with pytest.raises(RequestFailed, match="Check CATALOG_SYNC_SESSION_FACTORY"):
        new_session(access_to(conf.catalog_or_unconfigured("default")))
