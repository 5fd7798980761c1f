"""The reply to "which courses changed lately"."""

from __future__ import annotations

from typing import Any

import msgspec

from catalog_sync.catalog_client.errors import MalformedReply
from catalog_sync.catalog_client.schemas import DECODING_ERRORS, Count, Key


class ChangedCourses(msgspec.Struct, frozen=True):
    """How many courses changed, and the keys of the course runs of those in the reply."""

    count: int
    course_keys: frozenset[str]


class _Run(msgspec.Struct):
    key: Key


class _Course(msgspec.Struct):
    course_runs: list[Any]


class _Reply(msgspec.Struct):
    count: Count
    results: list[_Course]


_decode = msgspec.json.Decoder(_Reply).decode


def decode_changed(body: bytes, most: int) -> ChangedCourses:
    """Return the changed courses in ``body``, the reply to a request for ``most`` of them.

    Raises:
        MalformedReply: the body is not a page of courses, or it lacks some that it counts.
    """
    try:
        reply = _decode(body)
    except DECODING_ERRORS as error:
        raise MalformedReply(str(error)[:200]) from error
    if len(reply.results) < min(reply.count, most):
        raise MalformedReply(f"it holds {len(reply.results)} of {reply.count} courses")
    keys = (_key_of(run) for course in reply.results for run in course.course_runs)
    return ChangedCourses(reply.count, frozenset(filter(None, keys)))


def _key_of(run: Any) -> str | None:
    """Return the key of a course run; None for what has none that is fit, which the full sync rejects and tells."""
    try:
        return msgspec.convert(run, _Run).key
    except DECODING_ERRORS:
        return None
