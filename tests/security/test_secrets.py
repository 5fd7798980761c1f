"""No log line, message, traceback, report or row contains a token, secret or password, whatever fails."""

from __future__ import annotations

import logging
import traceback

import pytest
from celery import Celery, _state
from django.views.debug import SafeExceptionReporterFilter

from catalog_sync import api, conf
from catalog_sync.catalog_client import access_to
from catalog_sync.catalog_client.auth import CatalogSession, new_session
from catalog_sync.exceptions import RequestFailed, SyncNotStarted
from catalog_sync.models import SyncRun
from tests.raw_server import RawServer, reply

pytest_plugins = ["tests.integration.fault_fixtures", "tests.integration.process_fixtures"]

PASSWORD = "hunter2"
# The slash should be quoted. The text before it looks like a port, and error messages quote an invalid port.
BROKER = f"amqp://operator:{PASSWORD}/x@broker.example.com//"


def traceback_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        reply(b"", status="500 Internal Server Error"),
        reply(b"", status="401 Unauthorized"),
        reply(b'{"access_token": "hunter2", "expires_in": "soon"}'),
        reply(b'{"access_token": "hunter2\xff", "expires_in": 1}'),
        reply(b'{"access_token": "hunter2", "expires_in": 3600', length=900),
    ],
    ids=["closed", "down", "refused", "malformed", "no text", "cut off"],
)
def test_token_and_secret_are_in_no_traceback(answer):
    with RawServer(answer) as provider:
        session = CatalogSession(provider.url, "a key", "a-secret")
        with pytest.raises(RequestFailed) as caught:
            session.authenticate()
    text = traceback_of(caught.value)
    assert [each for each in (PASSWORD, "a-secret") if each in text] == []


def failing_session():
    raise ValueError(f"cannot log in with {PASSWORD}")


def test_message_of_the_session_factory_is_not_repeated(settings):
    settings.CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.failing_session"
    with pytest.raises(RequestFailed) as caught:
        new_session(access_to(conf.catalog_or_unconfigured("default")))
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "login", [f"operator:{PASSWORD}", f"operator:{PASSWORD}/x", f"operator:{PASSWORD}#x"]
)
@pytest.mark.django_db
def test_password_in_the_address_of_the_catalog_is_not_shown(login, settings, catalog, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    with RawServer(reply(b"", status="404 Not Found")) as server:
        settings.COURSE_CATALOG_API_URL = f"{server.url.replace('//', f'//{login}@')}/api/v1"
        report = api.update_catalog_data()
    run = SyncRun.objects.get()
    assert report.status == "failed"
    assert run.log_lines
    for text in (report.message, str(report), run.message, run.log_lines, caplog.text, *capsys.readouterr()):
        assert PASSWORD not in text


@pytest.mark.django_db
def test_password_in_the_address_of_the_provider_is_not_shown(settings, catalog, caplog):
    caplog.set_level(logging.DEBUG)
    settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = (
        f"http://operator:{PASSWORD}/x@provider.example.com/oauth2"
    )
    report = api.update_catalog_data()
    assert report.status == "failed"
    assert PASSWORD not in report.message + SyncRun.objects.get().log_lines + caplog.text


def test_password_in_the_address_of_the_catalog_is_not_sent(catalog, settings):
    """The Authorization header contains the token instead."""
    with (
        RawServer(reply(b"", status="404 Not Found")) as server,
        new_session(access_to(conf.catalog_or_unconfigured("default"))) as session,
    ):
        session.get(server.url.replace("//", f"//operator:{PASSWORD}@"), timeout=5)
        [request] = server.requests
    assert b"Authorization: JWT " in request


@pytest.mark.django_db
def test_password_of_a_broker_is_not_in_the_message_of_the_admin(monkeypatch):
    app = Celery("a host", broker=BROKER, set_as_current=False)
    monkeypatch.setattr(_state._tls, "current_app", app, raising=False)
    with pytest.raises(SyncNotStarted, match=r"cannot be reached \(ValueError\)") as caught:
        api.start_sync()
    assert PASSWORD not in str(caught.value)


@pytest.fixture
def unreadable_broker(monkeypatch, tmp_path):
    monkeypatch.setenv("CELERY_BROKER_URL", BROKER)
    monkeypatch.setenv("CELERY_RESULT_BACKEND", f"file://{tmp_path}")


def test_password_of_a_broker_is_not_in_the_message_of_the_command(unreadable_broker, start_sync):
    sync = start_sync("--distribute")
    assert sync.wait() == 1
    assert "cannot be reached (ValueError)" in sync.err
    assert PASSWORD not in sync.err + sync.out + SyncRun.objects.get().message


@pytest.mark.parametrize(
    "setting",
    ["CATALOG_SYNC_HEALTH_TOKEN", "BACKEND_SERVICE_EDX_OAUTH2_SECRET", "COURSE_CATALOG_API_URL"],
)
def test_error_pages_of_django_hide_the_setting(setting, settings):
    setattr(settings, setting, PASSWORD)
    assert SafeExceptionReporterFilter().get_safe_settings()[setting] != PASSWORD
