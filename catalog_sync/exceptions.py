"""Every exception that a caller may catch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any


class CatalogSyncError(Exception):
    """The base of all exceptions that this app raises for its callers."""


class UsageError(CatalogSyncError, ValueError):
    """An argument is invalid; nothing was done.

    Attributes:
        arguments: the names of the invalid arguments, in the order in which the message first mentions them.
    """

    def __init__(self, message: str, *arguments: str) -> None:
        super().__init__(message)
        self.arguments = arguments

    @property
    def argument(self) -> str | None:
        """The first invalid argument; a form shows the message at its field."""
        return next(iter(self.arguments), None)

    def naming(self, names: Callable[[str], str]) -> str:
        """Return the message with other names for the arguments, such as a command's options."""
        message = str(self)
        for argument in self.arguments:
            message = message.replace(argument, names(argument), 1)
        return message


class SyncAlreadyRunning(CatalogSyncError):
    """Another sync of the same Catalog is running.

    Attributes:
        scope: the scope of the running sync, a value of ``SyncRun.Scope``.
        report: with several Catalogs, the ``SyncReport`` of what was done with the others; otherwise None.
    """

    def __init__(self, message: str, scope: str, report: Any = None) -> None:
        super().__init__(message)
        self.scope = scope
        self.report = report


class SyncNotSucceeded(CatalogSyncError):
    """A Celery task's sync failed, was refused, was canceled or is incomplete; the message has the reason."""


class SyncNotStarted(CatalogSyncError):
    """The sync was not handed to a Celery worker; the message contains the reason and the remedy."""


class NothingMeasured(CatalogSyncError):
    """No page size was measured, so none can be recommended."""


class FailureScope(Enum):
    """How far a failed request reaches."""

    SYNC = "sync"  # every other request of the sync run would fail as well
    PAGE = "page"  # other pages may be read
    ROWS = "rows"  # the Catalog fails on a course run of the page; smaller pages may be read


class RequestFailed(CatalogSyncError):
    """A request to the Catalog or to its OAuth2 provider brought no usable reply.

    Attributes:
        url: the address, without query and credentials; empty if nothing was requested.
        reason: what happened; a clause in lower case, for a longer sentence.
        remedy: what an operator can do; a clause like ``reason``.
        scope: how far the failure reaches.
        retry_after: the seconds of the reply's ``Retry-After``; None if it has none.
        retryable: whether the same request may succeed later.
        throttled: whether the service limits how many requests this user may send.
        outage: whether the service as a whole seems to be down, for example while it restarts.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        remedy: str,
        *,
        scope: FailureScope = FailureScope.PAGE,
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
        """What happened and the remedy, for a longer sentence."""
        return f"{self.reason}: {self.remedy}"

    def __str__(self) -> str:
        sentences = [self.reason, self.remedy, f"address: {self.url}" if self.url else ""]
        return " ".join(f"{text[0].upper()}{text[1:]}." for text in sentences if text)

    def name_settings(self, names: Mapping[str, str]) -> None:
        """Replace the names of the default Catalog's settings with those of the Catalog that was requested."""
        for default, own in names.items():
            self.reason = self.reason.replace(default, own)
            self.remedy = self.remedy.replace(default, own)
