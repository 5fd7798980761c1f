"""OAuth2 client credentials, and the signed JWTs that clients get for them. Tokens really expire."""

import secrets
import time
from urllib.parse import parse_qs

import jwt

from sandbox.catalog.replies import Reply, error_reply, json_reply

CLIENT_ID = "catalog-sync-worker"
CLIENT_SECRET = "catalog-sync-worker-secret"
USERNAME = "lms_staff_service_user"

# Client id: (secret, username). The second client is for the tests of the throttle and of the cache.
CLIENTS = {
    CLIENT_ID: (CLIENT_SECRET, USERNAME),
    "another-worker": ("another-worker-secret", "another_service_user"),
}

# Constant, so that a token outlives a restart of the service, as it does in production.
SIGNING_KEY = "the stand-in Catalog signs its tokens with this key"
ALGORITHM = "HS256"
ISSUER = "http://127.0.0.1/oauth2"
SCOPE = "read write profile email"


class NotAuthenticated(Exception):
    """The credentials are missing or invalid. ``reply`` is the reply to that."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.reply = error_reply(401, detail, extra=(("WWW-Authenticate", 'JWT realm="api"'),))


def access_token_reply(form: bytes, lifetime_seconds: float) -> Reply:
    """Return the reply to ``POST access_token`` with this form."""
    fields = {name: values[0] for name, values in parse_qs(form.decode("latin-1")).items()}
    if fields.get("grant_type") != "client_credentials":
        return _token_error(400, "unsupported_grant_type")
    secret, username = CLIENTS.get(fields.get("client_id", ""), ("", ""))
    if not secret or not secrets.compare_digest(secret.encode(), fields.get("client_secret", "").encode()):
        return _token_error(401, "invalid_client")
    wants_jwt = fields.get("token_type", "").lower() == "jwt"
    content = {
        # Without token_type=jwt the provider returns an opaque token, which the Catalog API does not accept.
        "access_token": make_token(username, lifetime_seconds) if wants_jwt else secrets.token_urlsafe(22),
        "expires_in": int(lifetime_seconds),
        "token_type": "JWT" if wants_jwt else "Bearer",
        "scope": SCOPE,
    }
    return json_reply(200, content)


def _token_error(status: int, error: str) -> Reply:
    return json_reply(status, {"error": error})


def make_token(username: str, lifetime_seconds: float, signing_key: str = SIGNING_KEY) -> str:
    now = time.time()
    claims = {
        "iss": ISSUER,
        "preferred_username": username,
        "iat": int(now),
        "exp": now + lifetime_seconds,
        "scopes": SCOPE.split(),
        # Tokens of the same second differ.
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(claims, signing_key, algorithm=ALGORITHM)


def authenticate(authorization: str | None) -> str:
    """Return the username in an Authorization header. Raises NotAuthenticated."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.upper() != "JWT":
        raise NotAuthenticated("Authentication credentials were not provided.")
    try:
        # PyJWT checks the expiry in whole seconds only, so it is checked below.
        claims = jwt.decode(
            token.strip(),
            SIGNING_KEY,
            algorithms=[ALGORITHM],
            options={"verify_exp": False, "require": ["exp"]},
        )
    except jwt.InvalidTokenError:
        raise NotAuthenticated("Invalid token.") from None
    if claims["exp"] <= time.time():
        raise NotAuthenticated("Invalid token.")
    return str(claims["preferred_username"])
