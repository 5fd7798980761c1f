"""Reads from the Catalog the list of course runs, course runs by key, and the courses that changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from functools import partial
from statistics import median_high
from urllib.parse import quote, urlencode
from uuid import uuid4

from catalog_sync.catalog_client.crawler import Crawl
from catalog_sync.catalog_client.errors import MALFORMED, MalformedReply
from catalog_sync.catalog_client.pagination import OverlappingPages, PageRange
from catalog_sync.catalog_client.retries import Requester
from catalog_sync.catalog_client.schemas import (
    ChangedCourses,
    Page,
    decode_changed,
    decode_page,
    why_not_conclusive,
)
from catalog_sync.catalog_client.transport import result_of, run_in_thread

# The Catalog answers 400 to a request line of more than 4,094 bytes; a proxy may add to the path.
MAX_URL_LENGTH = 3_900
# The Catalog ignores this parameter, but caches replies by their exact address.
_BYPASS = "&bypass_cache={}"
# Rows per look-up: twice as many as keys, since the keys of two course runs may differ only in case.
LOOK_UP_LIMIT = 200
_LOOK_UP = PageRange(0, LOOK_UP_LIMIT)
# How many more records than requested a page may have; countless ones could fill memory and log.
MAX_ROWS_BEYOND = 1_000


class CatalogClient:
    """Reads course runs from one Catalog.

    Args:
        api_url: the root of the API, without a trailing slash.
        fields: the Catalog fields to request; fewer fields are faster.
        requester: sends the requests.
        heartbeat: called about twice a second during a request; an exception from it ends the wait.
        cache_generation: a text that pages have in their address. The Catalog ignores it, but caches replies by their
            exact address: a new text gets past its cache. Look-ups always do.
    """

    def __init__(
        self,
        api_url: str,
        fields: Collection[str],
        requester: Requester,
        heartbeat: Callable[[], None] = lambda: None,
        *,
        cache_generation: str = "",
    ) -> None:
        self._url = f"{api_url}/course_runs/"
        self._courses_url = f"{api_url}/courses/"
        self._fields = ",".join(sorted({"key", "status", *fields}))
        self._requester = requester
        self._heartbeat = heartbeat
        self._end_of_look_ups = _BYPASS.format(uuid4().hex)
        self._end_of_pages = _BYPASS.format(cache_generation) if cache_generation else ""

    @property
    def requests(self) -> int:
        """How many requests were sent so far, retries included."""
        return self._requester.requests

    @property
    def retries(self) -> int:
        """How many of the requests were second attempts or later."""
        return self._requester.retries

    @property
    def seconds_per_page(self) -> float:
        """The median time of the crawl's requests, failed ones included; 0 if it has sent none."""
        return round(median_high(self._requester.seconds or [0.0]), 3)

    def crawl(self, pagination: OverlappingPages, concurrency: int) -> Crawl:
        """Return a crawl of the list, or of the partition that ``pagination`` covers."""
        self._requester.seconds.clear()  # of requests before the crawl
        budget = self._requester.budget
        started_with = budget.seconds
        return Crawl(
            fetch=self._read_page,
            pagination=pagination,
            concurrency=concurrency,
            heartbeat=self._heartbeat,
            # With retry_deadline_seconds=0 too, a failed page does not end the crawl.
            can_go_on=lambda: budget.seconds > 0 or not started_with,
            can_retry=lambda: budget.seconds > 0,
            slow_seconds=self._requester.timeout_seconds / 2,
        )

    def look_up(self, course_keys: Collection[str]) -> Iterator[tuple[tuple[str, ...], Page]]:
        """Yield batches of the keys, each with the Catalog's page for them.

        No reply comes from the Catalog's cache: it may be old, and a look-up proves that a marketing URL was removed.
        The Catalog may compare keys without case, so a page may have course runs that were not requested. A key that is
        not on its page is confirmed to be absent: a reply that may be incomplete raises an exception instead.

        Raises:
            RequestFailed: a batch could not be looked up.
        """
        for batch in self._batches(sorted(course_keys)):
            keys = ",".join(quote(key, safe="") for key in batch)
            url = self._list_url(_LOOK_UP, f"&keys={keys}{self._end_of_look_ups}")
            parse = partial(self._parse_look_up, batch)
            read = partial(self._requester.get, url, parse, rows=LOOK_UP_LIMIT)
            yield batch, result_of(run_in_thread(read), self._heartbeat)

    def changed_since(self, since: datetime, limit: int) -> ChangedCourses:
        """Return the courses that changed since then, with the course runs of at most ``limit``; one request.

        The Catalog does not report every change: see ``docs/references/catalog-api.rst``.

        Raises:
            RequestFailed: there is no usable reply.
        """
        timestamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = {"fields": "key,course_runs", "include_hidden_course_runs": "1", "limit": limit, "offset": 0}
        url = f"{self._courses_url}?{urlencode(query | {'timestamp': timestamp}, safe=',')}"
        read = partial(self._requester.get, url, partial(self._parse_changed, limit), rows=limit)
        return result_of(run_in_thread(read), self._heartbeat)

    def seconds_of(self, page_range: PageRange) -> tuple[float, Page]:
        """Return how long the Catalog takes for one page, without back-off, and the page; one attempt.

        Raises:
            RequestFailed: there is no usable reply.
        """
        budget = self._requester.budget
        before, started = budget.seconds, time.monotonic()
        page = result_of(run_in_thread(partial(self._read_page, page_range, 1)), self._heartbeat)
        waited = before - budget.seconds
        return time.monotonic() - started - waited, page

    def _batches(self, course_keys: list[str]) -> Iterator[tuple[str, ...]]:
        batch: list[str] = []
        max_length = MAX_URL_LENGTH - len(self._list_url(_LOOK_UP, self._end_of_look_ups))
        length = 0
        for key in course_keys:
            cost = len(quote(key, safe="")) + 1
            if batch and (length + cost > max_length or 2 * len(batch) >= LOOK_UP_LIMIT):
                yield tuple(batch)
                batch, length = [], 0
            batch.append(key)
            length += cost
        if batch:
            yield tuple(batch)

    def _read_page(self, page_range: PageRange, attempts: int | None) -> Page:
        url = self._list_url(page_range, self._end_of_pages)
        parse = partial(self._parse, page_range.limit)
        return self._requester.get(
            url, parse, rows=page_range.limit, attempts=attempts, is_page=page_range.limit > 1
        )

    def _list_url(self, page_range: PageRange, query_end: str) -> str:
        # Always in this order, since the Catalog caches replies by the exact query string. ``limit`` and ``offset``,
        # since ``page`` and ``page_size`` do not allow overlapping pages.
        limit, offset = page_range.limit, page_range.offset
        query = {"exclude_utm": "1", "fields": self._fields, "limit": limit, "offset": offset}
        return f"{self._url}?{urlencode(query, safe=',')}{query_end}"

    def _parse(self, rows: int, body: bytes) -> Page:
        try:
            return decode_page(body, rows + MAX_ROWS_BEYOND)
        except MalformedReply as error:
            raise MALFORMED.at(self._url, instead=error) from error

    def _parse_look_up(self, course_keys: Collection[str], body: bytes) -> Page:
        page = self._parse(LOOK_UP_LIMIT, body)
        if why := why_not_conclusive(page, course_keys):
            raise MALFORMED.at(self._url, instead=why)
        return page

    def _parse_changed(self, limit: int, body: bytes) -> ChangedCourses:
        try:
            return decode_changed(body, limit)
        except MalformedReply as error:
            raise MALFORMED.at(self._courses_url, instead=error) from error
