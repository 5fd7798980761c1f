"""The shapes of the values of settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

LIST_OF_STRINGS = list[str] | None  # or a tuple or a set


def has_shape(value: object, shape: Any) -> bool:
    """Return whether the value matches the type."""
    # Web processes import this module, and only the checks need msgspec.
    from msgspec import ValidationError, convert

    try:
        convert(value, shape)
    except ValidationError:
        return False
    return True


def is_http_url(text: str) -> bool:
    """Return whether the text is an absolute http or https URL."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
