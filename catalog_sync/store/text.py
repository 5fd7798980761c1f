"""Text that every database can store."""

from __future__ import annotations

import re
from typing import Any

# NUL is refused by PostgreSQL, half a surrogate pair by all, and what is beyond three bytes of UTF-8 by the character
# set utf8mb3, which many MySQL and MariaDB databases of Open edX have.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff\U00010000-\U0010ffff]")


def storable(value: Any) -> Any:
    """Return text for people with a replacement character for each one that a database may refuse; other values as is.

    Not for data that is compared or published, such as a course key.
    """
    return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value
