"""The changes of one sync run that are stored for people, up to a limit per kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from catalog_sync import conf
from catalog_sync.models import SyncRunChange
from catalog_sync.store import changes
from catalog_sync.store.changes import MAX_PER_KIND, REFUSED, Change
from catalog_sync.store.difference import Difference, marketing_url_in

Kind = SyncRunChange.Kind
# A ``Change`` without its kind: course key, old and new URL, reason.
Row = tuple[str, str | None, str | None, str]


@dataclass
class RunChanges:
    """Collects changes until a transaction stores them. Each task of a distributed sync run has its own limit.

    Attributes:
        waiting: the changes that no committed transaction has stored yet.
    """

    run_id: int
    waiting: list[Change] = field(default_factory=list)
    _stored: Counter[str] = field(default_factory=Counter)

    def add(self, kind: Kind, some: Iterable[Row]) -> list[Change]:
        """Add changes of this kind for the next transaction, as many as the limit allows, and return these."""
        # The others are not even computed: a first sync changes every course.
        left = MAX_PER_KIND - self._stored[kind.value]
        if left > 0 and self.waiting:
            left -= sum(each.kind == kind.value for each in self.waiting)
        rows = islice(some, max(0, left))
        added = [
            changes.storable(Change(key, kind.value, old, new, reason)) for key, old, new, reason in rows
        ]
        self.waiting += added
        return added

    def add_changed(self, difference: Difference) -> None:
        """Add the course overviews that differ from the data to publish."""
        self.add(Kind.CHANGED, _changed(difference))

    def add_urls(self, urls: Mapping[str, str], before: Mapping[str, str | None]) -> None:
        """Add course overviews that get these marketing URLs, by course key; ``before`` are those that they have."""
        self.add(Kind.CHANGED, ((key, before[key] or None, url, "") for key, url in urls.items()))

    def add_removed(
        self, urls: Mapping[str, str], reasons: Mapping[str, str], *, refused: bool = False
    ) -> None:
        """Add course overviews that lose these marketing URLs, by course key, or would if this were not refused."""
        prefix = REFUSED if refused else ""
        self.add(Kind.REMOVED, ((key, url, None, prefix + reasons.get(key, "")) for key, url in urls.items()))

    def store(self) -> None:
        """Store the waiting changes, in the caller's transaction."""
        changes.record(self.run_id, self.waiting)

    def mark_stored(self) -> None:
        """Count the waiting changes as stored, after the commit."""
        self._stored.update(each.kind for each in self.waiting)
        self.waiting = []


def _changed(difference: Difference) -> Iterator[Row]:
    for key in difference.differing:
        before, after = difference.current[key], difference.written(key)
        old, new = marketing_url_in(before), marketing_url_in(after)
        yield key, old, new, _other_fields(before, after) if old == new else ""


def _other_fields(before: Sequence[Any], after: Sequence[Any]) -> str:
    fields = zip(conf.fields().values(), before, after, strict=True)
    return "other fields: " + ", ".join(name for name, old, new in fields if old != new)
