"""Checks of ``CATALOG_SYNC_CATALOGS``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core import checks

from catalog_sync import conf
from catalog_sync.checks.shapes import LIST_OF_STRINGS, has_shape

EXAMPLE = '{"default": {"URL": "https://discovery.example.com/api/v1"}}'
STRING_HINT = f"Set it to a string, as in {EXAMPLE}."
ORGS_HINT = 'Set it to a list of strings, such as ["edX"], or remove it to sync all organizations.'
# Each key of an entry: its type, the words for it, the id of its error, the remedy.
KEYS: dict[str, tuple[Any, str, str, str]] = {
    "OAUTH_SETTINGS_PREFIX": (str, "a string", "catalog_sync.E012", STRING_HINT),
    "ORGS": (LIST_OF_STRINGS, "a list of strings", "catalog_sync.E013", ORGS_HINT),
    "URL": (str, "a string", "catalog_sync.E012", STRING_HINT),
}


def check_catalogs() -> Iterator[checks.CheckMessage]:
    """Check ``CATALOG_SYNC_CATALOGS``."""
    catalogs = conf.named_catalogs()
    if catalogs is None:
        return
    if not isinstance(catalogs, Mapping) or not catalogs:
        yield checks.Error(
            f"CATALOG_SYNC_CATALOGS must be a dictionary with at least one Catalog: {catalogs!r}.",
            hint=f"Map the name of each Catalog to its settings, as in {EXAMPLE}. Remove the setting to use "
            "COURSE_CATALOG_API_URL.",
            id="catalog_sync.E010",
        )
        return
    for name, entry in catalogs.items():
        if not isinstance(name, str) or not conf.CATALOG_NAME.fullmatch(name):
            yield checks.Error(
                f"CATALOG_SYNC_CATALOGS has an invalid Catalog name: {name!r}.",
                hint="Use 1 to 32 lowercase letters, digits, hyphens and underscores, such as partner.",
                id="catalog_sync.E011",
            )
        yield from _entry(name, entry)


def _entry(name: str, entry: Any) -> Iterator[checks.CheckMessage]:
    setting = f"CATALOG_SYNC_CATALOGS[{name!r}]"
    if not isinstance(entry, Mapping):
        yield checks.Error(
            f"{setting} must be a dictionary.",
            hint=f"Set the URL of the Catalog, as in {EXAMPLE}.",
            id="catalog_sync.E012",
        )
        return
    for key in sorted(entry, key=str):
        if key not in KEYS:
            yield checks.Error(
                f"{setting} has an unknown key: {key!r}.",
                hint=f"Remove it. The known keys are: {', '.join(KEYS)}.",
                id="catalog_sync.E012",
            )
            continue
        shape, words, error_id, hint = KEYS[key]
        if not has_shape(entry[key], shape):
            yield checks.Error(f"{setting}[{key!r}] must be {words}.", hint=hint, id=error_id)
