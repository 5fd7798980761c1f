"""Which link should a learner share, and which URL is fit to be one."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any
from unicodedata import normalize
from urllib.parse import urlsplit

from django.http.request import validate_host
from django.urls import URLResolver, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language

from catalog_sync import conf

MAX_MARKETING_URL_LENGTH = 2048

# Of ASCII only what host names are made of: no quote, no markup, no percent sign. Other scripts are told apart when
# the name is looked up.
_LABEL = r"(?:[0-9A-Za-z_-]|[^\x00-\x7f])+"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")


def get_lms_link_for_about_page(course_overview: Any) -> str:
    """Return the absolute URL of the page about a course, for sharing and for reading.

    It is the course overview's ``social_sharing_url``, else its ``marketing_url``, else the LMS's own about page.
    Empty strings count as absent. No query and no network: all it needs is on the row.
    """
    return (
        course_overview.social_sharing_url
        or course_overview.marketing_url
        or conf.lms_root_url() + _about_path(str(course_overview.id))
    )


def _about_path(course_key: str) -> str:
    return _reversed(course_key, get_resolver(get_urlconf()), get_script_prefix(), get_language())


# A list of courses asks for the same paths again and again. Whatever else Django makes a path of is an argument, too:
# the patterns, the prefix under which the LMS is mounted, the language.
@lru_cache(maxsize=4096)
def _reversed(course_key: str, patterns: URLResolver, script_prefix: str, language: str | None) -> str:
    return reverse("about_course", args=[course_key])


def source_of_link(course_overview: Any) -> str:
    """Return which of the three ``get_lms_link_for_about_page`` takes: a field's name, or ``about_course``."""
    for name in ("social_sharing_url", "marketing_url"):
        if getattr(course_overview, name):
            return name
    return "about_course"


def marketing_url_fault(url: str, allowed_hosts: tuple[str, ...] | None = None) -> str | None:
    """Return why ``url`` is not fit to be a course marketing URL, in a few words; ``None`` if it is fit.

    Fit is an absolute http(s) URL with a host, at most 2,048 characters, without credentials, white space,
    backslashes or unprintable characters, on one of ``allowed_hosts`` (as in ``CATALOG_SYNC_MARKETING_URL_HOSTS``)
    where that is given.
    """
    if len(url) > MAX_MARKETING_URL_LENGTH:
        return f"longer than {MAX_MARKETING_URL_LENGTH} characters"
    # urlsplit drops tabs and newlines, and browsers read a backslash as a slash: look before they hide.
    if not url.isprintable() or " " in url or "\\" in url:
        return "white space, backslash or unprintable character"
    scheme, slashes, rest = url.partition("//")
    return _origin_fault(scheme + slashes + rest.partition("/")[0], allowed_hosts)


# All that speaks against a whole URL is before its path, and a Catalog has few hosts.
@lru_cache(maxsize=1024)
def _origin_fault(origin: str, allowed_hosts: tuple[str, ...] | None) -> str | None:
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme not in ("http", "https"):
        return "not an absolute http or https URL"
    if not host:
        return "no host"
    if "@" in parts.netloc:
        return "credentials in the URL"
    if port == 0 or not _is_host(host):
        return "not a host that can be reached"
    if allowed_hosts is not None and not _is_allowed(host, allowed_hosts):
        return "host not in CATALOG_SYNC_MARKETING_URL_HOSTS"
    return None


def _is_host(host: str) -> bool:
    # A zone is of one machine, and may hold anything.
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
    """Return a host, or a pattern with a leading dot, as a browser asks for it: ``bücher.de`` in Punycode."""
    if host.isascii():
        return host
    # By the standard that browsers follow. Python's own codec follows an older one, in which ``faß.de`` is
    # ``fass.de``: another site.
    import idna

    dot = "." if host.startswith(".") else ""
    return dot + idna.encode(host.removeprefix("."), uts46=True).decode("ascii")
