"""One question to the Catalog: an answer or a reason. Retries, sessions and counts are settled here."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TypeVar

import requests
import stamina

from catalog_sync import conf
from catalog_sync.catalog_client import pause
from catalog_sync.catalog_client.access import CatalogAccess, access_to
from catalog_sync.catalog_client.auth import CatalogSession, new_session
from catalog_sync.catalog_client.failures import plain, refused, without_credentials
from catalog_sync.catalog_client.threads import THREAD_NAME
from catalog_sync.catalog_client.transport import ENCODINGS, Reply, exchange
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import RequestFailed

T = TypeVar("T")

CONNECT_TIMEOUT_SECONDS = 5.0
ATTEMPTS = 6
# A Catalog that has answered this run and goes away is likely to be back: a restart takes up to a minute.
OUTAGE_ATTEMPTS = 10
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 20.0
# Key, URL and status at their longest, with JSON's escapes; an honest page is far below.
LONGEST_ROW_BYTES = 8 * 1024
SMALLEST_CAP_BYTES = 1024 * 1024
# The LMS signs tokens for an hour. A session that cannot renew its token is replaced well before that.
SESSION_SECONDS = 30 * 60.0


def _is_not_ours(record: logging.LogRecord) -> bool:
    return not str(getattr(record, "stamina.caused_by", "")).startswith(RequestFailed.__name__)


# Each retry is an event with its address and reason. Stamina's own line before it names neither.
logging.getLogger("stamina").addFilter(_is_not_ours)


def _is_of_another_thread(record: logging.LogRecord) -> bool:
    return record.threadName != THREAD_NAME


# It repeats the headers that it cannot parse: megabytes a request, if a reply has so many.
logging.getLogger("urllib3.connection").addFilter(_is_of_another_thread)


@dataclass
class RetryBudget:
    """The seconds that a run may still lose to failed attempts and to waiting for the next one.

    What several threads lose at the same time is lost once.
    """

    seconds: float
    _spent_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend_since(self, started: float) -> float:
        """Take off what was lost since then, by the monotonic clock, and return what it says now.

        The budget never falls below zero.
        """
        with self._lock:
            now = time.monotonic()
            self.seconds = max(0.0, self.seconds - (now - max(started, self._spent_until)))
            self._spent_until = now
            return now


@dataclass(frozen=True)
class _Held:
    """A session, and when it was made."""

    session: requests.Session
    made: float = field(default_factory=time.monotonic)

    @property
    def is_old(self) -> bool:
        renews_its_token = isinstance(self.session, CatalogSession)
        return not renews_its_token and time.monotonic() - self.made >= SESSION_SECONDS


class Requester:
    """GETs from one Catalog, by any number of threads at once.

    Args:
        log: where retries and failures are logged.
        timeout_seconds: how long one request may take.
        retry_deadline_seconds: how many seconds may be lost to failed attempts and to waiting.
        access: which Catalog, and how to authenticate to it; None: the one that is not named.

    Attributes:
        requests: how many requests were sent to the Catalog, retries among them.
        retries: how many of them were second attempts or later.
        slowest_seconds: how long the slowest of them took.
        budget: what is left of the run's time for retries.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        timeout_seconds: float,
        retry_deadline_seconds: float,
        access: CatalogAccess | None = None,
    ) -> None:
        self.requests = 0
        self.retries = 0
        self.budget = RetryBudget(retry_deadline_seconds)
        self._log = log
        self.slowest_seconds = 0.0
        self._timeout_seconds = timeout_seconds
        self._access = access or access_to(conf.catalog(conf.DEFAULT_CATALOG))
        self._lock = threading.Lock()
        self._idle_sessions: list[_Held] = []
        self._closed = False
        self._has_answered = False

    def get(self, url: str, parse: Callable[[bytes], T], *, rows: int, attempts: int | None = None) -> T:
        """Return what ``parse`` makes of the body of ``url``.

        Args:
            url: with its query; never one that a reply named.
            parse: turns a body into a value; raises ``RequestFailed`` for a body worth asking for again.
            rows: how many records the reply may honestly hold, to bound its size.
            attempts: how often to try at most; the retry budget may end it earlier.

        Raises:
            RequestFailed: no attempt brought a usable body.
        """
        retrying = self._retrying(attempts)
        most_bytes = max(rows * LONGEST_ROW_BYTES, SMALLEST_CAP_BYTES)
        started, failure, was_sent = time.monotonic(), None, False
        try:
            for attempt in retrying:
                if failure:
                    if self._closed:
                        raise failure
                    self._log_retry(url, failure)
                    started = self.budget.spend_since(started)
                    # Else it was the request for a token that failed, before this one.
                    was_sent = was_sent or failure.url == plain(url)
                with attempt:
                    try:
                        return parse(self._attempt(url, most_bytes, again=was_sent))
                    except RequestFailed as error:
                        failure = error
                        raise
        except RequestFailed as error:
            self.budget.spend_since(started)
            error.name_settings(self._access.names_in_remedies())
            if not self._closed:
                self._log_failure(url, error)
            raise
        raise AssertionError("stamina ends with a result or an error")

    def _retrying(self, attempts: int | None) -> Iterable[stamina.Attempt]:
        tried = 0

        def wait_before_retry(error: Exception) -> bool | float:
            nonlocal tried
            if not isinstance(error, RequestFailed):
                return False
            # Being asked to wait says nothing against the request: only the budget bounds how often.
            tried += not (error.throttled and error.retry_after is not None)
            is_worth = OUTAGE_ATTEMPTS if error.outage and self._has_answered else ATTEMPTS
            return tried < (attempts or is_worth) and self._wait_before_retry(error)

        return stamina.retry_context(
            on=wait_before_retry,
            attempts=None if self.budget.seconds else 1,
            timeout=self.budget.seconds or None,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=LONGEST_WAIT_SECONDS,
            wait_jitter=FIRST_WAIT_SECONDS,
        )

    def _wait_before_retry(self, error: RequestFailed) -> bool | float:
        if not error.retryable or self._closed or not self.budget.seconds:
            return False
        if error.retry_after is None:
            return True
        # Never at once: a service that says "0" for ever would be asked as fast as the network allows.
        return error.retry_after <= self.budget.seconds and max(error.retry_after, FIRST_WAIT_SECONDS)

    def _log_retry(self, url: str, failure: RequestFailed) -> None:
        waited = {} if failure.retry_after is None else {"retry_after": failure.retry_after}
        self._log.warning("request_retried", url=_whose(url, failure), reason=failure.reason, **waited)

    def _log_failure(self, url: str, error: RequestFailed) -> None:
        self._log.error("request_failed", url=_whose(url, error), reason=error.reason)

    def _attempt(self, url: str, most_bytes: int, *, again: bool) -> bytes:
        if asked := pause.in_force(self._access.catalog):
            raise refused(url, asked.status, str(math.ceil(asked.seconds)))
        held = self._borrow()
        try:
            reply = self._exchange(held.session, url, most_bytes, again=again)
            if reply.status == HTTPStatus.UNAUTHORIZED:
                held = self._renewed(held)
                self._log_retry(url, refused(url, reply.status, None))
                reply = self._exchange(held.session, url, most_bytes, again=True)
        except RequestFailed:
            # Nobody knows what state it is in.
            held.session.close()
            raise
        self._give_back(held)
        if reply.status == HTTPStatus.OK:
            self._has_answered = True
            return reply.body
        refusal = refused(url, reply.status, reply.headers.get("Retry-After"))
        if refusal.retry_after and refusal.retry_after <= self.budget.seconds:
            pause.pass_on(pause.Pause(refusal.retry_after, reply.status), self._access.catalog)
        raise refusal

    def _exchange(self, session: requests.Session, url: str, most_bytes: int, *, again: bool) -> Reply:
        if isinstance(session, CatalogSession):
            # Beforehand, with bounds of its own: a provider that is down is not a Catalog that is slow.
            session.authenticate()
        with self._lock:
            self.requests += 1
            self.retries += again
        send = partial(
            session.get,
            url,
            headers=ENCODINGS,
            stream=True,
            # Never followed: the token must not leave the configured origin.
            allow_redirects=False,
            # A read may last longer than the exchange, which ends first and says so in its own words.
            timeout=(min(CONNECT_TIMEOUT_SECONDS, self._timeout_seconds / 2), 2 * self._timeout_seconds),
        )
        started = time.monotonic()
        try:
            return exchange(url, send, seconds=self._timeout_seconds, most_bytes=most_bytes)
        finally:
            with self._lock:
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - started)

    def _borrow(self) -> _Held:
        """Take a session that no other thread uses."""
        with self._lock:
            held = self._idle_sessions.pop() if self._idle_sessions else None
        if held and held.is_old:
            held.session.close()
            held = None
        return held or _Held(new_session(self._access))

    def _renewed(self, held: _Held) -> _Held:
        if isinstance(held.session, CatalogSession):
            held.session.renew()
            return held
        held.session.close()
        return _Held(new_session(self._access))

    def _give_back(self, held: _Held) -> None:
        with self._lock:
            if not self._closed:
                self._idle_sessions.append(held)
                return
        held.session.close()

    def close(self) -> None:
        """Close the sessions. What is still on its way is not tried again, and no longer spoken of."""
        with self._lock:
            self._closed = True
            idle, self._idle_sessions = self._idle_sessions, []
        for held in idle:
            held.session.close()


def _whose(url: str, error: RequestFailed) -> str:
    """Return what failed: with the query, which tells the place in the list; or it was the provider of tokens."""
    return without_credentials(url) if error.url == plain(url) else error.url
