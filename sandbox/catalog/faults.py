"""Faults, and the rules that select the requests that have them.

A rule matches a path prefix, parameters that must all be equal, and a course run that must be on the page. It acts from
the ``nth`` matching request on, ``times`` times (``None``: always).
"""

from collections.abc import Callable
from threading import Event, Lock
from typing import Any

import msgspec

from sandbox.catalog.request_log import Request
from sandbox.catalog.store import Entry

# Returns whether the course run with this key is on the page that a request selects.
Covers = Callable[[Request, str], bool]


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag=str.lower):
    """A fault. Its ``kind`` is the class name in lower case."""


class Status(Action):
    """An error page of a proxy or of the service."""

    status: int
    headers: dict[str, str] = {}
    body: str | None = None


class Body(Action):
    """A reply with this body."""

    body: str
    content_type: str = "text/html"
    status: int = 200


class Redirect(Action):
    location: str
    status: int = 302


class Reset(Action):
    """The connection is reset without a reply."""


class Hang(Action):
    """There is no reply; after ``seconds`` the connection is closed."""

    seconds: float = 60


class Drip(Action):
    """Correct headers, then single bytes without end: no single read is slow enough to time out."""

    seconds_per_byte: float = 0.2


class Truncate(Action):
    """The connection is closed after ``bytes`` of the body, which is less than its Content-Length."""

    bytes: int


class Huge(Action):
    """A body of so many ``bytes``, without a Content-Length."""

    bytes: int


class Slow(Action):
    """The correct reply, late."""

    seconds: float


class Mutate(Action):
    """The correct reply; the data changes before or after it is computed."""

    upsert: list[dict[str, Any]] = []
    delete: list[str] = []
    before: bool = True
    via_publisher: bool = True


class Short(Action):
    """The page lacks its last ``rows``."""

    rows: int


class Long(Action):
    """The page has ``rows`` more: the following ones, and after the last one those of the page again."""

    rows: int


class Duplicate(Action):
    """Each row twice."""


class Next(Action):
    """The reply has this ``next``."""

    next: str | None


AnyAction = (
    Status
    | Body
    | Redirect
    | Reset
    | Hang
    | Drip
    | Truncate
    | Huge
    | Slow
    | Mutate
    | Short
    | Long
    | Duplicate
    | Next
)
RowFault = Short | Long | Duplicate | Next


def reshaped(action: RowFault | None, page: list[Entry], following: list[Entry]) -> list[Entry]:
    """Return the rows of a page with the fault; ``following`` are all rows after the page."""
    match action:
        case Short(rows=rows):
            return page[: max(0, len(page) - rows)]
        case Long(rows=rows):
            return page + (following + page)[:rows]
        case Duplicate():
            return [entry for entry in page for _ in range(2)]
    return page


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str = "/"
    params: dict[str, str] = {}
    nth: int = 1
    covers_key: str | None = None

    def accepts(self, request: Request, covers: Covers) -> bool:
        if not request.path.startswith(self.path):
            return False
        if any(request.params.get(name) != value for name, value in self.params.items()):
            return False
        return self.covers_key is None or covers(request, self.covers_key)


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    action: AnyAction
    match: Match = Match()
    times: int | None = 1


class _ActiveRule:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.left = rule.times

    def due(self) -> bool:
        return self.seen >= self.rule.match.nth and self.left != 0

    def spend(self) -> None:
        if self.left is not None:
            self.left -= 1


class Faults:
    """The active rules. ``released`` is set when they are cleared, and ends requests that hang."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: list[_ActiveRule] = []
        self.released = Event()

    def add(self, rules: list[Rule]) -> None:
        with self._lock:
            self._rules.extend(map(_ActiveRule, rules))

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self.released.set()
            self.released = Event()

    def take(self, request: Request, covers: Covers) -> AnyAction | None:
        """Return the fault of the first rule that is due for this request. Every matching rule counts the request."""
        with self._lock:
            if not self._rules:
                return None
            matching = [active for active in self._rules if active.rule.match.accepts(request, covers)]
            for active in matching:
                active.seen += 1
            due = next((active for active in matching if active.due()), None)
            if due is None:
                return None
            due.spend()
            return due.rule.action
