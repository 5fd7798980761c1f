"""What can go wrong between the LMS and the Catalog, each in one sentence with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Scope(Enum):
    """How far a failed request reaches."""

    RUN = "run"  # nothing else will be answered either: stop
    WINDOW = "window"  # this window is lost, others may be answered
    ROWS = "rows"  # something in the window breaks the service: a narrower window may be answered


class RequestFailed(Exception):
    """A request to the Catalog or its OAuth2 provider that brought no usable reply.

    Attributes:
        url: what was asked, without query.
        reason: what happened, in a few words.
        remedy: what an operator can do, one clause.
        scope: how far the failure reaches.
        retry_after: seconds that the service asked to wait; None if it did not say.
        retryable: whether the same request may succeed later.
        throttled: whether the service limits how many requests this user may send.
        outage: whether the service as a whole seems to be away, as while it restarts.
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
        outage: bool = False,
    ) -> None:
        super().__init__()
        self.url = url
        self.reason = reason
        self.remedy = remedy
        self.scope = scope
        self.retryable = retryable
        self.retry_after = retry_after
        self.throttled = throttled
        self.outage = outage

    @property
    def clause(self) -> str:
        """What happened and the remedy, without a full stop, for a longer sentence."""
        return f"{self.url} {self.reason}: {self.remedy}"

    def __str__(self) -> str:
        return f"{self.clause}."

    def name_settings(self, names: Mapping[str, str]) -> None:
        """Have the remedy name the settings of the Catalog that was asked, by the names for the only one."""
        for usual, own in names.items():
            self.remedy = self.remedy.replace(usual, own)


class MalformedReply(Exception):
    """Bytes that are not a page of the Catalog API."""
