"""Every way in which a request can fail, in words: what happened, what to do, how far it reaches."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import requests
import urllib3

from catalog_sync.exceptions import RequestFailed, Scope

TOKEN_REMEDY = "check BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL, _KEY and _SECRET"  # noqa: S105 -- no secret
# Another way of authentication has other names for these two.
TOKENS = "the tokens of BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL"
TOKEN_USER = "the user of BACKEND_SERVICE_EDX_OAUTH2_KEY"  # noqa: S105 -- no secret


def plain(url: str) -> str:
    """Return the URL without query and without credentials, fit for a message."""
    return without_credentials(url).partition("?")[0]


def without_credentials(url: str) -> str:
    """Return the URL without the user and password that an operator may have put into it.

    All before the last at sign goes: a password that should have been quoted (``pa/ss``) makes an address that is no
    URL, whose message must not show it either. The client's own URLs have no other at sign, since queries are quoted.
    """
    before, _, rest = url.rpartition("@")
    scheme, slashes, _ = before.partition("//")
    return (scheme + slashes if slashes else "") + rest.partition("#")[0]


def too_slow(url: str, seconds: float) -> RequestFailed:
    """The reply was not complete when the time was over."""
    return RequestFailed(
        plain(url),
        f"did not finish its reply within {seconds:g} s",
        "choose a smaller page size, or raise request_timeout_seconds",
    )


def too_large(url: str, most_bytes: int) -> RequestFailed:
    """The body is longer than an honest one."""
    return RequestFailed(
        plain(url),
        f"sent more than {most_bytes} bytes in one reply",
        "check that COURSE_CATALOG_API_URL points to a Catalog API",
        retryable=False,
    )


def malformed(url: str, why: str) -> RequestFailed:
    """The body is no page of course runs, or not the one that was asked for."""
    return RequestFailed(
        plain(url),
        f"answered something that is no page of course runs ({why})",
        "check COURSE_CATALOG_API_URL, and what stands between the LMS and the Catalog",
    )


def token_refused(url: str, reply: Any) -> RequestFailed:
    """The OAuth2 provider answered, and not with a token."""
    status = int(getattr(reply, "status_code", 0) or getattr(reply, "status", 0))
    passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    return RequestFailed(
        plain(url),
        f"gave no access token (HTTP {status})" if status else "gave no access token",
        TOKEN_REMEDY,
        scope=Scope.RUN,
        retryable=passing,
        retry_after=_seconds(reply.headers.get("Retry-After")) if passing else None,
    )


def token_unavailable(error: RequestFailed) -> RequestFailed:
    """The OAuth2 provider did not answer, or not to the end."""
    remedy = "check that the OAuth2 provider is up and that BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL is right"
    return RequestFailed(
        error.url, error.reason, remedy, scope=Scope.RUN, retryable=error.retryable, outage=error.outage
    )


def credentials_missing(names: Sequence[str]) -> RequestFailed:
    """No way of authentication is set up."""
    return RequestFailed(
        ", ".join(names),
        "is not set" if len(names) == 1 else "are not set",
        "set what is missing, or enable Catalog integration with a service user in Django admin",
        scope=Scope.RUN,
        retryable=False,
    )


def address_missing(setting: str) -> RequestFailed:
    """Nobody has said where the Catalog is."""
    return RequestFailed(
        setting, "is not set", "set it to the root of the Catalog's API", scope=Scope.RUN, retryable=False
    )


def token_malformed(url: str) -> RequestFailed:
    """The OAuth2 provider answered 200 with something else than a token."""
    return RequestFailed(
        plain(url),
        "answered something that is no access token",
        TOKEN_REMEDY,
        scope=Scope.RUN,
    )


def service_user_missing(username: str) -> RequestFailed:
    """Catalog integration names a user that the LMS does not have."""
    return RequestFailed(
        f"The service user {username!r} of Catalog integration",
        "does not exist",
        "create the user, or name another one in Django admin (Catalog integration)",
        scope=Scope.RUN,
        retryable=False,
    )


def no_session(
    factory: str, error: Exception, remedy: str = "check CATALOG_SYNC_SESSION_FACTORY"
) -> RequestFailed:
    """The session factory, or edx-platform, does not return a session."""
    return RequestFailed(
        factory,
        f"makes no session ({type(error).__name__})",
        remedy,
        scope=Scope.RUN,
        retryable=False,
    )


def refused(url: str, status: int, retry_after: str | None) -> RequestFailed:
    """The Catalog answered, and not with 200."""
    seconds = _seconds(retry_after)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(url, seconds)
    if 300 <= status < 400:
        remedy, scope = "set COURSE_CATALOG_API_URL to the address that answers itself", Scope.RUN
    else:
        remedy, scope = _REMEDIES.get(status, ("look at the service and what stands before it", Scope.WINDOW))
    return RequestFailed(
        plain(url),
        f"answered HTTP {status}",
        remedy,
        scope=scope,
        retryable=status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT,
        retry_after=seconds if status == HTTPStatus.SERVICE_UNAVAILABLE else None,
        outage=status in _OUTAGES,
    )


def _throttled(url: str, seconds: float | None) -> RequestFailed:
    wait, then = ("", "later") if seconds is None else (f" for another {seconds:.0f} s", "after that")
    return RequestFailed(
        plain(url),
        f"throttles this user{wait} (HTTP 429)",
        f"run the command again {then}; a staff user has no such limit",
        scope=Scope.RUN,
        retry_after=seconds,
        throttled=True,
    )


# What stands before a service says so while there is nobody behind it.
_OUTAGES = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_REMEDIES: dict[int, tuple[str, Scope]] = {
    HTTPStatus.UNAUTHORIZED: (
        f"check that the Catalog trusts {TOKENS}",
        Scope.RUN,
    ),
    HTTPStatus.FORBIDDEN: (
        f"give {TOKEN_USER} access to the Catalog API",
        Scope.RUN,
    ),
    HTTPStatus.NOT_FOUND: (
        "set COURSE_CATALOG_API_URL to the API's root, such as https://discovery.example.com/api/v1",
        Scope.RUN,
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("look into the Catalog's own log for the cause", Scope.ROWS),
}


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as seconds or as an HTTP date."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def unreachable(url: str, error: Exception) -> RequestFailed:
    """There is no reply, or none to its end."""
    request = getattr(error, "request", None)
    causes = list(_causes(error))
    words = _describe(error, causes)
    return RequestFailed(
        plain(getattr(request, "url", None) or url),
        f"could not be read ({words})",
        _REMEDIES_WITHOUT_A_REPLY.get(words, _UP_AND_RIGHT),
        retryable=not any(isinstance(cause, _LASTING) for cause in causes),
        outage=any(isinstance(cause, ConnectionRefusedError) for cause in causes),
    )


# An address that is no URL will not become one, and a certificate does not change within a minute.
_LASTING = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    ssl.SSLCertVerificationError,
)
_NO_URL = "its address is no URL"
_CUT_OFF = "the reply was cut off"
_NOT_TRUSTED = "its certificate is not trusted"
_BROKEN_ENCODING = "its content encoding is broken"
_UP_AND_RIGHT = (
    "check that the Catalog is up and that COURSE_CATALOG_API_URL is right, then run the command again"
)
_REMEDIES_WITHOUT_A_REPLY = {
    _NO_URL: "set COURSE_CATALOG_API_URL to one, such as https://discovery.example.com/api/v1",
    _CUT_OFF: "look at the time-outs of what stands before the Catalog, or choose a smaller page size",
    _NOT_TRUSTED: "install the certificate of its authority where the LMS runs",
    _BROKEN_ENCODING: "look at the proxy before the Catalog that compresses",
}
_DESCRIPTIONS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, _NOT_TRUSTED),
    (requests.exceptions.InvalidURL, _NO_URL),
    (requests.exceptions.InvalidSchema, _NO_URL),
    (requests.exceptions.MissingSchema, _NO_URL),
    (urllib3.exceptions.NameResolutionError, "its host name is unknown"),
    (urllib3.exceptions.ReadTimeoutError, "no answer in time"),
    (urllib3.exceptions.IncompleteRead, _CUT_OFF),
    (http.client.IncompleteRead, _CUT_OFF),
    (urllib3.exceptions.DecodeError, _BROKEN_ENCODING),
    (http.client.RemoteDisconnected, "the connection was closed without an answer"),
    (http.client.BadStatusLine, "the reply is not HTTP"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset"),
    (ssl.SSLError, "the TLS connection failed"),
    # Last: urllib3 counts every failure to connect as one of these.
    (urllib3.exceptions.ConnectTimeoutError, "connecting timed out"),
)


def _describe(error: Exception, causes: list[BaseException]) -> str:
    """Say in a few words what happened, from the cause that has a name of its own."""
    for kind, words in _DESCRIPTIONS:
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that it wraps: in its cause, its arguments and its ``reason``."""
    seen: list[BaseException] = []
    pending: list[Any] = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and not any(cause is other for other in seen):
            seen.append(cause)
            pending += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]
            yield cause
