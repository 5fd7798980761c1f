"""Every exception that a caller may catch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum


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
        """The first of them: a form shows the message beside this field."""
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
    """

    def __init__(self, message: str, scope: str) -> None:
        super().__init__(message)
        self.scope = scope


class SyncNotStarted(CatalogSyncError):
    """The sync was not handed to a Celery worker; the message contains the reason and the remedy."""


class NothingMeasured(CatalogSyncError):
    """No page size was measured, so none can be recommended."""


class Scope(Enum):
    """How far a failed request reaches."""

    RUN = "run"  # nothing else will be answered either: stop
    WINDOW = "window"  # this window is lost, others may be answered
    ROWS = "rows"  # something in the window breaks the service: a narrower window may be answered


class RequestFailed(CatalogSyncError):
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
