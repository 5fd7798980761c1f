"""What the value of a setting looks like."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit


def are_texts(values: Iterable[object]) -> bool:
    """Tell whether all of them are texts."""
    return all(isinstance(value, str) for value in values)


def is_http_url(text: str) -> bool:
    """Tell whether it is an absolute http or https URL."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
