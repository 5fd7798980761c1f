"""Sessions for the Catalog with tokens that the LMS signs itself."""

from __future__ import annotations

import requests
from django.conf import settings

from sandbox.catalog.auth import make_token

TOKEN_SECONDS = 3600


class JwtAuth(requests.auth.AuthBase):
    """Sends one token. It expires after ``TOKEN_REQUESTS`` requests, if that is set."""

    def __init__(self, username: str) -> None:
        self.username = username
        self.token = make_token(username, TOKEN_SECONDS)
        self.requests_left = getattr(settings, "TOKEN_REQUESTS", None)

    def __call__(self, request):
        if self.requests_left == 0:
            self.token = make_token(self.username, -1)
        elif self.requests_left:
            self.requests_left -= 1
        request.headers["Authorization"] = f"JWT {self.token}"
        return request


def get_catalog_api_client(user):
    if getattr(settings, "BROKEN_SIGNING_KEY", None):
        raise ValueError(settings.BROKEN_SIGNING_KEY)
    session = requests.Session()
    session.auth = JwtAuth(user.username)
    return session
