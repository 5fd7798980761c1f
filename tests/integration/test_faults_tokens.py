"""If the OAuth2 provider or the session factory fails, the sync changes nothing and the message names the remedy."""

from __future__ import annotations

import pytest

from sandbox.catalog.testing import ACCESS_TOKEN_PATH
from tests.raw_server import RawServer, nobody_listens, reply

pytest_plugins = ["tests.integration.fault_fixtures"]

DOWN = (
    "Check that the OAuth2 provider is up and that BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL is right, then run the "
    "command again."
)
REMEDY = "Check BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL, _KEY and _SECRET."


@pytest.fixture
def provider(settings):
    """Replace the OAuth2 provider with a server."""
    servers = []

    def start(answer) -> RawServer:
        servers.append(RawServer(answer))
        settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = f"{servers[-1].url}/oauth2"
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def test_token_provider_down(sync, settings):
    with nobody_listens() as address:
        url = f"{address}/oauth2"
        settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = url
        outcome = sync()
    outcome.assert_failure()
    assert outcome.message == (
        f"The connection to the OAuth2 provider was refused. {DOWN} Address: {url}/access_token."
    )


@pytest.mark.parametrize("status", [500, 503])
def test_token_provider_answers_5xx(sync, catalog, status):
    catalog.control.fault("status", match={"path": ACCESS_TOKEN_PATH}, times=None, status=status)
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(f"The OAuth2 provider failed (HTTP {status}). {DOWN}")


def test_token_provider_down_once(sync, catalog):
    catalog.control.fault("status", match={"path": ACCESS_TOKEN_PATH}, status=503)
    outcome = sync()
    outcome.assert_success()
    [line] = outcome.events("request_retried")
    assert "the OAuth2 provider failed (HTTP 503)" in line
    assert outcome.report["retries"] == 0


def test_token_provider_refuses_the_client(sync, settings):
    settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = "a wrong secret"
    sync.secrets.append("a wrong secret")
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(
        f"The OAuth2 provider issued no access token (HTTP 401). {REMEDY} Address: "
    )


def test_no_credentials(sync, settings):
    del settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL
    settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = ""
    outcome = sync()
    outcome.assert_failure()
    missing = "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL, BACKEND_SERVICE_EDX_OAUTH2_SECRET"
    assert outcome.message.startswith(f"{missing} are not set. Set what is missing, ")


def test_token_provider_slow(sync, provider, monkeypatch):
    monkeypatch.setattr("catalog_sync.catalog_client.auth.TOKEN_TIMEOUT_SECONDS", 0.5)

    def drip(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while server.wait(0.05):
            connection.sendall(b" ")

    server = provider(drip)
    outcome = sync(retry_deadline_seconds=0)
    outcome.assert_failure()
    assert outcome.message.startswith(f"The OAuth2 provider did not finish its reply within 0.5 s. {DOWN}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Log in</html>",
        b"[]",
        b"null",
        b'{"access_token": "secret-token"}',
        b'{"access_token": "secret-token", "expires_in": "3600"}',
        b'{"access_token": "secret-token", "expires_in": 1e300}',
        b'{"access_token": "secret-token\\r\\nX-Other: 1", "expires_in": 3600}',
        b'{"access_token": "secret-token\\ud83d\\ude00", "expires_in": 3600}',
        b'{"access_token": "", "expires_in": 3600}',
        b'{"access_token": ' + b"[" * 100_000,
    ],
    ids=lambda body: body[:60].decode(),
)
def test_token_provider_answers_without_a_token(sync, provider, catalog, body):
    sync.secrets.append("secret-token")
    provider(reply(body))
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(
        f"The reply of the OAuth2 provider is not an access token. {REMEDY} Address: "
    )


def test_token_provider_redirects(sync, provider):
    with RawServer(b"") as elsewhere:
        provider(
            reply(b"", f"Location: {elsewhere.url}/oauth2/access_token", status="307 Temporary Redirect")
        )
        outcome = sync()
        outcome.assert_failure()
        assert elsewhere.requests == []
    assert outcome.message.startswith(f"The OAuth2 provider issued no access token (HTTP 307). {REMEDY}")


def test_session_factory_that_fails(sync, settings):
    settings.CATALOG_SYNC_SESSION_FACTORY = "tests.integration.no_such_module.session"
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message == (
        "The session factory tests.integration.no_such_module.session returned no session (ModuleNotFoundError). "
        "Check CATALOG_SYNC_SESSION_FACTORY."
    )
