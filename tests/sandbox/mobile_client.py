"""A client of the Mobile enrollment API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from rest_framework.response import Response
from rest_framework.test import APIClient

from sandbox.lms.mobile_api import tokens
from sandbox.lms.mobile_api.tokens import token_of

__all__ = ["PAGINATED", "VERSIONS", "claims_of", "get_list", "token_of", "url_of"]

VERSIONS = ("v0.5", "v1", "v2", "v3", "v4")
PAGINATED = ("v3", "v4")


def url_of(user: User, version: str) -> str:
    """Return the path of a user's list."""
    return f"/api/mobile/{version}/users/{user.username}/course_enrollments/"


def claims_of(user: User, **changes: Any) -> dict[str, Any]:
    """Return the claims of a token that is valid for a minute, with ``changes``."""
    return tokens.claims_of(user, lifetime_seconds=60) | changes


def get_list(user: User, version: str = "v1", **query: Any) -> Response:
    """Get the list of a user who is signed in by session."""
    client = APIClient()
    client.force_login(user)
    return client.get(url_of(user, version), query)


def enrollments_of(user: User, version: str = "v1", **query: Any) -> list[dict[str, Any]]:
    """Return the enrollments of a page in every version; ``primary`` comes first."""
    content = get_list(user, version, **query).json()
    if isinstance(content, list):
        return content
    listed = content["enrollments"]
    primary = [content["primary"]] if content.get("primary") else []
    return primary + (listed["results"] if isinstance(listed, dict) else listed)


def course_keys_of(user: User, version: str = "v1", **query: Any) -> list[str]:
    """Return the course keys of :func:`enrollments_of`."""
    return [enrollment["course"]["id"] for enrollment in enrollments_of(user, version, **query)]
