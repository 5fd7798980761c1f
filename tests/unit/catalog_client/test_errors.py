"""The failures of requests: how far each reaches, whether to retry, and what its message shows."""

from __future__ import annotations

import ssl
import time
from email.utils import formatdate

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client import errors
from catalog_sync.catalog_client.transport import Reply
from catalog_sync.exceptions import FailureScope

URL = "https://catalog.example.org/api/v1/course_runs/?limit=5"


@pytest.mark.parametrize(
    ("status", "scope", "retryable"),
    [
        (299, FailureScope.PAGE, False),
        (300, FailureScope.SYNC, False),
        (399, FailureScope.SYNC, False),
        (400, FailureScope.PAGE, False),
        (401, FailureScope.SYNC, False),
        (403, FailureScope.SYNC, False),
        (404, FailureScope.SYNC, False),
        (408, FailureScope.PAGE, True),
        (429, FailureScope.SYNC, True),
        (499, FailureScope.PAGE, False),
        (500, FailureScope.ROWS, True),
        (501, FailureScope.PAGE, True),
        (502, FailureScope.PAGE, True),
        (503, FailureScope.PAGE, True),
        (504, FailureScope.PAGE, True),
    ],
)
def test_status_of_the_catalog(status, scope, retryable):
    failure = errors.refused(URL, status, "7")
    assert (failure.scope, failure.retryable) == (scope, retryable)
    assert failure.retry_after == (7 if status in (429, 503) else None)
    assert (failure.throttled, failure.outage) == (status == 429, status in (502, 503, 504))


@given(st.integers(100, 599).filter(lambda status: status != 200), st.none() | st.text(max_size=8))
def test_message_starts_with_the_fault_and_ends_with_the_address(status, retry_after):
    message = str(errors.refused(URL, status, retry_after))
    assert message.startswith(("The Catalog ", "Rate limited by the Catalog "))
    assert f"HTTP {status}" in message[:80]
    assert message.endswith(". Address: https://catalog.example.org/api/v1/course_runs/.")
    assert ".." not in message


@pytest.mark.parametrize(
    ("status", "retryable", "reason"),
    [
        (400, False, "issued no access token (HTTP 400)"),
        (429, True, "rate limited by the OAuth2 provider (HTTP 429)"),
        (499, False, "issued no access token (HTTP 499)"),
        (500, True, "the OAuth2 provider failed (HTTP 500)"),
        (503, True, "the OAuth2 provider failed (HTTP 503)"),
    ],
)
def test_status_of_the_provider(status, retryable, reason):
    host_session_reply = requests.Response()
    host_session_reply.status_code, host_session_reply.headers = status, {"Retry-After": "7"}
    for reply in (Reply(status, {"Retry-After": "7"}, b""), host_session_reply):
        failure = errors.token_refused(URL, reply)
        assert (failure.scope, failure.retryable) == (FailureScope.SYNC, retryable)
        assert failure.retry_after == (7 if retryable else None)
        assert reason in failure.reason


def test_provider_that_cannot_be_reached_fails_the_sync():
    for failure in (errors.TOO_SLOW.at(URL, seconds=8), errors.TOO_LARGE.at(URL, max_bytes=8)):
        errors.end_sync_without_token(failure)
        assert failure.scope is FailureScope.SYNC
        assert "check that the OAuth2 provider is up" in failure.remedy


@pytest.mark.parametrize(
    ("error", "message", "retryable"),
    [
        (requests.exceptions.InvalidURL(), "URL is not a valid URL. Set it to an address such as", False),
        (requests.exceptions.InvalidSchema(), "URL is not a valid URL. Set it to an address such as", False),
        (
            requests.exceptions.InvalidHeader(),
            "The Catalog could not be reached (InvalidHeader). Check",
            False,
        ),
        (
            requests.exceptions.SSLError(ssl.SSLCertVerificationError()),
            "The certificate of the Catalog is not trusted. Install the certificate of its authority",
            False,
        ),
        (urllib3.exceptions.DecodeError(), "a broken content encoding. Check the proxy", True),
        (ConnectionRefusedError(), "refused. Check that the Catalog is up", True),
        (OSError(), "The Catalog could not be reached (OSError). Check that the Catalog is up", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failure_without_a_reply(error, message, retryable):
    failure = errors.without_reply(URL, error)
    assert message in str(failure)
    assert (failure.retryable, failure.outage) == (retryable, isinstance(error, ConnectionRefusedError))


def test_cause_is_named_instead_of_the_error_that_wraps_it():
    error = OSError("wrapper")
    error.__cause__ = ConnectionRefusedError()
    assert "was refused" in errors.without_reply(URL, error).reason


def test_error_may_be_its_own_cause():
    error = OSError("x")
    error.__context__ = ValueError(error)
    assert "could not be reached (OSError)" in errors.without_reply(URL, error).reason


def test_names_of_another_catalog_replace_those_of_the_default():
    failure = errors.INVALID_URL.at("x")
    failure.name_settings({"COURSE_CATALOG_API_URL": "PARTNER_URL"})
    assert str(failure).startswith("PARTNER_URL is not a valid URL. Set it to an address such as ")


@pytest.mark.parametrize(
    ("names", "message"),
    [(["A_KEY"], "A_KEY is not set. Set "), (["A_KEY", "A_SECRET"], "A_KEY, A_SECRET are not set. Set ")],
)
def test_missing_credentials_are_named(names, message):
    assert str(errors.credentials_missing(names, may_use_platform=True)).startswith(message)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 3508 ", 3508),
        ("Sat, 21 Nov 2020 22:12:00 GMT", 0),
        ("", None),
        (None, None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\N{SUPERSCRIPT TWO}", None),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_must_be_whole_seconds_or_a_date(header, seconds):
    assert errors.refused(URL, 429, header).retry_after == seconds


def test_retry_after_may_be_a_date():
    seconds = errors.refused(URL, 429, formatdate(time.time() + 3_600, usegmt=True)).retry_after
    assert seconds == pytest.approx(3_600, abs=60)


@given(st.text())
def test_retry_after_may_be_any_text(header):
    seconds = errors.refused(URL, 503, header).retry_after
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    "login",
    # Some passwords are not quoted as they should be.
    [
        "",
        "user@",
        *(
            f"user:{password}@"
            for password in ["pass", "pa/ss", "pa?ss", "pa#ss", "pa@ss", "pa[ss", "pa//ss"]
        ),
    ],
)
def test_address_shows_no_credentials(login):
    assert errors.without_credentials(f"https://{login}h/a?b=c#part") == "https://h/a?b=c"
    assert errors.plain(f"https://{login}h/a?b=c#part") == "https://h/a"


@pytest.mark.parametrize("url", ["user:pass@h/a", "http:user:pass@h/a", "h/a"])
def test_address_without_slashes_shows_no_credentials(url):
    assert errors.without_credentials(url) == "h/a"


@given(st.text())
def test_any_address_can_be_shown(url):
    assert isinstance(errors.plain(url), str)
