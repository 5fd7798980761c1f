"""What can go wrong between the LMS and the Catalog, each in one sentence with its remedy."""

from __future__ import annotations

from enum import Enum


class Scope(Enum):
    """How far a failed request reaches."""

    RUN = "run"  # nothing else will be answered either: stop
    WINDOW = "window"  # this window is lost, others may be answered
    ROWS = "rows"  # something in the window breaks the service: a narrower window may be answered


class RequestFailed(Exception):
    """A request to the Catalog or its OAuth2 provider that brought no usable reply.

    Attributes:
        clause: what happened and the remedy, without a full stop, for a longer sentence.
        url: what was asked, without query.
        reason: what happened, in a few words.
        remedy: what an operator can do, one clause.
        scope: how far the failure reaches.
        retry_after: seconds that the service asked to wait; None if it did not say.
        retryable: whether the same request may succeed later.
        throttled: whether the service limits how many requests this user may send.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        remedy: str,
        *,
        scope: Scope = Scope.WINDOW,
        retryable: bool = True,
        retry_after: float | None = None,
        throttled: bool = False,
    ) -> None:
        self.clause = f"{url} {reason}: {remedy}"
        super().__init__(f"{self.clause}.")
        self.url = url
        self.reason = reason
        self.remedy = remedy
        self.scope = scope
        self.retryable = retryable
        self.retry_after = retry_after
        self.throttled = throttled


class MalformedReply(Exception):
    """Bytes that are not a page of the Catalog API."""
