"""Reads the whole list: several pages in parallel, and smaller ones around a course run on which the Catalog fails."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from catalog_sync.catalog_client.in_flight import InFlightLimit
from catalog_sync.catalog_client.pagination import OverlappingPages, PageRange
from catalog_sync.catalog_client.schemas import Page
from catalog_sync.catalog_client.transport import result_of, run_in_thread
from catalog_sync.exceptions import FailureScope, RequestFailed

# To find one row of 500, nine halvings with two requests each are enough. The limit protects the hourly quota.
MAX_NARROWING_REQUESTS = 100
# The attempts for the page that failed before have waited enough.
ATTEMPTS_AFTER_A_FAILURE = 2
# Three, since a course run that makes the Catalog fail may be on two pages.
MAX_FAILED_IN_A_ROW = 3
# Past the end of every list: the Catalog answers such a request without reading a row.
FAR_OFFSET = 1_000_000_000

Fetch = Callable[[PageRange, int | None], Page]


@dataclass
class MissingRecords:
    """Collects what a crawl could not read.

    Attributes:
        failures: one clause per missing page or course run.
        number: how many times something was missing; a course run that two pages share counts twice.
    """

    failures: list[str] = field(default_factory=list)
    number: int = 0
    _last_key: str = ""
    _unnamed: dict[int, RequestFailed] = field(default_factory=dict)
    _reported: set[int] = field(default_factory=set)

    def note(self, page: Page) -> None:
        """Note a page that was read: its keys are the neighbors of missing course runs."""
        if page.course_runs:
            self._name(f"before {_printable(page.course_runs[0].key)}")
            self._last_key = _printable(page.course_runs[-1].key)

    def end(self) -> None:
        """Note that no page follows."""
        self._name("the last that was read")

    def add_page(self, page_range: PageRange, count: int, error: RequestFailed) -> None:
        """Add a page of a list of ``count`` course runs."""
        self.number += 1
        last = max(page_range.offset, min(page_range.offset + page_range.limit, count) - 1)
        self.failures.append(
            f"course runs {page_range.offset} to {last} of the list are missing, because {error.clause}"
        )

    def add_rest(self, offset: int, reason: str) -> None:
        """Add everything from this position on."""
        self.failures.append(
            f"the course runs from {offset} to the end of the list are missing, because {reason}"
        )

    def add_partly_read(self, page_range: PageRange) -> None:
        """Add a page that was read in parts only."""
        self.failures.append(
            f"course runs {page_range.offset} to {page_range.offset + page_range.limit - 1} of the list could only be "
            "read in parts, so some may be missing: run the command again with a smaller page size"
        )

    def add_course_run(self, offset: int, error: RequestFailed) -> None:
        """Add the course run at this position. It has no key, so its neighbors name it as soon as both are known."""
        self.number += 1
        if offset not in self._reported:
            self._reported.add(offset)
            self._unnamed[offset] = error

    def _name(self, next_neighbor: str) -> None:
        previous = f"after {self._last_key}" if self._last_key else "the first"
        for offset, error in self._unnamed.items():
            self.failures.append(
                f"one course run is missing, because the Catalog fails on it ({error.reason}): correct it in the "
                f"Catalog (position {offset} of the list, {previous}, {next_neighbor})"
            )
        self._unnamed.clear()


def _printable(key: str) -> str:
    # A character that changes the direction of text would garble the message.
    return key if key.isprintable() else ascii(key)


@dataclass
class Crawl:
    """One pass over the Catalog's list. ``complete`` and ``failures`` are final after ``pages()``.

    Attributes:
        fetch: reads one page; ``None`` attempts means the usual number.
        pagination: chooses the pages and proves completeness.
        concurrency: the largest number of requests in flight, and of pages in memory.
        heartbeat: called about twice a second during a request; an exception from it ends the crawl.
        can_go_on: returns whether the crawl may continue after a failed page.
        can_retry: returns whether a failed page may be read once more.
        slow_seconds: if a page takes longer, and not because of its size, fewer pages are in flight.
    """

    fetch: Fetch
    pagination: OverlappingPages
    concurrency: int
    heartbeat: Callable[[], None]
    can_go_on: Callable[[], bool]
    can_retry: Callable[[], bool]
    slow_seconds: float = math.inf
    _limit: InFlightLimit = field(init=False)
    _missing: MissingRecords = field(default_factory=MissingRecords)
    _in_flight: dict[PageRange, Future[Page]] = field(default_factory=dict)
    _narrowing_requests: int = 0
    _failed_in_a_row: int = 0
    _has_read: bool = False
    _error: RequestFailed | None = None

    def __post_init__(self) -> None:
        self._limit = InFlightLimit(self.concurrency, self.slow_seconds)

    @property
    def failures(self) -> list[str]:
        """Why the crawl is not complete, one clause per reason."""
        return self._missing.failures + self.pagination.gaps

    @property
    def complete(self) -> bool:
        """Whether the pages had every course run that stayed listed throughout."""
        return self.pagination.complete and not self.failures

    def pages(self) -> Iterator[Page]:
        """Yield the pages in the order of the list.

        Raises:
            RequestFailed: no page could be read, or every other request would fail as well.
        """
        if self.pagination.count:
            self._prefetch()
        try:
            while not self.pagination.ended:
                yield from self._next_page()
        finally:
            self._missing.end()
        if self._error and not self._has_read:
            # It is the reason for all that is missing.
            self._missing.failures.clear()
            raise self._error

    def _next_page(self) -> Iterator[Page]:
        page_range = self.pagination.next()
        attempts = ATTEMPTS_AFTER_A_FAILURE if self._failed_in_a_row else None
        try:
            future = self._in_flight.pop(page_range, None) or self._start(page_range, attempts)
            page = result_of(future, self.heartbeat)
        except RequestFailed as error:
            yield from self._recover(page_range, error)
            return
        yield self._add(page)

    def _add(self, page: Page) -> Page:
        self.pagination.add(page)
        self._prefetch()
        return self._note(page)

    def _start(self, page_range: PageRange, attempts: int | None) -> Future[Page]:
        return run_in_thread(partial(self._fetch_timed, page_range, attempts))

    def _fetch_timed(self, page_range: PageRange, attempts: int | None) -> Page:
        started = time.monotonic()
        page = self.fetch(page_range, attempts)
        self._limit.note(time.monotonic() - started)
        return page

    def _prefetch(self) -> None:
        if self.pagination.ended:
            return
        wanted = [self.pagination.next(), *self.pagination.following(self.concurrency - 1)]
        # If the list moved, requests that are no longer wanted are abandoned.
        self._in_flight = {each: self._in_flight[each] for each in wanted if each in self._in_flight}
        for page_range in wanted:
            if len(self._in_flight) < self._limit.number and page_range not in self._in_flight:
                self._in_flight[page_range] = self._start(page_range, None)

    def _note(self, page: Page) -> Page:
        self._has_read, self._failed_in_a_row = True, 0
        self._missing.note(page)
        return page

    def _recover(self, page_range: PageRange, error: RequestFailed) -> Iterator[Page]:
        """Yield what can be read of a page that failed, and move past it."""
        if error.scope is FailureScope.SYNC:
            raise error
        self._error = error
        self._failed_in_a_row += error.scope is FailureScope.PAGE
        has_time, failed_often = self.can_go_on(), self._failed_in_a_row >= MAX_FAILED_IN_A_ROW
        # If nothing was read, the cause matters more than the time.
        is_probed = not failed_often and (has_time or not self._has_read)
        if is_probed and (outage := self._outage(page_range, error)):
            self._error = outage
            self._give_up(page_range, outage.clause)
        elif not has_time:
            self._give_up(page_range, f"retry_deadline_seconds is used up ({error.reason}): {error.remedy}")
        elif failed_often:
            self._give_up(page_range, error.clause)
        elif error.scope is FailureScope.ROWS and self._narrowing_requests < MAX_NARROWING_REQUESTS:
            yield from self._isolate(page_range, error)
        elif isinstance(page := self._read_again(page_range, error), Page):
            yield self._add(page)
        else:
            self._missing.add_page(page_range, self.pagination.count, error)
            self.pagination.skip()

    def _give_up(self, page_range: PageRange, reason: str) -> None:
        self._missing.add_rest(page_range.offset, reason)
        self.pagination.give_up()

    def _outage(self, page_range: PageRange, error: RequestFailed) -> RequestFailed | None:
        """Return why the Catalog does not even answer a cheap request; None if only this page fails."""
        has_waited = error.retryable and error.scope is FailureScope.PAGE
        probe = PageRange(FAR_OFFSET + page_range.offset, 1)
        page = self._read(probe, 1 if has_waited else None)
        if isinstance(page, RequestFailed):
            return page
        self.pagination.count = page.count
        return None

    def _read(self, page_range: PageRange, attempts: int | None) -> Page | RequestFailed:
        try:
            return result_of(run_in_thread(partial(self.fetch, page_range, attempts)), self.heartbeat)
        except RequestFailed as error:
            if error.scope is FailureScope.SYNC:
                raise
            return error

    def _read_again(self, page_range: PageRange, error: RequestFailed) -> Page | RequestFailed:
        """Read a page once more if it is the first that failed: the Catalog may have been down for a moment."""
        is_first = self._failed_in_a_row == 1
        return self._read(page_range, 1) if is_first and error.retryable and self.can_retry() else error

    def _isolate(self, page_range: PageRange, error: RequestFailed) -> Iterator[Page]:
        """Yield a page without the course runs on which the Catalog fails, and move past it."""
        before = self._missing.number
        yield from self._narrow(page_range, error)
        if self._missing.number == before:
            # The Catalog fails on none of them. It may have been down for a moment.
            page = self._read(page_range, 1)
            if isinstance(page, Page):
                yield self._add(page)
                return
            self._missing.add_partly_read(page_range)
        self.pagination.skip()

    def _narrow(self, page_range: PageRange, error: RequestFailed) -> Iterator[Page]:
        """Halve a page that fails, again and again, until only the rows on which the Catalog fails are missing."""
        if page_range.limit == 1:
            self._missing.add_course_run(page_range.offset, error)
            return
        for half in page_range.halves():
            if half.offset >= self.pagination.count:
                return
            if self._narrowing_requests >= MAX_NARROWING_REQUESTS or not self.can_go_on():
                self._missing.add_page(half, self.pagination.count, error)
                continue
            self._narrowing_requests += 1
            # Two attempts for a single row, so that no course run is reported because of one chance failure.
            page = self._read(half, 2 if half.limit == 1 else 1)
            if isinstance(page, RequestFailed):
                yield from self._narrow(half, page)
            else:
                self.pagination.count = page.count
                yield self._note(page)
