"""Every way in which a request can fail: what happened, what to do, how far it reaches, whether to retry."""

from __future__ import annotations

import http.client
import math
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import requests
import urllib3

from catalog_sync.exceptions import FailureScope, RequestFailed

CATALOG: Final = "the Catalog"
PROVIDER: Final = "the OAuth2 provider"
_ADDRESS_SETTINGS: Final = {
    CATALOG: "COURSE_CATALOG_API_URL",
    PROVIDER: "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL",
}
# Remedies name these two; for another way of authentication, ``CatalogAccess`` replaces them.
TOKENS: Final = "the tokens of BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL"
TOKEN_USER: Final = "the user of BACKEND_SERVICE_EDX_OAUTH2_KEY"  # noqa: S105 -- not a secret
EXAMPLE_URL: Final = "https://discovery.example.com/api/v1"
_UP = "check that {service} is up and that {setting} is right, then run the command again"


class MalformedReply(Exception):
    """A reply with HTTP 200 that is not what was requested; the message is what the Catalog returned instead."""


@dataclass(frozen=True)
class Failure:
    """A kind of failure: ``reason`` and ``remedy`` as in ``RequestFailed``, with details in braces."""

    reason: str
    remedy: str = _UP
    scope: FailureScope = FailureScope.PAGE
    retry: bool = True
    outage: bool = False

    def at(
        self, url: str = "", retry_after: float | None = None, *, service: str = CATALOG, **details: object
    ) -> RequestFailed:
        """Return the failure of a request to this address."""
        details = {"service": service, "setting": _ADDRESS_SETTINGS[service]} | details
        return RequestFailed(
            plain(url),
            self.reason.format(**details),
            self.remedy.format(**details),
            scope=self.scope,
            retryable=self.retry,
            retry_after=retry_after,
            throttled=self is RATE_LIMITED,
            outage=self.outage,
        )


_CREDENTIALS = "check BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL, _KEY and _SECRET"
_SERVICE = "check the Catalog and any proxy in front of it"

# A failure that every other attempt and every other request would have, too.
_final = partial(Failure, scope=FailureScope.SYNC, retry=False)

# Before the first request.
ADDRESS_MISSING = _final("{setting} is not set", "set it to the root of the Catalog's API")
CREDENTIALS_MISSING = _final("{settings} not set", "set what is missing{other_remedy}")
SERVICE_USER_MISSING = _final(
    "the service user {user!r} of Catalog integration does not exist",
    "create the user, or choose another one in Django admin (Catalog integration)",
)
FACTORY_FAILED = _final(
    "the session factory {factory} returned no session ({error})", "check CATALOG_SYNC_SESSION_FACTORY"
)
PLATFORM_FAILED = _final(
    "the LMS's get_catalog_api_client returned no session ({error})",
    "check JWT_AUTH in the settings of the LMS",
)

# No reply, or not all of it.
TOO_SLOW = Failure(
    "{service} did not finish its reply within {seconds:g} s",
    "choose a smaller page size, or raise request_timeout_seconds",
)
# For a look-up, which has no page size.
LOOK_UP_TOO_SLOW = Failure(
    TOO_SLOW.reason, "check or restart {service} and its proxy, or raise request_timeout_seconds"
)
SILENT = Failure(
    f"{TOO_SLOW.reason}, not even to a request for one course run",
    "check or restart {service} and its proxy, then run the command again",
)
# A reply with so few course runs takes no time.
FEW_ROWS: Final = 2
TOO_LARGE = Failure(
    "{service} sent more than {max_bytes:,} bytes in one reply",
    "check that COURSE_CATALOG_API_URL is the address of a Catalog API",
    retry=False,
)
INVALID_URL = Failure(
    "{setting} is not a valid URL", f"set it to an address such as {EXAMPLE_URL}", retry=False
)
UNTRUSTED = Failure(
    "the certificate of {service} is not trusted",
    "install the certificate of its authority on the host of the LMS",
    retry=False,
)
CUT_OFF = Failure(
    "the reply of {service} was cut off",
    "check the time-outs of proxies in front of the Catalog, or choose a smaller page size",
)
BROKEN_ENCODING = Failure(
    "the reply of {service} has a broken content encoding",
    "check the proxy in front of the Catalog that compresses replies",
)
UNKNOWN_HOST = Failure(
    "the host name of {service} is unknown", "correct {setting}, or the DNS of the LMS's host"
)
CONNECTION_RESET = Failure(
    "the connection to {service} was reset", "check {service}, and proxies and firewalls in front of it"
)
TLS_FAILED = Failure(
    "the TLS connection to {service} failed",
    "if {service} uses plain HTTP, write http in {setting}; otherwise correct the proxy that terminates TLS",
)
CONNECT_TIMEOUT = Failure(
    "the connection to {service} timed out",
    "check the firewall, the load of {service} and the host in {setting}",
)
CONNECTION_REFUSED = Failure("the connection to {service} was refused", outage=True)
OTHER_ERROR = Failure("{service} could not be reached ({error})")
# The first row that matches an error or one of its causes is used.
_BY_ERROR: Final[tuple[tuple[type[BaseException], Failure], ...]] = (
    (ssl.SSLCertVerificationError, UNTRUSTED),
    (requests.exceptions.InvalidURL, INVALID_URL),
    (requests.exceptions.InvalidSchema, INVALID_URL),
    (requests.exceptions.MissingSchema, INVALID_URL),
    (requests.exceptions.InvalidHeader, Failure(OTHER_ERROR.reason, retry=False)),
    (urllib3.exceptions.NameResolutionError, UNKNOWN_HOST),
    (urllib3.exceptions.ReadTimeoutError, Failure("{service} did not answer in time")),
    (urllib3.exceptions.IncompleteRead, CUT_OFF),
    (http.client.IncompleteRead, CUT_OFF),
    (urllib3.exceptions.DecodeError, BROKEN_ENCODING),
    (http.client.RemoteDisconnected, Failure("{service} closed the connection without a reply")),
    (http.client.BadStatusLine, Failure("the reply of {service} is not HTTP")),
    (ConnectionRefusedError, CONNECTION_REFUSED),
    (ConnectionResetError, CONNECTION_RESET),
    (ssl.SSLError, TLS_FAILED),
    # Last, since urllib3 raises a subclass of it for every failure to connect.
    (urllib3.exceptions.ConnectTimeoutError, CONNECT_TIMEOUT),
)

# A reply of the Catalog with another status than 200.
_STATUS = "the Catalog answered HTTP {status}"
RATE_LIMITED = Failure(
    "rate limited by the Catalog (HTTP 429){wait}",
    f"run the command again {{then}}, or make {TOKEN_USER} staff in the LMS, or give that user a UserThrottleRate "
    "in the Catalog",
    FailureScope.SYNC,
)
REDIRECTED = _final(
    "the Catalog redirected the request (HTTP {status})",
    "set COURSE_CATALOG_API_URL to the final address; if that is a login page, check any proxy in between",
)
OUTAGE = Failure(_STATUS, _SERVICE, outage=True)
_BY_STATUS: Final[dict[int, Failure]] = {
    HTTPStatus.UNAUTHORIZED: _final(_STATUS, f"check that the Catalog trusts {TOKENS}"),
    HTTPStatus.FORBIDDEN: _final(_STATUS, f"give {TOKEN_USER} access to the Catalog API"),
    HTTPStatus.NOT_FOUND: _final(
        _STATUS,
        f"set COURSE_CATALOG_API_URL to the root of the API, such as {EXAMPLE_URL}, and check any proxy in between",
    ),
    HTTPStatus.REQUEST_TIMEOUT: Failure(_STATUS, _SERVICE),
    HTTPStatus.INTERNAL_SERVER_ERROR: Failure(
        _STATUS, "look for the cause in the Catalog's log", FailureScope.ROWS
    ),
    # A proxy returns these while the service behind it is down.
    HTTPStatus.BAD_GATEWAY: OUTAGE,
    HTTPStatus.SERVICE_UNAVAILABLE: OUTAGE,
    HTTPStatus.GATEWAY_TIMEOUT: OUTAGE,
}
OTHER_STATUS = Failure(_STATUS, _SERVICE, retry=False)
OTHER_SERVER_ERROR = Failure(_STATUS, _SERVICE)
# A reply with status 200.
MALFORMED = Failure(
    "the Catalog returned {instead}", "check COURSE_CATALOG_API_URL and any proxy or login page in between"
)

# The OAuth2 provider.
TOKEN_REFUSED = _final("{service} issued no access token{http_status}", _CREDENTIALS)
TOKEN_LIMITED = Failure(
    "rate limited by {service}{http_status}", "run the command again later", FailureScope.SYNC
)
PROVIDER_DOWN = Failure("{service} failed{http_status}", scope=FailureScope.SYNC)
TOKEN_MALFORMED = Failure("the reply of {service} is not an access token", _CREDENTIALS, FailureScope.SYNC)


def credentials_missing(settings: Sequence[str], *, may_use_platform: bool) -> RequestFailed:
    """Return the failure of a sync run without a way of authentication."""
    other = ", or enable Catalog integration with a service user in Django admin" if may_use_platform else ""
    verb = "is" if len(settings) == 1 else "are"
    return CREDENTIALS_MISSING.at(settings=f"{', '.join(settings)} {verb}", other_remedy=other)


def too_slow(rows: int, *, is_page: bool) -> Failure:
    """Return the failure of a request for so many records that takes too long."""
    if rows <= FEW_ROWS:
        return SILENT
    return TOO_SLOW if is_page else LOOK_UP_TOO_SLOW


def without_reply(url: str, error: Exception, service: str = CATALOG) -> RequestFailed:
    """Return the failure for an error of the HTTP client."""
    causes = list(_causes(error))
    matching = (failure for kind, failure in _BY_ERROR if any(isinstance(cause, kind) for cause in causes))
    request = getattr(error, "request", None)
    address = getattr(request, "url", None) or url
    return next(matching, OTHER_ERROR).at(address, service=service, error=type(error).__name__)


def refused(url: str, status: int, retry_after: str | None) -> RequestFailed:
    """Return the failure for a reply of the Catalog with another status than 200."""
    seconds = _seconds(retry_after)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait, then = (
            ("", "later") if seconds is None else (f" for another {_duration(seconds)}", "after that")
        )
        return RATE_LIMITED.at(url, seconds, wait=wait, then=then)
    if 300 <= status < 400:
        return REDIRECTED.at(url, status=status)
    other = OTHER_STATUS if status < HTTPStatus.INTERNAL_SERVER_ERROR else OTHER_SERVER_ERROR
    waits = seconds if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return _BY_STATUS.get(status, other).at(url, waits, status=status)


def token_refused(url: str, reply: Any) -> RequestFailed:
    """Return the failure for a reply of the OAuth2 provider with another status than 200."""
    status = int(getattr(reply, "status_code", 0) or getattr(reply, "status", 0))
    failure = TOKEN_REFUSED
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        failure = TOKEN_LIMITED
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        failure = PROVIDER_DOWN
    seconds = _seconds(reply.headers.get("Retry-After")) if failure.retry else None
    return failure.at(url, seconds, service=PROVIDER, http_status=f" (HTTP {status})" if status else "")


def end_sync_without_token(error: RequestFailed) -> None:
    """Change the failure of a request to the OAuth2 provider to one that ends the sync run."""
    error.scope = FailureScope.SYNC
    error.remedy = _UP.format(service=PROVIDER, setting=_ADDRESS_SETTINGS[PROVIDER])


def plain(url: str) -> str:
    """Return the URL without query and without credentials."""
    return without_credentials(url).partition("?")[0]


def without_credentials(url: str) -> str:
    """Return the URL without the user and the password that an operator may have put into it.

    Everything before the last at sign is removed: an unquoted password (``pa/ss``) makes an invalid URL, whose message
    must not show it either. The URLs of the client have no other at sign, since queries are quoted.
    """
    before, _, rest = url.rpartition("@")
    scheme, slashes, _ = before.partition("//")
    return (scheme + slashes if slashes else "") + rest.partition("#")[0]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which has a number or an HTTP date."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all errors in its cause, its arguments and its ``reason``."""
    seen: list[BaseException] = []
    pending: list[Any] = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and not any(cause is other for other in seen):
            seen.append(cause)
            pending += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]
            yield cause
