"""A client of the Mobile enrollment API."""

from __future__ import annotations

import time
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth.models import User
from jwt.api_jwk import PyJWK
from rest_framework.response import Response
from rest_framework.test import APIClient

VERSIONS = ("v0.5", "v1", "v2", "v3", "v4")
PAGINATED = ("v3", "v4")


def url_of(user: User, version: str) -> str:
    """Return the path of a user's list."""
    return f"/api/mobile/{version}/users/{user.username}/course_enrollments/"


def claims_of(user: User, **changes: Any) -> dict[str, Any]:
    """Return the claims of a token that is valid for a minute, with ``changes``."""
    now = int(time.time())
    claims = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "preferred_username": user.username,
        "email": user.email,
        "iat": now,
        "exp": now + 60,
        "version": "1.2.0",
    }
    return claims | changes


def token_of(claims: dict[str, Any]) -> str:
    """Return a token that the LMS has signed."""
    key = PyJWK.from_json(settings.JWT_AUTH["JWT_PRIVATE_SIGNING_JWK"]).key
    return jwt.encode(claims, key, algorithm=settings.JWT_AUTH["JWT_SIGNING_ALGORITHM"])


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
