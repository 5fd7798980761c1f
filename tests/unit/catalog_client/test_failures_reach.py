"""How far each failure reaches, and whether the same request may succeed later."""

from __future__ import annotations

import ssl

import pytest
import requests
import urllib3

from catalog_sync.catalog_client import failures
from catalog_sync.catalog_client.transport import Reply
from catalog_sync.exceptions import Scope

URL = "https://catalog.example.org/api/v1/course_runs/?limit=5"


def token_refusal(status, **headers):
    return failures.token_refused(URL, Reply(status, headers, b""))


@pytest.mark.parametrize(
    ("status", "scope", "retryable"),
    [
        (299, Scope.WINDOW, False),
        (300, Scope.RUN, False),
        (301, Scope.RUN, False),
        (399, Scope.RUN, False),
        (400, Scope.WINDOW, False),
        (401, Scope.RUN, False),
        (403, Scope.RUN, False),
        (404, Scope.RUN, False),
        (408, Scope.WINDOW, True),
        (410, Scope.WINDOW, False),
        (429, Scope.RUN, True),
        (499, Scope.WINDOW, False),
        (500, Scope.ROWS, True),
        (502, Scope.WINDOW, True),
        (503, Scope.WINDOW, True),
        (504, Scope.WINDOW, True),
    ],
)
def test_status_of_the_catalog(status, scope, retryable):
    failure = failures.refused(URL, status, None)
    assert (failure.scope, failure.retryable, failure.throttled) == (scope, retryable, status == 429)


@pytest.mark.parametrize(
    ("status", "waits"), [(429, 7.0), (503, 7.0), (500, None), (502, None), (504, None), (408, None)]
)
def test_retry_after_counts_where_it_means_something(status, waits):
    assert failures.refused(URL, status, "7").retry_after == waits


@pytest.mark.parametrize(
    ("status", "retryable", "waits"),
    [
        (401, False, None),
        (400, False, None),
        (429, True, 7.0),
        (499, False, None),
        (500, True, 7.0),
        (503, True, 7.0),
    ],
)
def test_status_of_the_provider(status, retryable, waits):
    failure = token_refusal(status, **{"Retry-After": "7"})
    assert (failure.scope, failure.retryable, failure.retry_after) == (Scope.RUN, retryable, waits)
    assert failure.reason == f"gave no access token (HTTP {status})"


def test_reply_of_the_session_of_a_host_is_read_too():
    reply = requests.Response()
    reply.status_code = 503
    assert failures.token_refused(URL, reply).reason == "gave no access token (HTTP 503)"


@pytest.mark.parametrize(
    ("failure", "scope", "retryable"),
    [
        (failures.too_slow(URL, 30), Scope.WINDOW, True),
        (failures.too_large(URL, 9), Scope.WINDOW, False),
        (failures.malformed(URL, "why"), Scope.WINDOW, True),
        (failures.token_malformed(URL), Scope.RUN, True),
        (failures.token_unavailable(failures.too_slow(URL, 8)), Scope.RUN, True),
        (failures.token_unavailable(failures.too_large(URL, 8)), Scope.RUN, False),
        (failures.no_session("a.factory", ValueError()), Scope.RUN, False),
        (failures.credentials_missing(["A_KEY"]), Scope.RUN, False),
        (failures.address_missing("A_URL"), Scope.RUN, False),
    ],
    ids=lambda value: getattr(value, "reason", str(value)),
)
def test_failure_without_a_status(failure, scope, retryable):
    assert (failure.scope, failure.retryable, failure.retry_after, failure.throttled) == (
        scope,
        retryable,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("names", "told"),
    [(["A_KEY"], "A_KEY is not set: "), (["A_KEY", "A_SECRET"], "A_KEY, A_SECRET are not set: ")],
)
def test_credentials_that_are_missing_are_named(names, told):
    assert str(failures.credentials_missing(names)).startswith(told)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (requests.exceptions.InvalidURL(), "set COURSE_CATALOG_API_URL to one, such as"),
        (urllib3.exceptions.IncompleteRead(1, 2), "or choose a smaller page size"),
        (
            requests.exceptions.SSLError(ssl.SSLCertVerificationError()),
            "install the certificate of its authority",
        ),
        (urllib3.exceptions.DecodeError(), "look at the proxy before the Catalog that compresses"),
        (ConnectionRefusedError(), "check that the Catalog is up"),
        (OSError(), "check that the Catalog is up"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failure_without_a_reply_has_its_remedy(error, remedy):
    assert remedy in failures.unreachable(URL, error).remedy


@pytest.mark.parametrize(
    ("error", "words", "retryable"),
    [
        (requests.exceptions.InvalidURL(), "its address is no URL", False),
        (requests.exceptions.InvalidSchema(), "its address is no URL", False),
        (requests.exceptions.MissingSchema(), "its address is no URL", False),
        (requests.exceptions.InvalidHeader(), "InvalidHeader", False),
        (
            requests.exceptions.SSLError(ssl.SSLCertVerificationError()),
            "its certificate is not trusted",
            False,
        ),
        (urllib3.exceptions.DecodeError(), "its content encoding is broken", True),
        (ConnectionRefusedError(), "connection refused", True),
        (requests.exceptions.ConnectionError(ConnectionResetError()), "connection reset", True),
        (OSError(), "OSError", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_failure_without_a_reply(error, words, retryable):
    failure = failures.unreachable(URL, error)
    assert (failure.reason, failure.retryable) == (f"could not be read ({words})", retryable)


def test_cause_that_is_wrapped_says_more_than_its_wrapper():
    error = OSError("wrapped")
    error.__cause__ = ConnectionRefusedError()
    assert "connection refused" in failures.unreachable(URL, error).reason
