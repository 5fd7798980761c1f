"""The authenticated session, as Open edX services make theirs."""

from __future__ import annotations

import hashlib
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
from catalog_sync.catalog_client.failures import (
    credentials_missing,
    no_session,
    service_user_missing,
    token_malformed,
    token_refused,
    token_unavailable,
)
from catalog_sync.catalog_client.transport import ENCODINGS, exchange
from catalog_sync.exceptions import RequestFailed
from catalog_sync.openedx import catalog as platform

# A token that ends while a page is on its way costs a request; renew it a little early.
EARLY_SECONDS = 10
TOKEN_TIMEOUT_SECONDS = 8.0
# A token is a few kB.
MOST_TOKEN_BYTES = 256 * 1024


class _Token(msgspec.Struct):
    # What an HTTP header can carry.
    access_token: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]+\Z")]
    expires_in: Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class CatalogSession(OAuthAPIClient):
    """An ``OAuthAPIClient`` that keeps its token until it ends, so that no cache is needed between requests.

    The token itself comes from the shared cache where the host has one: workers share it. It is fetched with the
    same bounds in time and size as a page, and never from where a redirect points: the secret stays at its origin.
    """

    _renew_at = 0.0

    def authenticate(self) -> None:
        """Have a token that has not ended.

        Raises:
            RequestFailed: the OAuth2 provider gives none.
        """
        if time.monotonic() >= self._renew_at and not self._use_cached():
            self.renew()

    _ensure_authentication = authenticate

    def renew(self) -> None:
        """Fetch a new token past every cache: the service has refused the cached one."""
        token = self._fetch()
        lasts = max(token.expires_in - EARLY_SECONDS, 1.0)
        self._use(token.access_token, lasts)
        # A cache that is down costs a request for a token, no more. Each kind of cache has its own exceptions.
        with suppress(Exception):
            TieredCache.set_all_tiers(
                self._cache_key(), (token.access_token, time.time() + lasts), int(lasts) + 1
            )

    def _use_cached(self) -> bool:
        with suppress(Exception):
            cached = TieredCache.get_cached_response(self._cache_key())
            if cached.is_found and (lasts := cached.value[1] - time.time()) > 0:
                self._use(cached.value[0], lasts)
                return True
        return False

    def _use(self, token: str, lasts: float) -> None:
        self.auth.token = token
        self._renew_at = time.monotonic() + lasts

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
            reply = exchange(url, send, seconds=TOKEN_TIMEOUT_SECONDS, most_bytes=MOST_TOKEN_BYTES)
        except RequestFailed as error:
            raise token_unavailable(error) from error
        if reply.status != HTTPStatus.OK:
            raise token_refused(url, reply)
        try:
            return msgspec.json.decode(reply.body, type=_Token)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            # Without the cause: what it quotes might be part of a token.
            raise token_malformed(url) from None

    def _cache_key(self) -> str:
        # Hashed: a memcached key has at most 250 characters.
        whose = f"{self._client_id} {_access_token_url(self._base_url)}"
        return f"catalog_sync.access_token.{hashlib.sha256(whose.encode()).hexdigest()}"


def _access_token_url(provider_url: str) -> str:
    """Return the provider's token endpoint, whether the setting names it, its ``/oauth2`` or its root."""
    url = provider_url.rstrip("/")
    if url.endswith("/access_token"):
        return url
    return f"{url}/access_token" if url.endswith("/oauth2") else f"{url}/oauth2/access_token"


def _post(url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        _end_at_redirects(session)
        return session.post(url, **options)


def _end_at_redirects(session: requests.Session) -> None:
    """Have a redirect lead nowhere.

    Also where none is to be followed, requests prepares the next request, and before that it reads and unpacks the
    whole body of the redirect, however long that is.
    """
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]


def oauth_session(catalog_name: str = conf.DEFAULT_CATALOG) -> requests.Session:
    """Return a session with the LMS's own credentials for the Catalog (``BACKEND_SERVICE_EDX_OAUTH2_*`` by default).

    Raises:
        RequestFailed: they are not set.
    """
    catalog = conf.catalog(catalog_name)
    if missing := catalog.missing_credentials:
        raise credentials_missing(missing)
    return CatalogSession(catalog.oauth_provider_url, catalog.oauth_key, catalog.oauth_secret)


def new_session(access: CatalogAccess) -> requests.Session:
    """Return a session that authenticates to the Catalog as ``access`` describes.

    Raises:
        RequestFailed: there is no session: no credentials, no service user, or a session factory that fails.
    """
    match access.authentication:
        case Authentication.FACTORY:
            session = _factory_session(access)
        case Authentication.OAUTH2:
            session = oauth_session(access.catalog)
        case Authentication.PLATFORM:
            session = _platform_session(access)
        case _:
            raise credentials_missing(conf.catalog(access.catalog).missing_credentials)
    _end_at_redirects(session)
    return session


def _factory_session(access: CatalogAccess) -> requests.Session:
    # A factory of a host with one Catalog takes no argument.
    names = () if conf.named_catalogs() is None else (access.catalog,)
    try:
        return _checked(import_string(access.factory)(*names))
    except RequestFailed:
        raise
    except Exception as error:  # the host's own code
        raise no_session(access.factory, error) from error


def _platform_session(access: CatalogAccess) -> requests.Session:
    try:
        return _checked(platform.new_session())
    except DatabaseError:
        raise
    except platform.ServiceUserMissing:
        raise service_user_missing(access.user) from None
    except Exception as error:  # edx-platform's own code
        remedy = "check JWT_AUTH in the settings of the LMS"
        raise no_session("get_catalog_api_client of the LMS", error, remedy) from error


def _checked(session: Any) -> requests.Session:
    if not isinstance(session, requests.Session):
        raise TypeError(f"{type(session).__name__} is not a requests.Session")
    return session
