"""Access tokens for the mobile API, requested with a password as the mobile apps do."""

from __future__ import annotations

import time
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from jwt.api_jwk import PyJWK

LIFETIME_SECONDS = 3600


def claims_of(user: User, lifetime_seconds: int = LIFETIME_SECONDS) -> dict[str, Any]:
    """Return the claims of a token for this user."""
    now = int(time.time())
    return {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "preferred_username": user.username,
        "email": user.email,
        "iat": now,
        "exp": now + lifetime_seconds,
        "version": "1.2.0",
    }


def token_of(claims: dict[str, Any]) -> str:
    """Return a token that the LMS has signed."""
    key = PyJWK.from_json(settings.JWT_AUTH["JWT_PRIVATE_SIGNING_JWK"]).key
    return jwt.encode(claims, key, algorithm=settings.JWT_AUTH["JWT_SIGNING_ALGORITHM"])


@csrf_exempt
@require_POST
def access_token(request: HttpRequest) -> JsonResponse:
    """Return a JWT for a username and a password."""
    if request.POST.get("grant_type") != "password":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    user = authenticate(request, username=request.POST.get("username"), password=request.POST.get("password"))
    if user is None:
        return JsonResponse({"error": "invalid_grant"}, status=400)
    token = token_of(claims_of(user))
    return JsonResponse({"access_token": token, "token_type": "JWT", "expires_in": LIFETIME_SECONDS})
