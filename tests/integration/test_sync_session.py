"""Access tokens: fetched once, used for every page, shown to nobody."""

from __future__ import annotations

import logging

import pytest
import requests

from catalog_sync.api import update_catalog_data
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db

DUMMY_CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
made_sessions = []


def host_session():
    """The session of a host that mints its own tokens, as ``CATALOG_SYNC_SESSION_FACTORY`` names it."""
    session = requests.Session()
    session.headers["Authorization"] = f"JWT {host_session.token}"
    session.headers["User-Agent"] = "the host's own"
    made_sessions.append(session)
    return session


@pytest.fixture(autouse=True)
def runs(catalog):
    catalog.control.generate(400)


def token_requests(catalog):
    return catalog.control.requests(ACCESS_TOKEN_PATH)


def tokens_used(catalog):
    return {request.headers["Authorization"] for request in catalog.control.requests(COURSE_RUNS_PATH)}


@pytest.mark.parametrize("concurrency", [1, 4])
class TestToken:
    """The default session, with the LMS's backend credentials."""

    def test_is_fetched_once_for_a_whole_sync(self, concurrency, catalog):
        update_catalog_data(page_size=20, concurrency=concurrency)
        assert len(token_requests(catalog)) == 1

    def test_is_fetched_once_by_each_session_where_there_is_no_cache(self, concurrency, catalog, settings):
        settings.CACHES = DUMMY_CACHE
        update_catalog_data(page_size=20, concurrency=concurrency)
        assert len(token_requests(catalog)) <= concurrency

    def test_is_the_same_on_every_page(self, concurrency, catalog):
        update_catalog_data(page_size=20, concurrency=concurrency)
        assert len(tokens_used(catalog)) == 1

    def test_outlives_a_sync_in_the_cache(self, concurrency, catalog):
        update_catalog_data(concurrency=concurrency)
        update_catalog_data(concurrency=concurrency)
        assert len(token_requests(catalog)) == 1

    def test_is_a_jwt(self, concurrency, catalog):
        update_catalog_data(concurrency=concurrency)
        assert all(used.startswith("JWT ") for used in tokens_used(catalog))


class TestSecrecy:
    """What no log line holds, at any level of any logger."""

    @pytest.fixture
    def logged(self, caplog, catalog):
        caplog.set_level(logging.DEBUG)
        update_catalog_data(page_size=100)
        assert "event=catalog_sync.finished" in caplog.text
        return caplog.text

    def test_token_is_not_logged(self, logged, catalog):
        [used] = tokens_used(catalog)
        assert used.removeprefix("JWT ") not in logged

    def test_secret_is_not_logged(self, logged, catalog):
        assert catalog.client_secret not in logged

    def test_authorization_header_is_not_logged(self, logged):
        assert "Authorization" not in logged

    def test_secret_that_is_refused_is_not_logged(self, caplog, settings):
        caplog.set_level(logging.DEBUG)
        settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = "a-wrong-secret"
        update_catalog_data()
        assert "a-wrong-secret" not in caplog.text

    def test_secret_that_is_refused_is_not_in_the_message(self, settings):
        settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = "a-wrong-secret"
        assert "a-wrong-secret" not in update_catalog_data().message


class TestSessionFactory:
    """``CATALOG_SYNC_SESSION_FACTORY``."""

    @pytest.fixture(autouse=True)
    def factory(self, catalog, settings):
        form = {
            "grant_type": "client_credentials",
            "client_id": catalog.client_id,
            "client_secret": catalog.client_secret,
            "token_type": "jwt",
        }
        reply = requests.post(f"{catalog.oauth2_url}/access_token", data=form, timeout=10)
        host_session.token = reply.json()["access_token"]
        settings.CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.host_session"
        settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = None
        catalog.control.clear_requests()
        made_sessions.clear()

    def test_sync_succeeds_with_the_session_of_the_host(self):
        assert update_catalog_data(page_size=100).status == "succeeded"

    def test_every_request_is_sent_by_it(self, catalog):
        update_catalog_data(page_size=100)
        agents = {request.headers["User-Agent"] for request in catalog.control.requests(COURSE_RUNS_PATH)}
        assert agents == {"the host's own"}

    def test_no_token_is_fetched_beside_it(self, catalog):
        update_catalog_data(page_size=100)
        assert token_requests(catalog) == []

    @pytest.mark.parametrize("concurrency", [1, 4])
    def test_makes_no_more_sessions_than_requests_at_once(self, concurrency):
        update_catalog_data(page_size=20, concurrency=concurrency)
        assert len(made_sessions) <= concurrency
