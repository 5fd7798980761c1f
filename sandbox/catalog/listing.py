"""The meaning of a query string: which rows, which page of them, and which fields.

The rules are those of ``docs/references/catalog-api.rst``. One URL has two paginations: page numbers if ``page`` is
present, limit and offset otherwise.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import shuffle
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.catalog.full_objects import full_row, start_of
from sandbox.catalog.rows import COMMON_FIELDS, Row, common_row
from sandbox.catalog.store import Entry, Snapshot

DEFAULT_PAGE_SIZE = 20

Params = dict[str, str]


class InvalidPage(Exception):
    """The page does not exist."""


class ServerFault(Exception):
    """The request causes an error in the service."""


def parse_params(query: str) -> Params:
    """Return the parameters of a query string; the last one is used if a name is repeated."""
    return dict(parse_qsl(query, keep_blank_values=True))


@dataclass(frozen=True)
class Page:
    """At most ``limit`` rows from ``offset`` on, and the URLs of the next and the previous page."""

    offset: int
    limit: int
    next: str | None
    previous: str | None

    def of(self, entries: list[Entry]) -> list[Entry]:
        return entries[self.offset : self.offset + self.limit]


def select_page(params: Params, url: str, count: int) -> Page:
    """Return the page of ``count`` rows that ``params`` select. Raises InvalidPage."""
    if params.get("page"):
        return _numbered_page(params, url, count)
    return _limit_offset(params, url, count)


def _numbered_page(params: Params, url: str, count: int) -> Page:
    size = _size(params.get("page_size"))
    last = max(1, -(-count // size))
    number = _page_number(params["page"], last)
    next_url = _with_params(url, page=number + 1) if number < last else None
    # Links to the first page have no page number, so they select the other pagination, as in the service.
    previous = None if number == 1 else _with_params(url, page=number - 1 if number > 2 else None)
    return Page((number - 1) * size, size, next_url, previous)


def _page_number(text: str, last: int) -> int:
    if text == "last":
        return last
    try:
        number = int(text)
    except ValueError:
        raise InvalidPage from None
    if not 1 <= number <= last:
        raise InvalidPage
    return number


def _limit_offset(params: Params, url: str, count: int) -> Page:
    limit = _size(params.get("limit"))
    offset = max(0, _integer(params.get("offset"), 0))
    next_url = _with_params(url, limit=limit, offset=offset + limit) if offset + limit < count else None
    previous = None
    if offset > 0:
        previous = _with_params(url, limit=limit, offset=offset - limit if offset > limit else None)
    return Page(offset, limit, next_url, previous)


def _size(text: str | None) -> int:
    size = _integer(text, DEFAULT_PAGE_SIZE)
    return size if size > 0 else DEFAULT_PAGE_SIZE


def _integer(text: str | None, default: int) -> int:
    try:
        return int(text) if text is not None else default
    except ValueError:
        return default


def _with_params(url: str, **changes: int | None) -> str:
    """Return ``url`` with these parameters, without those that are ``None``, and sorted as in the service's links."""
    parts = urlsplit(url)
    params = parse_qs(parts.query, keep_blank_values=True)
    for name, value in changes.items():
        params.pop(name, None)
        if value is not None:
            params[name] = [str(value)]
    return urlunsplit(parts._replace(query=urlencode(sorted(params.items()), doseq=True)))


def select(snapshot: Snapshot, params: Params) -> list[Entry]:
    """Return the course runs that ``keys`` and ``marketable`` select, in the order of ``ordering``."""
    entries = snapshot.entries
    if params.get("keys"):
        # Keys are stripped. A key in which a bare + became a space matches nothing.
        entries = snapshot.find(key.strip() for key in params["keys"].split(","))
    if params.get("marketable") in ("1", "true", "True"):
        entries = [entry for entry in entries if _is_marketable(snapshot.row(entry))]
    if params.get("ordering") in ("start", "-start"):
        entries = _by_start(entries, snapshot, latest_first=params["ordering"].startswith("-"))
    return entries


def _is_marketable(row: Row) -> bool:
    return bool(row["marketing_url"]) and row["status"] == "published"


def _by_start(entries: list[Entry], snapshot: Snapshot, *, latest_first: bool) -> list[Entry]:
    # There is no tie-break: course runs with the same start are in another order each time.
    shuffled = entries.copy()
    shuffle(shuffled)

    def start(entry: Entry) -> str:
        row = snapshot.row(entry)
        return str(row.get("start") or start_of(str(row["key"]), snapshot.seed))

    return sorted(shuffled, key=start, reverse=latest_first)


def flag(params: Params, name: str) -> bool:
    """Return the value of a flag. Raises ServerFault if it is not an integer."""
    try:
        return bool(int(params.get(name, "0")))
    except ValueError:
        raise ServerFault from None


def wanted_fields(params: Params) -> frozenset[str] | None:
    """Return the fields to list; ``None``: all."""
    if "fields" not in params:
        return None
    return frozenset(name for name in params["fields"].split(",") if name)


def rows_of_reply(
    rows: Iterable[Row], fields: frozenset[str] | None, seed: int, utm_source: str | None
) -> list[Row]:
    """Return the rows of the list; with ``utm_source`` their marketing URLs have UTM parameters."""
    suffix = (
        ""
        if utm_source is None
        else "?" + urlencode({"utm_source": utm_source, "utm_medium": "affiliate_partner"})
    )
    return [_marked(row, suffix) for row in map(_shaper(fields, seed), rows)]


def _shaper(fields: frozenset[str] | None, seed: int) -> Callable[[Row], Row]:
    if fields is None:
        return lambda row: full_row(row, seed)

    def shape(row: Row) -> Row:
        if fields <= row.keys():
            source = row
        elif fields <= COMMON_FIELDS:
            source = common_row(row, seed)
        else:
            source = full_row(row, seed)
        return {name: source[name] for name in source if name in fields}

    return shape


def _marked(row: Row, suffix: str) -> Row:
    url = row.get("marketing_url")
    if suffix and isinstance(url, str) and url:
        row["marketing_url"] = url + suffix
    return row
