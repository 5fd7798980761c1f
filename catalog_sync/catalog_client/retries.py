"""Requests with retries within one time budget."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TypeVar

import requests

from catalog_sync.catalog_client.access import CatalogAccess
from catalog_sync.catalog_client.auth import CatalogSession, SessionPool
from catalog_sync.catalog_client.back_off import BackOff, share_back_off, shared_back_off
from catalog_sync.catalog_client.errors import plain, refused, too_slow, without_credentials
from catalog_sync.catalog_client.transport import (
    ENCODINGS,
    READ_TIMEOUTS,
    THREAD_NAME,
    Replies,
    Reply,
    receive,
)
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import FailureScope, RequestFailed

T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 5.0
ATTEMPTS = 6
# A Catalog that has answered during this sync run and goes down most likely restarts, which takes up to a minute.
OUTAGE_ATTEMPTS = 10
# For a page with HTTP 500, since the Catalog fails on the same course run each time.
MIN_ATTEMPTS = 2
# If another attempt would exceed it, a page is not tried again: the crawler finds out whether the Catalog is down. All
# other requests are tried MIN_ATTEMPTS times.
MAX_REQUEST_SECONDS = 60.0
FIRST_WAIT_SECONDS = 0.2
MAX_WAIT_SECONDS = 20.0
# More than the longest key, URL and status take, with JSON's escapes.
MAX_ROW_BYTES = 8 * 1024
MIN_LIMIT_BYTES = 1024 * 1024

# urllib3 logs all headers that it cannot parse, which may be megabytes per request.
logging.getLogger("urllib3.connection").addFilter(lambda record: record.threadName != THREAD_NAME)


@dataclass
class RetryBudget:
    """The seconds that a sync run may still spend on failed attempts and on waits between attempts.

    What several threads spend at the same time counts once.
    """

    seconds: float
    _spent_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend_since(self, started: float) -> float:
        """Subtract the time since ``started``, by the monotonic clock, and return the time now.

        The budget never falls below zero.
        """
        with self._lock:
            now = time.monotonic()
            self.seconds = max(0.0, self.seconds - (now - max(started, self._spent_until)))
            self._spent_until = now
            return now


def seconds_after(attempts: int) -> float:
    """Return how long to wait after so many attempts: twice as long each time, with jitter."""
    jitter = random.uniform(0, FIRST_WAIT_SECONDS)  # noqa: S311 -- not a secret
    return min(FIRST_WAIT_SECONDS * 2.0 ** (attempts - 1) + jitter, MAX_WAIT_SECONDS)


@dataclass(frozen=True)
class Request:
    """A request for some records.

    Attributes:
        url: never one from a reply.
        rows: how many records the reply may have, which bounds its size.
        is_page: whether it is for a page of the list, so that smaller pages can be requested instead.
    """

    url: str
    rows: int
    is_page: bool

    @property
    def max_bytes(self) -> int:
        """How long the reply may be."""
        return max(self.rows * MAX_ROW_BYTES, MIN_LIMIT_BYTES)


class Requester:
    """Sends GET requests to one Catalog, from any number of threads.

    Args:
        log: where retries and failures are logged.
        timeout_seconds: how long the Catalog may take for its next reply to any of the requests in flight.
        retry_deadline_seconds: how many seconds failed attempts and waits may take in all.
        access: which Catalog, and how to authenticate to it.

    Attributes:
        timeout_seconds: the argument.
        requests: how many requests were sent to the Catalog, retries included.
        retries: how many of these requests were second attempts or later.
        seconds: how long each request took, without waits.
        budget: what is left of the time for retries.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        timeout_seconds: float,
        retry_deadline_seconds: float,
        access: CatalogAccess,
    ) -> None:
        self.requests = 0
        self.retries = 0
        self.seconds: list[float] = []
        self.budget = RetryBudget(retry_deadline_seconds)
        self._log = log
        self.timeout_seconds = timeout_seconds
        self._access = access
        self._lock = threading.Lock()
        self._pool = SessionPool(self._access)
        self._closed = threading.Event()
        self._has_answered = False
        self._replies = Replies()

    def get(
        self,
        url: str,
        parse: Callable[[bytes], T],
        *,
        rows: int,
        attempts: int | None = None,
        is_page: bool = False,
    ) -> T:
        """Return what ``parse`` returns for the body of ``url``.

        Args:
            url: never one from a reply.
            parse: turns a body into a value; raises ``RequestFailed`` if another attempt may help.
            rows: how many records the reply may have.
            attempts: the largest number of attempts; slow attempts and the retry budget may allow fewer.
            is_page: whether it is for a page. The crawler handles its failures, so it is tried less often.

        Raises:
            RequestFailed: no attempt brought a usable body.
        """
        request = Request(url, rows, is_page)
        began = started = time.monotonic()
        tried, was_sent = 0, False
        while True:
            try:
                return parse(self._attempt(request, again=was_sent))
            except RequestFailed as error:
                failure = error
            ended = self.budget.spend_since(started)
            # With another attempt that takes as long as this one.
            seconds, started = 2 * ended - started - began, ended
            # A rate limit is not the fault of this request: only the budget bounds how often it is retried.
            tried += not (failure.throttled and failure.retry_after is not None)
            allowed = min(attempts or OUTAGE_ATTEMPTS, self._max_attempts(failure, seconds, is_page=is_page))
            wait = self._seconds_before_retry(failure, tried) if tried < allowed else None
            if wait is None or self._closed.wait(wait):
                raise self._reported(url, failure)
            started = self.budget.spend_since(started)
            self._log_retry(url, failure)
            # A failed request for a token was sent to another address; this one was not sent.
            was_sent = was_sent or failure.url == plain(url)

    def close(self) -> None:
        """Close the sessions; requests that are still in flight are not retried and not logged."""
        self._closed.set()
        self._pool.close()

    def _max_attempts(self, failure: RequestFailed, seconds: float, *, is_page: bool) -> int:
        if is_page and failure.scope is FailureScope.ROWS:
            return MIN_ATTEMPTS
        if seconds > MAX_REQUEST_SECONDS:
            return 1 if is_page else MIN_ATTEMPTS
        return OUTAGE_ATTEMPTS if failure.outage and self._has_answered else ATTEMPTS

    def _seconds_before_retry(self, failure: RequestFailed, tried: int) -> float | None:
        """Return how long to wait before another attempt; None if there is none."""
        left = self.budget.seconds
        if not (failure.retryable and left):
            return None
        if failure.retry_after is None:
            return min(seconds_after(tried), left)
        # Even with "Retry-After: 0", so that requests do not follow each other as fast as the network allows.
        return max(failure.retry_after, FIRST_WAIT_SECONDS) if failure.retry_after <= left else None

    def _reported(self, url: str, failure: RequestFailed) -> RequestFailed:
        failure.name_settings(self._access.names_in_remedies())
        if not self._closed.is_set():
            self._log.error("request_failed", url=_address(url, failure), reason=failure.reason)
        return failure

    def _log_retry(self, url: str, failure: RequestFailed) -> None:
        waited = {} if failure.retry_after is None else {"retry_after": failure.retry_after}
        self._log.warning("request_retried", url=_address(url, failure), reason=failure.reason, **waited)

    def _attempt(self, request: Request, *, again: bool) -> bytes:
        url = request.url
        if back_off := shared_back_off(self._access.catalog):
            raise refused(url, back_off.status, str(math.ceil(back_off.seconds)))
        session = self._pool.borrow()
        try:
            reply = self._send(session, request, again=again)
            if reply.status == HTTPStatus.UNAUTHORIZED:
                session = self._pool.renew(session)
                self._log_retry(url, refused(url, reply.status, None))
                reply = self._send(session, request, again=True)
        except RequestFailed:
            # The thread of an abandoned request may still use the session.
            session.close()
            raise
        self._pool.give_back(session)
        if reply.status == HTTPStatus.OK:
            self._has_answered = True
            return reply.body
        refusal = refused(url, reply.status, reply.headers.get("Retry-After"))
        # A longer one is not shared: a proxy may send it for one page only.
        if refusal.retry_after and refusal.retry_after <= self.budget.seconds:
            share_back_off(BackOff(refusal.retry_after, reply.status), self._access.catalog)
        raise refusal

    def _send(self, session: requests.Session, request: Request, *, again: bool) -> Reply:
        if isinstance(session, CatalogSession):
            # Before the request, with its own bounds: a slow OAuth2 provider is not a slow Catalog.
            session.authenticate()
        with self._lock:
            self.requests += 1
            self.retries += again
        send = partial(
            session.get,
            request.url,
            headers=ENCODINGS,
            stream=True,
            # The token must not be sent to another address.
            allow_redirects=False,
            # A longer time-out for each read than for the whole reply, so that the latter ends first, with its message.
            timeout=(
                min(CONNECT_TIMEOUT_SECONDS, self.timeout_seconds / 2),
                READ_TIMEOUTS * self.timeout_seconds,
            ),
        )
        started = time.monotonic()
        try:
            return receive(
                request.url,
                send,
                seconds=self.timeout_seconds,
                max_bytes=request.max_bytes,
                too_slow=too_slow(request.rows, is_page=request.is_page),
                replies=self._replies,
            )
        finally:
            with self._lock:
                self.seconds.append(time.monotonic() - started)


def _address(url: str, error: RequestFailed) -> str:
    """Return the address for a log line: the URL with its query, unless another address failed, as for a token."""
    return error.url if error.url not in ("", plain(url)) else without_credentials(url)
