"""Decode the bytes of a reply to typed course runs."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Annotated, Any

import msgspec

from catalog_sync.catalog_client.errors import MalformedReply
from catalog_sync.course_keys import MAX_COURSE_KEY_LENGTH

# A database may refuse control characters, above all NUL, and lone surrogates.
_CLEAN = r"\A[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\Z"
# The largest number that a column of the database holds.
_MAX_ROWS = 2**31 - 1
# A course run with all its fields has 200 values.
_MAX_VALUES_OF_A_RECORD = 256

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_COURSE_KEY_LENGTH, pattern=_CLEAN)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_MAX_ROWS)]


class CourseRun(msgspec.Struct, frozen=True, gc=False):
    """A course run as the Catalog lists it; other fields of the Catalog are ignored."""

    key: Key
    marketing_url: str | None = None
    status: Annotated[str, msgspec.Meta(max_length=32, pattern=_CLEAN)] | None = None
    eligible_for_financial_aid: bool | None = None
    content_language: Annotated[str, msgspec.Meta(max_length=255, pattern=_CLEAN)] | None = None


class RejectedRecord(msgspec.Struct, frozen=True):
    """A record of a page that is not a valid course run: its key, if it has one, and the reason."""

    key: str
    reason: str


class Page(msgspec.Struct, frozen=True):
    """One page of the list, or of a look-up by key.

    Attributes:
        course_runs: the valid records; each key once.
        rejected: the invalid records.
        rows: the number of records.
        count: the length of the whole list, as the Catalog counts it.
        first_key: the key of the first record, valid or not; empty if it has none.
    """

    course_runs: tuple[CourseRun, ...]
    rejected: tuple[RejectedRecord, ...]
    rows: int
    count: int
    first_key: str = ""

    def keys(self) -> frozenset[str]:
        """Return all course keys of this page, those of rejected records included."""
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


# The errors of the decoders for arbitrary bytes; deep nesting raises RecursionError.
DECODING_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)
_decode_reply = msgspec.json.Decoder(_Reply).decode


def decode_page(body: bytes, max_rows: int = _MAX_ROWS) -> Page:
    """Return the page in ``body``; an invalid record is rejected, and the others are returned.

    Raises:
        MalformedReply: the body is not a page, or has more than ``max_rows`` records.
    """
    # Before decoding: a value of three bytes, or a record of twelve, becomes a Python object of a hundred bytes.
    if sum(map(body.count, (b",", b"[", b"{"))) > max_rows * _MAX_VALUES_OF_A_RECORD:
        raise MalformedReply(f"more values than {max_rows} course runs have")
    try:
        reply = _decode_reply(body)
    except DECODING_ERRORS:
        return _decode_leniently(body, max_rows)
    _check_rows(reply.results, max_rows)
    first_key = reply.results[0].key if reply.results else ""
    return Page(_distinct(reply.results), (), len(reply.results), reply.count, first_key)


def _check_rows(records: Sequence[Any], max_rows: int) -> None:
    if len(records) > max_rows:
        raise MalformedReply(f"{len(records)} records in one page")


def _decode_leniently(body: bytes, max_rows: int) -> Page:
    """Decode a body that msgspec refuses as a whole, and check each record by itself.

    Python's decoder accepts lone surrogates, so that only the record that has one is rejected.
    """
    try:
        reply = msgspec.convert(json.loads(body.decode(errors="surrogateescape")), _LenientReply)
    except DECODING_ERRORS as error:
        is_html = body.lstrip()[:1] == b"<"
        raise MalformedReply(
            "HTML instead of JSON" if is_html else _instead_of("a page of course runs", error)
        ) from error
    # Before each record is checked: each invalid one is a log line, and a megabyte can contain half a million.
    _check_rows(reply.results, max_rows)
    course_runs, rejected = [], []
    for record in reply.results:
        try:
            course_runs.append(msgspec.convert(record, CourseRun))
        except DECODING_ERRORS as error:
            rejected.append(RejectedRecord(_key_of(record), _readable(error)))
    first_key = _key_of(reply.results[0]) if reply.results else ""
    return Page(_distinct(course_runs), tuple(rejected), len(reply.results), reply.count, first_key)


def _readable(error: Exception) -> str:
    text = re.sub(r"Expected `str` matching regex .* - at", "unprintable character - at", str(error))
    return text.encode(errors="backslashreplace").decode()[:200]


def _instead_of(expected: str, error: Exception) -> str:
    return f"something other than {expected} ({_readable(error)[:150]})"


def why_not_conclusive(page: Page, course_keys: Iterable[str]) -> str | None:
    """Return why the page does not answer a look-up of these keys; None if it does.

    A key that is missing on the page loses its marketing URL. So the page must be the whole answer, and nothing else.
    """
    if page.rows < page.count:
        return f"{page.rows} of {page.count} course runs"
    if any(not record.key for record in page.rejected):
        return "a course run without a readable key"
    requested = {_folded(key) for key in course_keys}
    if not requested.issuperset(map(_folded, page.keys())):
        return "course runs that were not requested"
    return None


def _folded(key: str) -> str:
    """Return the key as a database compares it that ignores case and accents."""
    decomposed = unicodedata.normalize("NFKD", key.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).strip()


def _key_of(record: Any) -> str:
    try:
        key = msgspec.convert(record, _Keyed).key
    except DECODING_ERRORS:
        return ""
    # Cut for the log line, but with one character too many, so that it is not the key of another course run.
    return key[: MAX_COURSE_KEY_LENGTH + 1].encode(errors="backslashreplace").decode()


def _distinct(course_runs: Iterable[CourseRun]) -> tuple[CourseRun, ...]:
    return tuple({course_run.key: course_run for course_run in course_runs}.values())


class ChangedCourses(msgspec.Struct, frozen=True):
    """How many courses changed, and the keys of the course runs of those in the reply."""

    count: int
    course_keys: frozenset[str]


class _ValidKey(msgspec.Struct):
    key: Key


class _Course(msgspec.Struct):
    course_runs: list[Any]


class _CoursesReply(msgspec.Struct):
    count: Count
    results: list[_Course]


_decode_courses = msgspec.json.Decoder(_CoursesReply).decode


def decode_changed(body: bytes, limit: int) -> ChangedCourses:
    """Return the changed courses in ``body``, the reply to a request for ``limit`` of them.

    Raises:
        MalformedReply: the body is not a page of courses, or it lacks some that it counts.
    """
    try:
        reply = _decode_courses(body)
    except DECODING_ERRORS as error:
        raise MalformedReply(_instead_of("a page of courses", error)) from error
    if len(reply.results) < min(reply.count, limit):
        raise MalformedReply(f"{len(reply.results)} of {reply.count} courses")
    return ChangedCourses(reply.count, frozenset(_valid_keys(reply.results)))


def _valid_keys(courses: Iterable[_Course]) -> Iterator[str]:
    for course in courses:
        for course_run in course.course_runs:
            # The next full sync rejects an invalid key, and logs it.
            with suppress(*DECODING_ERRORS):
                yield msgspec.convert(course_run, _ValidKey).key
