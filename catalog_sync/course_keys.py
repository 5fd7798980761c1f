"""Course keys as text: which text is one, and which CCX course belongs to which run.

Parsing a key takes as long as all else that a sync does with its course run, so the usual ones are recognized by a
pattern. The parser would say the same of each of them.
"""

from __future__ import annotations

import re

from ccx_keys.locator import CCXLocator
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

CCX_PREFIX = "ccx-v1:"

_PART = "[A-Za-z0-9_.~-]+"
_RUN = rf"{_PART}\+{_PART}\+{_PART}"
# The group is what a CCX course's parent run is called.
_USUAL_KEY = re.compile(rf"course-v1:{_RUN}|{CCX_PREFIX}({_RUN})\+ccx@[0-9]+")


def is_course_key(text: str) -> bool:
    """Tell whether the text is the key of a course run."""
    return _USUAL_KEY.fullmatch(text) is not None or _parse(text) is not None


def parent_of_ccx(course_key: str) -> str | None:
    """Return the course key of a CCX course's parent run; None for any other course."""
    if not course_key.startswith(CCX_PREFIX):
        return None
    if usual := _USUAL_KEY.fullmatch(course_key):
        return f"course-v1:{usual[1]}"
    key = _parse(course_key)
    return str(key.to_course_locator()) if isinstance(key, CCXLocator) else None


def ccx_prefix_of(course_key: str) -> str:
    """Return what the keys of all CCX courses of a ``course-v1:`` run start with."""
    return f"{CCX_PREFIX}{course_key.partition(':')[2]}+ccx@"


def prefixes_of_organization(org: str) -> tuple[str, ...]:
    """Return what the course keys of an organization start with: one prefix per kind of key."""
    return f"course-v1:{org}+", f"{org}/", f"{CCX_PREFIX}{org}+"


def _parse(text: str) -> CourseKey | None:
    try:
        return CourseKey.from_string(text)
    except InvalidKeyError:
        return None
