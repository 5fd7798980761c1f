"""The session that Open edX services use: its token is kept while it lives, and shared where there is a cache."""

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


def fetched(catalog):
    return len(catalog.control.requests(ACCESS_TOKEN_PATH))


def in_another_process():
    """Forget what only this process remembers."""
    RequestCache.clear_all_namespaces()


def test_token_is_kept(catalog, make):
    session = make()
    session.authenticate()
    cache.clear()
    in_another_process()
    session.authenticate()
    assert fetched(catalog) == 1


def test_token_is_shared(catalog, make):
    make().authenticate()
    in_another_process()
    make().authenticate()
    assert fetched(catalog) == 1


def test_token_is_renewed_before_its_end(catalog, make):
    """It may be on its way for a while."""
    catalog.control.settings(token_seconds=3600)
    session = make()
    session.authenticate()
    assert session._renew_at - time.monotonic() < 3600 - 5


def test_token_near_its_end_is_not_kept(catalog, make, monkeypatch):
    catalog.control.settings(token_seconds=8)
    session = make()
    session.authenticate()
    session._renew_at = 0
    monkeypatch.setattr("time.time", lambda: 4_000_000_000)
    in_another_process()
    session.authenticate()
    assert fetched(catalog) == 2


def test_shared_token_that_has_ended_is_not_used(catalog, make):
    """A cache may keep it longer than it was asked to."""
    session = make()
    TieredCache.set_all_tiers(session._cache_key(), ("of-old", time.time() - 0.5), 3600)
    session.authenticate()
    assert (session.auth.token != "of-old", fetched(catalog)) == (True, 1)


def test_shared_token_is_kept_no_longer_than_it_lasts(catalog, make):
    session = make()
    TieredCache.set_all_tiers(session._cache_key(), ("shared", time.time() + 100), 3600)
    session.authenticate()
    assert (session.auth.token, session._renew_at - time.monotonic() <= 100) == ("shared", True)


def test_renewed_token_replaces_the_shared_one(catalog, make):
    refused, other = make(), make()
    refused.authenticate()
    first = refused.auth.token
    catalog.control.settings(token_seconds=7200)
    refused.renew()
    in_another_process()
    other.authenticate()
    assert (other.auth.token == refused.auth.token, refused.auth.token == first) == (True, False)


def test_cache_that_is_down_costs_a_request(catalog, make, settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.BrokenCache"}}
    for _ in range(2):
        in_another_process()
        make().authenticate()
    assert fetched(catalog) == 2


@pytest.mark.parametrize("suffix", ["/oauth2", "/oauth2/", "/oauth2/access_token", "", "/"])
def test_provider_may_be_named_in_every_usual_way(catalog, make, suffix):
    make(f"{catalog.url}{suffix}").authenticate()
    assert fetched(catalog) == 1


def test_request_alone_authenticates(catalog, make):
    response = make().get(f"{catalog.api_url}/course_runs/?limit=1&offset=0", timeout=5)
    assert response.status_code == 200


def test_secret_is_in_no_failure(catalog, make):
    catalog.control.fault("status", match={"path": ACCESS_TOKEN_PATH}, times=None, status=500)
    with pytest.raises(RequestFailed) as caught:
        make().authenticate()
    assert catalog.client_secret not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    "factory", ["no.such.module", "json.no_such_name", "nodots", "json.loads", "os.getcwd"]
)
def test_factory_that_makes_no_session(settings, factory):
    settings.CATALOG_SYNC_SESSION_FACTORY = factory
    with pytest.raises(RequestFailed, match="check CATALOG_SYNC_SESSION_FACTORY"):
        new_session(access_to(conf.catalog("default")))
