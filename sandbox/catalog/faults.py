"""Faults to order: rules that say which request goes wrong, and how.

A rule matches by path prefix, by parameters that must all be equal, by the run that the page would hold, and from
the ``nth`` matching request on; it acts ``times`` times (``None``: for ever).
"""

from collections.abc import Callable
from threading import Event, Lock
from typing import Any

import msgspec

from sandbox.catalog.request_log import Request
from sandbox.catalog.store import Entry

# Says whether the page that a request asks for would hold the run with this key.
Covers = Callable[[Request, str], bool]


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag=str.lower):
    """What goes wrong. Its lower-case class name is its ``kind``."""


class Status(Action):
    """An error page of a proxy or of the service itself."""

    status: int
    headers: dict[str, str] = {}
    body: str | None = None


class Body(Action):
    """A reply with any body."""

    body: str
    content_type: str = "text/html"
    status: int = 200


class Redirect(Action):
    location: str
    status: int = 302


class Reset(Action):
    """The connection is reset before any byte of a reply."""


class Hang(Action):
    """The request is read and never answered; after ``seconds`` the connection is closed."""

    seconds: float = 60


class Drip(Action):
    """Good headers, then for ever a byte of blank a while: no single read is slow enough to time out."""

    seconds_per_byte: float = 0.2


class Truncate(Action):
    """The connection is closed after ``bytes`` of a body whose Content-Length promised more."""

    bytes: int


class Huge(Action):
    """A body of ``bytes`` blanks whose length is not announced."""

    bytes: int


class Slow(Action):
    """The right answer, late."""

    seconds: float


class Mutate(Action):
    """The right answer, and the data changes: before it is worked out, or right after."""

    upsert: list[dict[str, Any]] = []
    delete: list[str] = []
    before: bool = True
    via_publisher: bool = True


class Short(Action):
    """``rows`` fewer than there are, from the end of the page."""

    rows: int


class Long(Action):
    """``rows`` more than asked for: those that follow, starting over after the last run."""

    rows: int


class Duplicate(Action):
    """Each row twice."""


class Next(Action):
    """The reply's ``next`` points elsewhere."""

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
    """The rows of a page with the fault applied; ``following`` are all those after it."""
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
    """The rules in force. ``released`` is set when they are cleared, so that hanging requests let go."""

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
        """The action of the first rule that is due for this request; every rule that matches counts it."""
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
