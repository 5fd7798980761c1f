"""``GET /api/v1/courses/``: the courses that changed since a timestamp, each with its course runs.

As in the real service, the list is not complete: only an edit in the Catalog's publisher updates a course's timestamp.
"""

from collections import defaultdict
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from sandbox.catalog.full_objects import full_row
from sandbox.catalog.listing import Params, flag, wanted_fields
from sandbox.catalog.rows import Row, course_key_of, title_of
from sandbox.catalog.store import Entry, Snapshot, key_of


class InvalidTimestamp(Exception):
    """``timestamp`` is not an ISO 8601 date and time."""


def select_courses(snapshot: Snapshot, params: Params) -> list[tuple[str, list[Entry]]]:
    """Return the courses that were modified since ``timestamp``, as (course key, course runs) in order of the keys.

    Raises InvalidTimestamp.
    """
    since = _timestamp(params.get("timestamp"))
    if since is None or since <= snapshot.loaded_at:
        wanted = None
    else:
        wanted = {course for course, modified in snapshot.modified.items() if modified >= since}
        if not wanted:
            return []
    runs: dict[str, list[Entry]] = defaultdict(list)
    for entry in snapshot.entries:
        course = course_key_of(key_of(entry))
        if wanted is None or course in wanted:
            runs[course].append(entry)
    # A course remains when its last course run is deleted.
    for course in wanted or ():
        runs.setdefault(course, [])
    return sorted(runs.items())


def _timestamp(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidTimestamp from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def courses_of_reply(courses: list[tuple[str, list[Entry]]], snapshot: Snapshot, params: Params) -> list[Row]:
    """Return the rows of the list. ``fields`` selects the fields of the courses and of the course runs in them."""
    fields = wanted_fields(params)
    with_hidden = flag(params, "include_hidden_course_runs")
    rows = []
    for key, entries in courses:
        runs = [full_row(snapshot.row(entry), snapshot.seed) for entry in entries]
        runs = [run for run in runs if with_hidden or not run["hidden"]]
        draw = Random(f"{snapshot.seed}:course:{key}")
        course = {
            "key": key,
            "uuid": str(UUID(int=draw.getrandbits(128), version=4)),
            "title": title_of(key, snapshot.seed),
            "course_runs": [_only(run, fields) for run in runs],
        }
        rows.append(_only(course, fields))
    return rows


def _only(row: Row, fields: frozenset[str] | None) -> Row:
    return row if fields is None else {name: value for name, value in row.items() if name in fields}
