"""The Catalog's client, with a token that the LMS signs itself."""

import secrets
import time

import jwt
import requests
from django.conf import settings
from edx_rest_api_client.auth import SuppliedJwtAuth

TOKEN_SECONDS = 3600


def get_catalog_api_client(user):
    now = int(time.time())
    claims = {
        "iss": settings.JWT_AUTH["JWT_ISSUER"],
        "preferred_username": user.username,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": secrets.token_hex(8),
    }
    session = requests.Session()
    session.auth = SuppliedJwtAuth(jwt.encode(claims, settings.JWT_AUTH["JWT_SECRET_KEY"], algorithm="HS256"))
    return session
