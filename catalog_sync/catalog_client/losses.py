"""What a crawl could not read, in sentences for an operator."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog_sync.catalog_client.pagination import PageRange
from catalog_sync.catalog_client.schemas import Page
from catalog_sync.exceptions import RequestFailed


@dataclass
class Losses:
    """Collects what is missing. A course run that breaks the service has no key: its neighbors name it.

    Attributes:
        failures: one sentence a loss, without its full stop.
        noticed: how many times something was lost; the same course run may be met in two windows.
    """

    failures: list[str] = field(default_factory=list)
    noticed: int = 0
    _last_key: str = ""
    _poisoned: dict[int, RequestFailed] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)

    def note(self, page: Page) -> None:
        """Take notice of a page that was read: it has the neighbors of what was lost before it."""
        if page.course_runs:
            self._tell(f"before {_shown(page.course_runs[0].key)}")
            self._last_key = _shown(page.course_runs[-1].key)

    def end(self) -> None:
        """Take notice that no page will follow."""
        self._tell("the last that was read")

    def lose(self, page_range: PageRange, count: int, error: RequestFailed) -> None:
        """Give up a window of a list of ``count`` course runs."""
        self.noticed += 1
        last = max(page_range.offset, min(page_range.offset + page_range.limit, count) - 1)
        self.failures.append(
            f"course runs {page_range.offset} to {last} of the list are missing: {error.clause}"
        )

    def lose_rest(self, offset: int, error: RequestFailed) -> None:
        """Give up all from this position on, because no time is left to try again."""
        self.failures.append(
            f"the course runs from {offset} to the end of the list are missing, because retry_deadline_seconds is "
            f"used up: {error.clause}"
        )

    def doubt(self, page_range: PageRange) -> None:
        """A window was read, but only in parts."""
        self.failures.append(
            f"course runs {page_range.offset} to {page_range.offset + page_range.limit - 1} of the list could only be "
            "read in parts, which proves nothing about what is missing: run the command again, with a smaller page size"
        )

    def poison(self, offset: int, error: RequestFailed) -> None:
        """Give up a single course run; told as soon as its neighbor is known."""
        self.noticed += 1
        if offset not in self._reported:
            self._reported.add(offset)
            self._poisoned[offset] = error

    def _tell(self, next_neighbor: str) -> None:
        previous = f"after {self._last_key}" if self._last_key else "the first"
        for offset, error in self._poisoned.items():
            self.failures.append(
                f"the course run at position {offset} ({previous}, {next_neighbor}) breaks the Catalog, and only it is "
                f"missing: {error.url} {error.reason} for limit=1&offset={offset}, so correct that run in the Catalog"
            )
        self._poisoned.clear()


def _shown(key: str) -> str:
    """Return a key as a sentence can hold it: nothing in it turns the direction of what follows."""
    return key if key.isprintable() else ascii(key)
