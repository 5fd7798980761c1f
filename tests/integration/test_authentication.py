"""The sync fetches an access token once, uses it for every page, and logs neither token nor secret."""

from __future__ import annotations

import logging

import pytest
import requests

from catalog_sync.api import update_catalog_data
from sandbox.catalog.auth import USERNAME, make_token
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db

DUMMY_CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
sessions_of_the_host = []


def host_session():
    """Return a session with a token of the host's own, as ``CATALOG_SYNC_SESSION_FACTORY`` does."""
    session = requests.Session()
    session.headers["Authorization"] = f"JWT {make_token(USERNAME, 60)}"
    session.headers["User-Agent"] = "the host's own"
    sessions_of_the_host.append(session)
    return session


@pytest.fixture(autouse=True)
def runs(catalog):
    catalog.control.generate(150)


def token_requests(catalog):
    return catalog.control.requests(ACCESS_TOKEN_PATH)


def tokens_used(catalog):
    return {request.headers["Authorization"] for request in catalog.control.requests(COURSE_RUNS_PATH)}


@pytest.mark.parametrize("concurrency", [1, 4])
class TestToken:
    """The default session, with the LMS's backend credentials."""

    def test_fetches_one_token_for_all_pages_of_several_syncs(self, concurrency, catalog):
        update_catalog_data(page_size=20, concurrency=concurrency)
        update_catalog_data(page_size=20, concurrency=concurrency)
        assert len(token_requests(catalog)) == 1
        (used,) = tokens_used(catalog)
        assert used.startswith("JWT ")

    def test_fetches_one_token_per_session_without_a_cache(self, concurrency, catalog, settings):
        settings.CACHES = DUMMY_CACHE
        update_catalog_data(page_size=20, concurrency=concurrency)
        assert 1 <= len(token_requests(catalog)) <= concurrency


class TestSecrecy:
    """Loggers at every level."""

    def test_logs_no_token_no_secret_and_no_authorization_header(self, caplog, catalog):
        caplog.set_level(logging.DEBUG)
        update_catalog_data(page_size=100)
        assert "event=catalog_sync.finished" in caplog.text
        (used,) = tokens_used(catalog)
        hidden = [used.removeprefix("JWT "), catalog.client_secret, "Authorization"]
        assert [each for each in hidden if each in caplog.text] == []

    def test_logs_and_reports_no_refused_secret(self, caplog, settings):
        caplog.set_level(logging.DEBUG)
        settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = "a-wrong-secret"
        message = update_catalog_data().message
        assert message
        assert "a-wrong-secret" not in caplog.text + message


@pytest.mark.parametrize("concurrency", [1, 4])
def test_uses_only_the_sessions_of_the_host(concurrency, catalog, settings):
    settings.CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.host_session"
    settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = None
    sessions_of_the_host.clear()

    assert update_catalog_data(page_size=20, concurrency=concurrency).status == "succeeded"
    agents = {request.headers["User-Agent"] for request in catalog.control.requests(COURSE_RUNS_PATH)}
    assert agents == {"the host's own"}
    assert token_requests(catalog) == []
    assert len(sessions_of_the_host) <= concurrency
