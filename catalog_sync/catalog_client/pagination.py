"""Which windows of the Catalog's list to read, and when they hold every course run. No HTTP here.

The service orders course runs by an immutable key, so a window is an interval of that order at the moment it was
read. If two windows have a course run in common, they hold between them every run that stayed listed throughout,
whatever entered or left meanwhile. So windows overlap by a row, and a chain of shared runs from the first row to
the end of the list is the proof of completeness.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog_sync.catalog_client.schemas import Page

# How often the list may seem to stand still, or to end early, before that is a finding.
MOST_REPEATS = 3
MOST_STUCK = 2


@dataclass(frozen=True)
class PageRange:
    """``limit`` rows of the list from position ``offset``."""

    offset: int
    limit: int

    def halves(self) -> tuple[PageRange, PageRange]:
        """Split the window in two; not for a window of one row."""
        half = self.limit // 2
        return PageRange(self.offset, half), PageRange(self.offset + half, self.limit - half)


@dataclass
class OverlappingPages:
    """Chooses window after window until the list's end, and knows whether they are linked.

    Offsets are multiples of ``page_size - 1`` wherever nothing moved, so that the requests of one crawl are the
    requests of the next and the service answers them from its cache.

    Attributes:
        page_size: rows a window; a window of one row could share none, so two is the least.
        start: where to begin, for one of several chains over one list.
        stop: where the next chain begins; None for the one that ends with the list.
        shared: the keys of the page read last, one of which the next page must have.
        count: what the service said last that the list holds.
        ended: the end of the list was reached.
        broken: a window was given up, and with it the proof.
        gaps: what else speaks against completeness, in words.
    """

    page_size: int
    start: int = 0
    stop: int | None = None
    shared: frozenset[str] | None = None
    count: int = 0
    ended: bool = False
    broken: bool = False
    gaps: list[str] = field(default_factory=list)
    _offset: int = 0
    _reads: int = 0
    _repeats: int = 0
    _stuck: int = 0
    _first_key: str = ""
    _first_key_at: int = 0
    _count_then: int = 0
    _longest: int = 0

    def __post_init__(self) -> None:
        self.page_size = max(self.page_size, 2)
        self._offset = self.start

    @property
    def complete(self) -> bool:
        """Whether every run that stayed listed throughout was on a page."""
        return self.ended and not self.broken and not self.gaps

    @property
    def step(self) -> int:
        """Rows from one window to the next."""
        return self.page_size - 1

    def next(self) -> PageRange:
        """Return the window to read now."""
        return PageRange(self._offset, self.page_size)

    def following(self, number: int) -> list[PageRange]:
        """Return the windows that will be wanted after the next one if nothing moves, at most ``number``."""
        first = self._offset - self._offset % self.step + self.step
        stop = self.count if self.stop is None else min(self.count, self.stop)
        return [PageRange(offset, self.page_size) for offset in range(first, stop, self.step)[:number]]

    def add(self, page: Page) -> None:
        """Take the page that was read for ``next()``, and move on or, where it shares no run, further back."""
        self._reads += 1
        self.count = page.count
        self._longest = max(self._longest, page.count)
        keys, is_repeated = page.keys(), self._is_repeated(page)
        self._repeats += is_repeated
        if self._repeats > MOST_REPEATS:
            self._end_early(
                "the Catalog answers the same course runs for different positions: look for a cache before it that "
                "passes over the query"
            )
        elif self._is_linked(keys) and not is_repeated:
            self._accept(page, keys)
        elif self._reads <= self._reads_allowed():
            # Rows have left before this window, and it moved on by as many: look for them further back.
            self._offset = max(0, self._offset - self.page_size // 2)
        else:
            self.gaps.append(
                f"the list kept moving around position {self._offset}: run the command again when fewer people edit it"
            )
            self._accept(page, keys)

    def has_accepted(self, page: Page) -> bool:
        """Tell whether the page that was added last is linked to those before it."""
        return self.shared == page.keys()

    def _accept(self, page: Page, keys: frozenset[str]) -> None:
        self.shared = keys
        if page.course_runs:
            self._first_key, self._first_key_at = page.course_runs[0].key, self._offset
        self._count_then = page.count
        # What a page holds beyond its limit says nothing about positions.
        self._advance(min(page.rows, self.page_size))

    def _is_repeated(self, page: Page) -> bool:
        """Tell whether a page further down the list starts with the same run, though nothing was listed before it."""
        moved_by = self._offset - self._first_key_at
        return (
            moved_by > 0
            and bool(page.course_runs)
            and page.course_runs[0].key == self._first_key
            and page.count - self._count_then < moved_by
        )

    def give_up(self) -> None:
        """Give up all that was not read yet."""
        self.broken = self.ended = True

    def skip(self) -> None:
        """Give up the window of ``next()`` and move past it."""
        self.broken = True
        self.shared = None
        self._move_to(self._offset + self.step)
        self.ended = self.ended or self._offset >= self.count

    def _is_linked(self, keys: frozenset[str]) -> bool:
        # The first row needs no link. Once a gap is known the proof is lost, and nothing is won by looking back.
        return (
            self._offset == 0
            or self.shared is None
            or self.broken
            or bool(self.gaps)
            or bool(keys & self.shared)
        )

    def _advance(self, rows: int) -> None:
        last_row = self._offset + rows - 1
        if rows < self.page_size and last_row + 1 >= self.count:
            self.ended = True
        elif last_row > self._offset:
            aligned = last_row - last_row % self.step
            self._move_to(aligned if aligned > self._offset else last_row)
        elif self._stuck < MOST_STUCK:
            # One row, itself known already, where the service says that there are more. Not by the same request:
            # its reply may come from a cache.
            self._stuck += 1
            self._offset = max(0, self._offset - 1)
        else:
            self._end_early(
                f"the Catalog counts {self.count} course runs and lists {last_row + 1}: look at its own log"
            )

    def _end_early(self, why: str) -> None:
        self.gaps.append(why)
        self.ended = True

    def _move_to(self, offset: int) -> None:
        self._offset = offset
        self.ended = self.stop is not None and offset >= self.stop

    def _reads_allowed(self) -> int:
        # Of a list that was long and is short now, the way back is as long as the list was.
        return 4 * (self._longest // self.step + 1) + 20
