"""Reading the whole list: several windows in flight, in order, narrowed around what breaks the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from catalog_sync.catalog_client.losses import Losses
from catalog_sync.catalog_client.pagination import OverlappingPages, PageRange
from catalog_sync.catalog_client.schemas import Page
from catalog_sync.catalog_client.threads import result_of, run_in_thread
from catalog_sync.exceptions import RequestFailed, Scope

# Nine halvings find one row among five hundred, two requests each; many broken rows must not eat the quota.
MOST_NARROWING_REQUESTS = 100
# Past the end of every list: the service answers such a window without touching a row.
FAR_OFFSET = 1_000_000_000

Fetch = Callable[[PageRange, int | None], Page]


@dataclass
class Crawl:
    """One pass over the Catalog's list.

    Iterate over ``pages()``; afterwards ``complete`` tells whether every course run that stayed listed throughout
    was on one of them, and ``failures`` why not.

    Attributes:
        fetch: reads one window; ``None`` attempts means the usual number.
        chain: chooses the windows and proves completeness.
        concurrency: how many requests may be in flight; memory is bounded by as many pages.
        tick: called about twice a second while waiting for the Catalog; what it raises ends the crawl.
        can_go_on: tells whether a failed window may still cost only that window.
    """

    fetch: Fetch
    pagination: OverlappingPages
    concurrency: int
    heartbeat: Callable[[], None]
    can_go_on: Callable[[], bool]
    _losses: Losses = field(default_factory=Losses)
    _in_flight: dict[PageRange, Future[Page]] = field(default_factory=dict)
    _narrowing_requests: int = 0

    @property
    def failures(self) -> list[str]:
        """Why the crawl is not complete, one sentence a reason, without its full stop."""
        return self._losses.failures + self.pagination.gaps

    @property
    def complete(self) -> bool:
        """Whether the pages held every course run that stayed listed throughout."""
        return self.pagination.complete and not self.failures

    def pages(self) -> Iterator[Page]:
        """Yield the pages in the order of the list.

        Raises:
            RequestFailed: nothing further can be had from this Catalog.
        """
        try:
            while not self.pagination.ended:
                yield from self._next_page()
        finally:
            self._losses.end()

    def _next_page(self) -> Iterator[Page]:
        page_range = self.pagination.next()
        try:
            future = self._in_flight.pop(page_range, None) or self._start(page_range, None)
            page = result_of(future, self.heartbeat)
        except RequestFailed as error:
            yield from self._without(page_range, error)
            return
        self.pagination.add(page)
        self._prefetch()
        yield self._noted(page)

    def _start(self, page_range: PageRange, attempts: int | None) -> Future[Page]:
        return run_in_thread(partial(self.fetch, page_range, attempts))

    def _prefetch(self) -> None:
        if self.pagination.ended:
            return
        wanted = [self.pagination.next(), *self.pagination.following(self.concurrency - 1)]
        # Windows that are no longer wanted (the list moved) run out and are forgotten.
        self._in_flight = {
            page_range: self._in_flight.get(page_range) or self._start(page_range, None)
            for page_range in wanted
        }

    def _noted(self, page: Page) -> Page:
        self._losses.note(page)
        return page

    def _without(self, page_range: PageRange, error: RequestFailed) -> Iterator[Page]:
        """Yield what can be had of a window that failed, and move past it."""
        if error.scope is Scope.RUN:
            raise error
        if not self.can_go_on():
            self._give_up(page_range, error)
            return
        # One cheap request tells a window that fails from a Catalog that fails.
        answers = self._answers(PageRange(FAR_OFFSET + page_range.offset, 1))
        if not answers and not self.pagination.count:
            raise error
        if answers and error.scope is Scope.ROWS and self._narrowing_requests < MOST_NARROWING_REQUESTS:
            before = self._losses.noticed
            yield from self._narrow(page_range, error)
            if self._losses.noticed == before:
                self._losses.doubt(page_range)
        else:
            self._losses.lose(page_range, self.pagination.count, error)
        self.pagination.skip()

    def _give_up(self, page_range: PageRange, error: RequestFailed) -> None:
        if not self.pagination.count:
            raise error
        self._losses.lose_rest(page_range.offset, error)
        self.pagination.give_up()

    def _answers(self, page_range: PageRange) -> bool:
        try:
            page = result_of(self._start(page_range, 1), self.heartbeat)
        except RequestFailed as error:
            if error.scope is Scope.RUN:
                raise
            return False
        self.pagination.count = page.count
        return True

    def _narrow(self, page_range: PageRange, error: RequestFailed) -> Iterator[Page]:
        """Halve a window that fails again and again, until only the rows that break the service are missing."""
        if page_range.limit == 1:
            self._losses.poison(page_range.offset, error)
            return
        for half in page_range.halves():
            if half.offset >= self.pagination.count:
                return
            if self._narrowing_requests >= MOST_NARROWING_REQUESTS or not self.can_go_on():
                self._losses.lose(half, self.pagination.count, error)
                continue
            self._narrowing_requests += 1
            try:
                # A part that fails by chance is only halved once more; a single row must not be blamed by chance.
                page = result_of(self._start(half, 2 if half.limit == 1 else 1), self.heartbeat)
            except RequestFailed as failure:
                if failure.scope is Scope.RUN:
                    raise
                yield from self._narrow(half, failure)
            else:
                self.pagination.count = page.count
                yield self._noted(page)
