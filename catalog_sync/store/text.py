"""Text that every database can store."""

from __future__ import annotations

import re
from typing import Any

# PostgreSQL refuses NUL. Every database refuses half a surrogate pair. The character set utf8mb3, which many MySQL and
# MariaDB databases of Open edX have, refuses characters that take four bytes in UTF-8.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff\U00010000-\U0010ffff]")


def storable(value: Any) -> Any:
    """Replace each character of a text that a database may refuse; return other values unchanged.

    Use it only for texts that people read, not for data that is compared or published, such as a course key.
    """
    return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value
