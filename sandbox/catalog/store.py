"""The data of the Catalog: course runs in the order of the list, and when each course was modified."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from sandbox.catalog.rows import (
    MARKETING_ROOT,
    Row,
    brief_row,
    course_key_of,
    course_run_keys,
    given_row,
    with_marketing_root,
)

# A generated course run is only its key, since key and seed determine its fields. One that a test sets is a row.
Entry = str | Row


def key_of(entry: Entry) -> str:
    return entry if isinstance(entry, str) else str(entry["key"])


def listing_order(entry: Entry) -> str:
    """Return the sort key: the service orders by ``LOWER(key)``."""
    return key_of(entry).lower()


@dataclass(frozen=True)
class Snapshot:
    """The data at one moment. It never changes, so readers need no lock.

    ``modified`` has the courses that were edited after ``loaded_at``; all others were modified at ``loaded_at``.
    ``saves`` is how often Django has sent ``post_save`` or ``post_delete``, which makes each cached reply stale.
    """

    entries: list[Entry]
    seed: int
    saves: int
    loaded_at: datetime
    modified: dict[str, datetime] = field(default_factory=dict)
    marketing_root: str = MARKETING_ROOT

    def row(self, entry: Entry) -> Row:
        return with_marketing_root(self.stored_row(entry), self.marketing_root)

    def stored_row(self, entry: Entry) -> Row:
        return brief_row(entry, self.seed) if isinstance(entry, str) else entry

    def rows(self) -> list[Row]:
        return [self.row(entry) for entry in self.entries]

    def find(self, keys: Iterable[str]) -> list[Entry]:
        """Return the entries with these keys in any case, in the order of the list. Unknown keys are left out."""
        found: list[Entry] = []
        for wanted in sorted({key.lower() for key in keys}):
            found.extend(self.entries[slice(*self._span(wanted))])
        return found

    def _span(self, lowered_key: str) -> tuple[int, int]:
        start = end = bisect_left(self.entries, lowered_key, key=listing_order)
        while end < len(self.entries) and listing_order(self.entries[end]) == lowered_key:
            end += 1
        return start, end


class Store:
    """The current :class:`Snapshot`, and the methods that replace it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._uncommitted: list[Row] = []
        self.snapshot = Snapshot([], 1, 0, _now())

    def generate(self, count: int, seed: int) -> None:
        """Replace all data with ``count`` generated course runs."""
        self._load(list(course_run_keys(count, seed)), seed)

    def replace(self, rows: Iterable[Row]) -> None:
        """Replace all data with these rows."""
        seed = self.snapshot.seed
        self._load([given_row(row, seed) for row in rows], seed)

    def _load(self, entries: list[Entry], seed: int) -> None:
        entries.sort(key=listing_order)
        with self._lock:
            self._uncommitted = []
            self.snapshot = Snapshot(entries, seed, self.snapshot.saves + 1, _now())

    def save(
        self, upsert: Iterable[Row] = (), delete: Iterable[Any] = (), via_publisher: bool = True
    ) -> None:
        """Change single course runs. Only an edit in the publisher updates the timestamp of the course."""
        with self._lock:
            self.snapshot = _saved(_edited(self.snapshot, upsert, delete, via_publisher))

    def queryset_update(self, rows: Iterable[Row]) -> None:
        """Change course runs as ``QuerySet.update()`` does: without a signal and without a timestamp."""
        with self._lock:
            self.snapshot = _edited(self.snapshot, rows, (), via_publisher=False)

    def save_without_commit(self, rows: Iterable[Row]) -> None:
        """Save course runs in a transaction: the signal is sent now, and nobody sees the rows until ``commit``."""
        with self._lock:
            self._uncommitted += rows
            self.snapshot = _saved(self.snapshot)

    def commit(self) -> None:
        with self._lock:
            self.snapshot = _edited(self.snapshot, self._uncommitted, (), via_publisher=True)
            self._uncommitted = []

    def change_marketing_root(self, url: str) -> None:
        """Change the root of all marketing URLs. A partner is in another app, whose signals no cache receives."""
        with self._lock:
            self.snapshot = replace(self.snapshot, marketing_root=url)


def _saved(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, saves=snapshot.saves + 1)


def _edited(before: Snapshot, upsert: Iterable[Row], delete: Iterable[Any], via_publisher: bool) -> Snapshot:
    entries = before.entries.copy()
    after = replace(before, entries=entries, modified=before.modified.copy())
    touched = [str(key) for key in delete]
    for key in touched:
        start, end = after._span(key.lower())
        del entries[start:end]
    for given in upsert:
        start, end = after._span(str(given["key"]).lower())
        current = (
            after.stored_row(entries[start]) if end > start else given_row({"key": given["key"]}, after.seed)
        )
        entries[start:end] = [current | given]
        touched.append(str(given["key"]))
    if via_publisher:
        after.modified.update(dict.fromkeys(map(course_key_of, touched), _now()))
    return after


def _now() -> datetime:
    return datetime.now(UTC)
