"""What can go wrong between the LMS and the Catalog, each in one sentence with its remedy."""

from __future__ import annotations


class MalformedReply(Exception):
    """Bytes that are not a page of the Catalog API."""
