"""Which Catalogs there are, and where their OAuth2 providers are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core import checks

from catalog_sync import conf
from catalog_sync.checks.shapes import are_texts, is_http_url

CATALOG_KEYS = {"URL", "OAUTH_SETTINGS_PREFIX", "ORGS"}
CATALOGS_EXAMPLE = '{"default": {"URL": "https://discovery.example.com/api/v1"}}'


def check_catalogs() -> Iterator[checks.CheckMessage]:
    """Check the shape of ``CATALOG_SYNC_CATALOGS``."""
    named = conf.named_catalogs()
    if named is None:
        return
    if not isinstance(named, Mapping) or not named:
        yield checks.Error(
            "CATALOG_SYNC_CATALOGS names no Catalog: it is not a dictionary with something in it.",
            hint=f"Set it to name -> Catalog, such as {CATALOGS_EXAMPLE}; take it out to use COURSE_CATALOG_API_URL.",
            id="catalog_sync.E010",
        )
        return
    for name, entry in named.items():
        if not isinstance(name, str) or not conf.CATALOG_NAME.fullmatch(name):
            yield checks.Error(
                f"CATALOG_SYNC_CATALOGS has a Catalog whose name is not one: {name!r}.",
                hint="Use 1 to 32 lowercase letters, digits, hyphens and underscores, such as partner.",
                id="catalog_sync.E011",
            )
        yield from _entry(name, entry)


def _entry(name: str, entry: Any) -> Iterator[checks.CheckMessage]:
    if not isinstance(entry, Mapping):
        yield checks.Error(
            f"CATALOG_SYNC_CATALOGS[{name!r}] is not a dictionary.",
            hint=f"Say where the Catalog is, as in {CATALOGS_EXAMPLE}.",
            id="catalog_sync.E012",
        )
        return
    for key in sorted(map(str, entry.keys() - CATALOG_KEYS)):
        yield checks.Error(
            f"CATALOG_SYNC_CATALOGS[{name!r}] has a key that this app does not read: {key!r}.",
            hint=f"Take it out; what there can be: {', '.join(sorted(CATALOG_KEYS))}.",
            id="catalog_sync.E012",
        )
    for key in ("URL", "OAUTH_SETTINGS_PREFIX"):
        if not isinstance(entry.get(key, ""), str):
            yield checks.Error(
                f"CATALOG_SYNC_CATALOGS[{name!r}] has a {key} that is not a text.",
                hint=f"Make it one, as in {CATALOGS_EXAMPLE}.",
                id="catalog_sync.E012",
            )
    orgs = entry.get("ORGS")
    if orgs is not None and not (isinstance(orgs, list | tuple | set | frozenset) and are_texts(orgs)):
        yield checks.Error(
            f"CATALOG_SYNC_CATALOGS[{name!r}] has orgs that are not a list of organizations.",
            hint='Make it a list of texts, such as ["edX"], or take it out to believe the Catalog for all of them.',
            id="catalog_sync.E013",
        )


def check_token_provider(catalog: conf.Catalog) -> Iterator[checks.CheckMessage]:
    """Check the address of the OAuth2 provider that issues tokens for a Catalog."""
    whom = f" {catalog.name}" if conf.named_catalogs() is not None else ""
    if catalog.oauth_provider_url and not is_http_url(catalog.oauth_provider_url):
        yield checks.Warning(
            f"{catalog.oauth_settings_prefix}_PROVIDER_URL is not an absolute http or https URL, so that the LMS gets "
            f"no access token for the Catalog{whom}.",
            hint="Set it to the OAuth2 provider, such as https://courses.example.com/oauth2.",
            id="catalog_sync.W007",
        )
