"""Sessions and tokens: a token is kept until it expires, and shared through the cache."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from edx_django_utils.cache import RequestCache, TieredCache

from catalog_sync import conf
from catalog_sync.catalog_client import access_to
from catalog_sync.catalog_client.auth import CatalogSession, new_session
from catalog_sync.exceptions import RequestFailed
from sandbox.catalog.testing import ACCESS_TOKEN_PATH


class BrokenCache(LocMemCache):
    """A cache server that is down."""

    def get(self, *args, **kwargs):
        raise ConnectionError

    set = get


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


def test_token_is_renewed_before_it_expires(catalog, make):
    catalog.control.settings(token_seconds=3600)
    session = make()
    session.authenticate()
    assert session._renew_at - time.monotonic() < 3600 - 5


def test_token_that_is_about_to_expire_is_not_kept(catalog, make, monkeypatch):
    catalog.control.settings(token_seconds=8)
    session = make()
    session.authenticate()
    session._renew_at = 0
    monkeypatch.setattr("time.time", lambda: 4_000_000_000)
    switch_process()
    session.authenticate()
    assert token_requests(catalog) == 2


@pytest.mark.parametrize(("seconds_left", "is_used"), [(-0.5, False), (100, True)])
def test_shared_token_is_used_until_it_expires(catalog, make, seconds_left, is_used):
    """A cache may keep it longer than requested."""
    session = make()
    TieredCache.set_all_tiers(session._cache_key(), ("shared", time.time() + seconds_left), 3600)
    session.authenticate()
    assert (session.auth.token == "shared", token_requests(catalog)) == (is_used, 0 if is_used else 1)
    assert not is_used or session._renew_at - time.monotonic() <= 100


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


@pytest.mark.parametrize(
    "factory", ["no.such.module", "json.no_such_name", "nodots", "json.loads", "os.getcwd"]
)
def test_factory_that_returns_no_session(settings, factory):
    settings.CATALOG_SYNC_SESSION_FACTORY = factory
    with pytest.raises(RequestFailed, match="Check CATALOG_SYNC_SESSION_FACTORY"):
        new_session(access_to(conf.catalog_or_unconfigured("default")))
