"""From the bytes of a reply to typed course runs."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec

from catalog_sync.catalog_client.errors import MalformedReply

# No control characters, NUL above all, and no halves of characters: a database may refuse them.
_CLEAN = r"\A[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\Z"
# What a column of the database counts its rows in; more is no number of course runs.
_MOST_ROWS = 2**31 - 1
_LONGEST_KEY = 255
# A full course run, with all that nobody asked for, has 200.
_MOST_VALUES_OF_A_RECORD = 256

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_KEY, pattern=_CLEAN)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST_ROWS)]


class CourseRun(msgspec.Struct, frozen=True, gc=False):
    """A course run as the Catalog lists it. Fields that the Catalog adds are passed over."""

    key: Key
    marketing_url: str | None = None
    status: Annotated[str, msgspec.Meta(max_length=32, pattern=_CLEAN)] | None = None
    eligible_for_financial_aid: bool | None = None
    content_language: Annotated[str, msgspec.Meta(max_length=255, pattern=_CLEAN)] | None = None


class RejectedRecord(msgspec.Struct, frozen=True):
    """A record of a page that is no course run: its key, where it has one, and why."""

    key: str
    reason: str


class Page(msgspec.Struct, frozen=True):
    """One reply of the list or of a look-up by key.

    ``rows`` is the number of records in the reply, ``count`` what the service says the whole list holds.
    ``course_runs`` has each key once. ``first_key`` is the first record's, rejected or not, where it has one.
    """

    course_runs: tuple[CourseRun, ...]
    rejected: tuple[RejectedRecord, ...]
    rows: int
    count: int
    first_key: str = ""

    def keys(self) -> frozenset[str]:
        """Return the course keys on this page, of rejected records too."""
        keys = [course_run.key for course_run in self.course_runs]
        return frozenset(keys + [record.key for record in self.rejected if record.key])


class _Reply(msgspec.Struct):
    count: Count
    results: list[CourseRun]


class _LenientReply(msgspec.Struct):
    count: Count
    results: list[Any]


class _Keyed(msgspec.Struct):
    key: str = ""


# What the decoders are known to raise for arbitrary bytes; deep nesting ends in a RecursionError.
DECODING_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)
_decode_reply = msgspec.json.Decoder(_Reply).decode


def decode_page(body: bytes, most_rows: int = _MOST_ROWS) -> Page:
    """Return the page in ``body``; a malformed record is rejected while its neighbors pass.

    Raises:
        MalformedReply: the body is not a page at all, or one of more than ``most_rows`` records.
    """
    try:
        reply = _decode_reply(body)
    except DECODING_ERRORS:
        return _decode_leniently(body, most_rows)
    _check_rows(reply.results, most_rows)
    first_key = reply.results[0].key if reply.results else ""
    return Page(_distinct(reply.results), (), len(reply.results), reply.count, first_key)


def _check_rows(records: Sequence[Any], most_rows: int) -> None:
    if len(records) > most_rows:
        raise MalformedReply(f"it holds {len(records)} records")


def _decode_leniently(body: bytes, most_rows: int) -> Page:
    """Decode what msgspec refuses with Python's own decoder, which lets halves of characters pass to be judged."""
    # Beforehand: what takes three bytes here takes a hundred as a value of Python's.
    if sum(map(body.count, (b",", b"[", b"{"))) > most_rows * _MOST_VALUES_OF_A_RECORD:
        raise MalformedReply(f"it holds more values than {most_rows} course runs")
    try:
        reply = msgspec.convert(json.loads(body.decode(errors="surrogateescape")), _LenientReply)
    except DECODING_ERRORS as error:
        # What people are shown: to sign in, or that something is out of order.
        is_html = body.lstrip()[:1] == b"<"
        raise MalformedReply("it is HTML, not JSON" if is_html else _readable(error)) from error
    # Beforehand: a megabyte holds half a million records that are none, each of which would be a line in the log.
    _check_rows(reply.results, most_rows)
    course_runs, rejected = [], []
    for record in reply.results:
        try:
            course_runs.append(msgspec.convert(record, CourseRun))
        except DECODING_ERRORS as error:
            rejected.append(RejectedRecord(_key_of(record), _readable(error)))
    first_key = _key_of(reply.results[0]) if reply.results else ""
    return Page(_distinct(course_runs), tuple(rejected), len(reply.results), reply.count, first_key)


def _readable(error: Exception) -> str:
    # The pattern says nothing to who has to correct the record.
    text = re.sub(r"Expected `str` matching regex .* - at", "unprintable character - at", str(error))
    return text.encode(errors="backslashreplace").decode()[:200]


def why_no_answer(page: Page, course_keys: Iterable[str]) -> str | None:
    """Tell why a page does not answer a look-up of these keys, in a few words; None if it does.

    What a look-up does not show loses its marketing URL, so it must be all that was asked for and nothing else.
    """
    if page.rows < page.count:
        return f"it holds {page.rows} of {page.count} course runs"
    if any(not record.key for record in page.rejected):
        return "a course run without a readable key"
    asked = {_folded(key) for key in course_keys}
    if not asked.issuperset(map(_folded, page.keys())):
        return "course runs that were not asked for"
    return None


def _folded(key: str) -> str:
    """Return the key as a database sees it that compares without case and without accents."""
    decomposed = unicodedata.normalize("NFKD", key.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).strip()


def _key_of(record: Any) -> str:
    try:
        key = msgspec.convert(record, _Keyed).key
    except DECODING_ERRORS:
        return ""
    # A longer one fills no log line, and with one character more than fit it is no other run's key.
    return key[: _LONGEST_KEY + 1].encode(errors="backslashreplace").decode()


def _distinct(course_runs: Iterable[CourseRun]) -> tuple[CourseRun, ...]:
    return tuple({course_run.key: course_run for course_run in course_runs}.values())
