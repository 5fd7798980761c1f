"""Which marketing URLs are valid."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from unicodedata import normalize
from urllib.parse import urlsplit

from django.http.request import validate_host
from django.utils.translation import gettext_noop

MAX_MARKETING_URL_LENGTH = 2048

# Other scripts than ASCII are allowed. In ASCII only letters, digits, "-" and "_": no quotes, no markup, no percent.
_LABEL = r"(?:[0-9A-Za-z_-]|[^\x00-\x7f])+"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
# urlsplit accepts text after an IPv6 address (``[::1].example.com``), and a host name in brackets.
_BRACKETS = re.compile(r"[^\[]*|\[[0-9A-Fa-f:.]+\](:[0-9]*)?")


def marketing_url_fault(url: str, allowed_hosts: tuple[str, ...] | None = None) -> str | None:
    """Return why ``url`` is not a valid marketing URL, in a few English words; None if it is valid.

    A valid URL is an absolute http(s) URL with a host, has at most 2,048 characters, and contains no credentials, white
    space, backslashes or unprintable characters. If ``allowed_hosts`` is given, its host is one of them, as in
    ``CATALOG_SYNC_MARKETING_URL_HOSTS``.
    """
    if len(url) > MAX_MARKETING_URL_LENGTH:
        return gettext_noop("longer than 2048 characters")
    # Before urlsplit, which drops tabs and newlines. Browsers read a backslash as a slash.
    if not url.isprintable() or " " in url or "\\" in url:
        return gettext_noop("white space, backslash or unprintable character")
    scheme, slashes, rest = url.partition("//")
    return _origin_fault(scheme + slashes + rest.partition("/")[0], allowed_hosts)


# Cached because a Catalog has few hosts; the path needs no further check.
@lru_cache(maxsize=1024)
def _origin_fault(origin: str, allowed_hosts: tuple[str, ...] | None) -> str | None:
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:
        return gettext_noop("not a URL")
    if parts.scheme not in ("http", "https"):
        return gettext_noop("not an absolute http or https URL")
    if not host:
        return gettext_noop("no host")
    if "@" in parts.netloc:
        return gettext_noop("credentials in the URL")
    if port == 0 or not _is_host(host) or not _BRACKETS.fullmatch(parts.netloc):
        return gettext_noop("not a host that can be reached")
    if allowed_hosts is not None and not _is_allowed(host, allowed_hosts):
        return gettext_noop("host not in CATALOG_SYNC_MARKETING_URL_HOSTS")
    return None


def _is_host(host: str) -> bool:
    # The zone of an IPv6 address is meaningful on one machine only, and can contain any text.
    if "%" in host:
        return False
    try:
        return bool(IPv6Address(host)) if ":" in host else bool(_HOST_NAME.fullmatch(normalize("NFKC", host)))
    except ValueError:
        return False


def _is_allowed(host: str, allowed_hosts: tuple[str, ...]) -> bool:
    try:
        return validate_host(_as_sent(host), [_as_sent(pattern) for pattern in allowed_hosts])
    except UnicodeError:
        return False


def _as_sent(host: str) -> str:
    """Return a host, or a pattern with a leading dot, as a browser sends it: ``bücher.de`` in Punycode."""
    if host.isascii():
        return host
    # Browsers use this standard. Python's own codec uses an older one, in which ``faß.de`` is ``fass.de``.
    import idna

    dot = "." if host.startswith(".") else ""
    return dot + idna.encode(host.removeprefix("."), uts46=True).decode("ascii")
