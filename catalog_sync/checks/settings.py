"""Checks of single settings. Other modules check ``CATALOG_SYNC_CATALOGS`` and ``CATALOG_SYNC_FIELDS``."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.utils.module_loading import import_string

from catalog_sync import conf
from catalog_sync.checks.shapes import LIST_OF_STRINGS, has_shape, is_http_url
from catalog_sync.store.course_runs import CATALOG_STATUSES


def check_lists() -> Iterator[checks.CheckMessage]:
    """Check the settings that are lists."""
    for name, example in conf.LISTS.items():
        value = conf.raw(name)
        if not has_shape(value, LIST_OF_STRINGS):
            yield checks.Error(
                f"{name} must be a list of strings: {value!r}.",
                hint=f"Set it to a list or a tuple, such as {example!r}.",
                id="catalog_sync.E007",
            )
            return
    hosts, statuses = conf.marketing_url_hosts(), conf.run_statuses()
    if hosts is not None and (not hosts or any(mark in host for host in hosts for mark in "/:@")):
        yield checks.Error(
            f"CATALOG_SYNC_MARKETING_URL_HOSTS must contain host names only: {hosts!r}.",
            hint='Set hosts without "https://" and port, such as "www.example.com" or ".example.org". None allows all.',
            id="catalog_sync.E016",
        )
    if unknown := sorted(set(statuses or ()).difference(CATALOG_STATUSES)):
        yield checks.Warning(
            f"CATALOG_SYNC_RUN_STATUSES has statuses that the Catalog does not have: {', '.join(unknown)}.",
            hint=f"Set only statuses of the Catalog: {', '.join(CATALOG_STATUSES)}. Until then the sync removes no "
            "marketing URL, unless a stored course run has such a status.",
            id="catalog_sync.W006",
        )


def check_hours() -> Iterator[checks.CheckMessage]:
    """Check ``CATALOG_SYNC_STALE_AFTER_HOURS``."""
    hours = conf.raw("CATALOG_SYNC_STALE_AFTER_HOURS")
    limit = conf.MAX_STALE_AFTER_HOURS
    if hours is not None and not (isinstance(hours, int | float) and 0 < hours <= limit):
        yield checks.Error(
            f"CATALOG_SYNC_STALE_AFTER_HOURS must be a number between 0 and {limit:,}: {hours!r}.",
            hint="Set it to at least twice the time between two full syncs, such as 12.",
            id="catalog_sync.E009",
        )


def check_lms_root_url() -> Iterator[checks.CheckMessage]:
    """Check ``LMS_ROOT_URL``."""
    if not is_http_url(conf.lms_root_url()):
        yield checks.Error(
            "LMS_ROOT_URL is not an absolute http or https URL, so links to LMS about pages are broken.",
            hint="Set it to the public address of the LMS, such as https://courses.example.com.",
            id="catalog_sync.E005",
        )


def check_cache() -> Iterator[checks.CheckMessage]:
    """Check that the default cache keeps values."""
    if conf.cache_backend().endswith(".DummyCache"):
        yield checks.Warning(
            "CACHES['default'] is a dummy cache, so every parallel request fetches its own access token, and workers "
            "cannot share the Catalog's Retry-After.",
            hint="Set CACHES['default'] to a cache that all processes share, such as Redis or memcached.",
            id="catalog_sync.W004",
        )


def check_session_factory() -> Iterator[checks.CheckMessage]:
    """Check ``CATALOG_SYNC_SESSION_FACTORY``."""
    factory = conf.session_factory()
    if not factory:
        return
    try:
        is_callable = callable(import_string(factory))
    except ImportError:
        is_callable = False
    if not is_callable:
        yield checks.Error(
            f"CATALOG_SYNC_SESSION_FACTORY cannot be imported, or is not callable: {factory!r}.",
            hint="Set it to the dotted path of a callable that returns an authenticated requests.Session, or "
            "remove it.",
            id="catalog_sync.E006",
        )
