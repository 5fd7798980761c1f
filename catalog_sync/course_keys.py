"""Course keys as text: whether a text is one, and which course run a CCX course belongs to.

A pattern recognizes the usual keys, because the parser takes about 50 times as long. The parser accepts each key that
the pattern matches.
"""

from __future__ import annotations

import re

from ccx_keys.locator import CCXLocator
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

COURSE_PREFIX, CCX_PREFIX = "course-v1:", "ccx-v1:"
# The length of a course overview's primary key in edx-platform.
MAX_COURSE_KEY_LENGTH = 255

_PART = "[A-Za-z0-9_.~-]+"
_RUN = rf"{_PART}\+{_PART}\+{_PART}"
# The group is the parent course run of a CCX course, without COURSE_PREFIX.
_USUAL_KEY = re.compile(rf"{COURSE_PREFIX}{_RUN}|{CCX_PREFIX}({_RUN})\+ccx@[0-9]+")


def is_course_key(text: str) -> bool:
    """Return whether the text is the key of a course run."""
    return _USUAL_KEY.fullmatch(text) is not None or _parse(text) is not None


def parent_of_ccx(course_key: str) -> str | None:
    """Return the key of a CCX course's parent course run; None for any other course."""
    if not course_key.startswith(CCX_PREFIX):
        return None
    if usual := _USUAL_KEY.fullmatch(course_key):
        return f"{COURSE_PREFIX}{usual[1]}"
    key = _parse(course_key)
    return str(key.to_course_locator()) if isinstance(key, CCXLocator) else None


def ccx_prefix_of(course_key: str) -> str:
    """Return the prefix of the keys of all CCX courses of a ``course-v1:`` course run."""
    return f"{CCX_PREFIX}{course_key.partition(':')[2]}+ccx@"


def prefixes_of_organization(org: str) -> tuple[str, ...]:
    """Return the prefixes of the course keys of an organization, one per kind of key."""
    return f"{COURSE_PREFIX}{org}+", f"{org}/", f"{CCX_PREFIX}{org}+"


def _parse(text: str) -> CourseKey | None:
    try:
        return CourseKey.from_string(text)
    except InvalidKeyError:
        return None
