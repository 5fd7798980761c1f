"""Overlapping pages of the Catalog's list, and the proof that they are complete. No HTTP here.

The Catalog orders course runs by an immutable key, so a page is an interval of that order at the moment it was read. If
two pages share a course run, then together they have every course run between their ends that stayed listed
throughout, whatever was added or removed in the meantime. Therefore each page starts with the last row of the one
before. The crawl is complete if it reaches the end and each page shares a course run with the one before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog_sync.catalog_client.schemas import Page

# How many repeated pages, and how many pages without progress, are tolerated before the crawl ends.
MAX_REPEATS = 3
MAX_STUCK = 2


@dataclass(frozen=True)
class PageRange:
    """The ``limit`` rows of the list from position ``offset`` on, for one request."""

    offset: int
    limit: int

    def halves(self) -> tuple[PageRange, PageRange]:
        """Split the range in two; not for a range of one row."""
        half = self.limit // 2
        return PageRange(self.offset, half), PageRange(self.offset + half, self.limit - half)


@dataclass
class OverlappingPages:
    """Chooses the pages to read up to the end of the list, and records whether each is linked to the one before.

    If the list does not change, offsets are multiples of ``page_size - 1``. Then each crawl sends the same requests,
    and the Catalog can answer them from its cache.

    Attributes:
        page_size: the rows per page; at least two, since pages of one row cannot overlap.
        start: the first position, for one partition of the list.
        stop: the first position of the next partition; None for the last one.
        shared: the keys of the last page that was accepted, one of which the next page must have.
        count: the length of the list, as the last page counted it; before the first page, the expected length, or 0.
        ended: whether the end of the list or partition was reached.
        broken: whether a page is missing, so that the proof of completeness is lost.
        gaps: other reasons why the list may be incomplete, each a clause.
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
        """Whether every course run that stayed listed throughout was on a page."""
        return self.ended and not self.broken and not self.gaps

    @property
    def step(self) -> int:
        """Rows from one page to the next."""
        return self.page_size - 1

    def next(self) -> PageRange:
        """Return the page to read now."""
        return PageRange(self._offset, self.page_size)

    def following(self, number: int) -> list[PageRange]:
        """Return at most ``number`` pages that will be read after the next one if the list does not change."""
        first = self._offset - self._offset % self.step + self.step
        stop = self.count if self.stop is None else min(self.count, self.stop)
        return [PageRange(offset, self.page_size) for offset in range(first, stop, self.step)[:number]]

    def add(self, page: Page) -> None:
        """Add the page that was read for ``next()``: move on if it is linked to the one before, else move back."""
        self._reads += 1
        self.count = page.count
        self._longest = max(self._longest, page.count)
        keys, is_repeated = page.keys(), self._is_repeated(page)
        self._repeats += is_repeated
        if self._repeats > MAX_REPEATS:
            self._end_early(
                "the Catalog returns the same course runs for different positions: check for a cache in front of it "
                "that ignores the query string"
            )
        elif self._is_linked(keys) and not is_repeated:
            self._accept(page, keys)
        elif self._reads <= self._reads_allowed():
            # Rows before this page were removed, so that rows of the list moved to lower positions: read those.
            self._offset = max(0, self._offset - self.page_size // 2)
        else:
            self.gaps.append(
                f"the list kept changing around position {self._offset}: run the command again while fewer people edit"
            )
            self._accept(page, keys)

    def has_accepted(self, page: Page) -> bool:
        """Return whether ``page``, which was added last, is linked to those before it."""
        return self.shared == page.keys()

    def _accept(self, page: Page, keys: frozenset[str]) -> None:
        self.shared = keys
        if page.course_runs:
            self._first_key, self._first_key_at = page.course_runs[0].key, self._offset
        self._count_then = page.count
        # Rows beyond the page size have no known position.
        self._advance(min(page.rows, self.page_size))

    def _is_repeated(self, page: Page) -> bool:
        """Return whether a later page starts with the same course run, although too few were added before it."""
        moved_by = self._offset - self._first_key_at
        return (
            moved_by > 0
            and bool(page.course_runs)
            and page.course_runs[0].key == self._first_key
            and page.count - self._count_then < moved_by
        )

    def give_up(self) -> None:
        """End the crawl; what was not read yet is missing."""
        self.broken = self.ended = True

    def skip(self) -> None:
        """Move past the page of ``next()``, which is missing."""
        self.broken = True
        self.shared = None
        self._move_to(self._offset + self.step)
        self.ended = self.ended or self._offset >= self.count

    def _is_linked(self, keys: frozenset[str]) -> bool:
        # The first page needs no link. Once the proof is lost, links are of no use.
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
        elif self._stuck < MAX_STUCK:
            # The page has only a known row, although the Catalog counts more. A cache may repeat it: move by one row.
            self._stuck += 1
            self._offset = max(0, self._offset - 1)
        else:
            self._end_early(
                f"the Catalog counts {self.count} course runs but lists {last_row + 1}: check the Catalog's log"
            )

    def _end_early(self, why: str) -> None:
        self.gaps.append(why)
        self.ended = True

    def _move_to(self, offset: int) -> None:
        self._offset = offset
        self.ended = self.stop is not None and offset >= self.stop

    def _reads_allowed(self) -> int:
        # Based on the longest list: if many rows were removed, the crawl may have to move back over all of it.
        return 4 * (self._longest // self.step + 1) + 20
