"""Sessions that authenticate to the Catalog, and their access tokens."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import requests
from django.db import DatabaseError
from django.utils.module_loading import import_string
from edx_django_utils.cache import TieredCache
from edx_rest_api_client.client import USER_AGENT, OAuthAPIClient

from catalog_sync import conf
from catalog_sync.catalog_client.access import Authentication, CatalogAccess
from catalog_sync.catalog_client.errors import (
    FACTORY_FAILED,
    PLATFORM_FAILED,
    PROVIDER,
    SERVICE_USER_MISSING,
    TOKEN_MALFORMED,
    credentials_missing,
    end_sync_without_token,
    token_refused,
)
from catalog_sync.catalog_client.transport import ENCODINGS, receive
from catalog_sync.exceptions import RequestFailed
from catalog_sync.openedx import catalog as platform

# Renew a token a little early, since one that expires during a request costs another request.
EARLY_SECONDS = 10
TOKEN_TIMEOUT_SECONDS = 8.0
# A token has a few kB.
MAX_TOKEN_BYTES = 256 * 1024


class _Token(msgspec.Struct):
    # The characters of an HTTP header.
    access_token: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]+\Z")]
    expires_in: Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class CatalogSession(OAuthAPIClient):
    """An ``OAuthAPIClient`` that keeps its token until it expires, and shares it with other workers in the cache.

    The request for a token has bounds in time and size, as the request for a page has. It follows no redirect, so that
    the secret is sent to the configured address only.
    """

    _renew_at = 0.0

    def authenticate(self) -> None:
        """Fetch a token, unless this session or the cache has one that has not expired.

        Raises:
            RequestFailed: the OAuth2 provider issues none.
        """
        if time.time() < self._renew_at:
            return
        # Each kind of cache has its own exceptions. Without a cache, each session fetches a token.
        with suppress(Exception):
            cached = TieredCache.get_cached_response(self._cache_key())
            if cached.is_found and time.time() < cached.value[1]:
                self.auth.token, self._renew_at = cached.value
                return
        self.renew()

    _ensure_authentication = authenticate

    def renew(self) -> None:
        """Fetch a new token in place of a cached one that the Catalog has refused."""
        token = self._fetch()
        seconds = max(token.expires_in - EARLY_SECONDS, 1.0)
        self.auth.token, self._renew_at = token.access_token, time.time() + seconds
        with suppress(Exception):
            TieredCache.set_all_tiers(self._cache_key(), (self.auth.token, self._renew_at), int(seconds) + 1)

    def _fetch(self) -> _Token:
        url = _access_token_url(self._base_url)
        data = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "token_type": "jwt",
        }
        send = partial(
            _post,
            url,
            data=data,
            headers={"User-Agent": USER_AGENT, **ENCODINGS},
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        )
        try:
            reply = receive(
                url, send, seconds=TOKEN_TIMEOUT_SECONDS, max_bytes=MAX_TOKEN_BYTES, service=PROVIDER
            )
        except RequestFailed as error:
            end_sync_without_token(error)
            raise
        if reply.status != HTTPStatus.OK:
            raise token_refused(url, reply)
        try:
            return msgspec.json.decode(reply.body, type=_Token)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            # Without the cause, whose message may quote a part of the token.
            raise TOKEN_MALFORMED.at(url, service=PROVIDER) from None

    def _cache_key(self) -> str:
        # Hashed, since a memcached key has at most 250 characters.
        identity = f"{self._client_id} {_access_token_url(self._base_url)}"
        return f"catalog_sync.access_token.{hashlib.sha256(identity.encode()).hexdigest()}"


def _access_token_url(provider_url: str) -> str:
    """Return the token endpoint; the setting may have that address, its ``/oauth2`` or the provider's root."""
    url = provider_url.rstrip("/")
    if url.endswith("/access_token"):
        return url
    return f"{url}/access_token" if url.endswith("/oauth2") else f"{url}/oauth2/access_token"


def _post(url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        _end_at_redirects(session)
        return session.post(url, **options)


def _end_at_redirects(session: requests.Session) -> None:
    """Let ``requests`` treat a redirect as any other reply.

    Otherwise it prepares the next request, even if none is to be sent. Before that it reads and unpacks the whole body
    of the redirect, which may have any length.
    """
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]


def oauth_session(catalog_name: str) -> requests.Session:
    """Return a session with the OAuth2 credentials of the settings (by default ``BACKEND_SERVICE_EDX_OAUTH2_*``).

    Raises:
        RequestFailed: a credential is not set.
    """
    catalog = conf.catalog_or_unconfigured(catalog_name)
    if missing := catalog.missing_credentials:
        raise credentials_missing(missing, may_use_platform=conf.named_catalogs() is None)
    return CatalogSession(catalog.oauth_provider_url, catalog.oauth_key, catalog.oauth_secret)


def new_session(access: CatalogAccess) -> requests.Session:
    """Return a session that authenticates to the Catalog as ``access`` describes.

    Raises:
        RequestFailed: credentials or the service user are missing, or the session factory fails.
    """
    match access.authentication:
        case Authentication.FACTORY:
            session = _factory_session(access)
        case Authentication.OAUTH2 | Authentication.NONE:
            session = oauth_session(access.catalog)
        case Authentication.PLATFORM:
            session = _platform_session(access)
    _end_at_redirects(session)
    return session


def _factory_session(access: CatalogAccess) -> requests.Session:
    # Only if CATALOG_SYNC_CATALOGS is set, the factory gets the name of a Catalog.
    names = () if conf.named_catalogs() is None else (access.catalog,)
    try:
        return _checked(import_string(access.factory)(*names))
    except RequestFailed:
        raise
    except Exception as error:  # from the host's code
        raise FACTORY_FAILED.at(factory=access.factory, error=type(error).__name__) from error


def _platform_session(access: CatalogAccess) -> requests.Session:
    try:
        return _checked(platform.new_session())
    except DatabaseError:
        raise
    except platform.ServiceUserMissing:
        raise SERVICE_USER_MISSING.at(user=access.user) from None
    except Exception as error:  # from edx-platform
        raise PLATFORM_FAILED.at(error=type(error).__name__) from error


def _checked(session: Any) -> requests.Session:
    if not isinstance(session, requests.Session):
        raise TypeError(f"{type(session).__name__} is not a requests.Session")
    return session


class SessionPool:
    """Authenticated sessions for one Catalog, each used by one thread at a time."""

    def __init__(self, access: CatalogAccess) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._idle: list[requests.Session] = []
        self._closed = False

    def borrow(self) -> requests.Session:
        """Return a session that no other thread uses.

        Raises:
            RequestFailed: there is no session.
        """
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return new_session(self._access)

    def renew(self, session: requests.Session) -> requests.Session:
        """Return a session with a new token, since the Catalog has refused that of this one."""
        if isinstance(session, CatalogSession):
            session.renew()
            return session
        session.close()
        return new_session(self._access)

    def give_back(self, session: requests.Session) -> None:
        """Keep a session for the next request."""
        with self._lock:
            if not self._closed:
                self._idle.append(session)
                return
        session.close()

    def close(self) -> None:
        """Close the sessions."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()
