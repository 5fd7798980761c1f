"""System checks: a wrong set-up is told at start-up, with the remedy in the hint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError, router
from django.utils.module_loading import import_string

from catalog_sync import conf
from catalog_sync.checks.access import check_access, check_language
from catalog_sync.checks.catalogs import check_catalogs, check_token_provider
from catalog_sync.checks.database import past_quota, stale
from catalog_sync.checks.fields import check_fields, check_model
from catalog_sync.checks.links import check_links
from catalog_sync.checks.shapes import are_texts, is_http_url
from catalog_sync.models import SyncRun
from catalog_sync.store.course_runs import CATALOG_STATUSES

TAG = "catalog_sync"


def register() -> None:
    """Register the system checks; ``manage.py check --tag catalog_sync`` runs them alone."""
    checks.register(check_set_up, TAG)
    checks.register(check_freshness, TAG, checks.Tags.database)
    checks.register(check_quota, TAG, checks.Tags.database)
    checks.register(check_platform_access, TAG, checks.Tags.database)


def register_for_publishing() -> None:
    """Register the checks for Studio, which publishes courses and runs no sync."""
    checks.register(check_publishing, TAG)


def check_publishing(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check the fields that hold the Catalog's values, and whether the LMS returns them to learners."""
    return [*check_fields(), *check_model(), *check_links()]


def check_set_up(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check what the host sets for this app."""
    faults = [*check_catalogs()]
    # What has no shape cannot be looked into.
    of_each = [] if faults else [*_token_providers(), *check_access(in_database=False)]
    return [
        *check_publishing(),
        *_lists(),
        *_hours(),
        *_lms(),
        *_cache(),
        *_session(),
        *faults,
        *of_each,
    ]


def check_freshness(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check, where a command may ask the database (``check --database default``), that the sync is not stale."""
    return _ask(stale, databases)


def check_quota(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check, where a command may ask the database, that a full sync fits an hour's quota of an ordinary user."""
    return _ask(past_quota, databases)


def check_platform_access(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check, if a command may read the database, the access that edx-platform's Catalog integration decides."""
    return _ask(_platform_access, databases)


def _platform_access() -> Iterator[checks.CheckMessage]:
    yield from check_access(in_database=True)
    yield from check_language()


def _token_providers() -> Iterator[checks.CheckMessage]:
    for catalog in conf.catalogs():
        yield from check_token_provider(catalog)


def _ask(
    question: Callable[[], Iterator[checks.CheckMessage]], databases: Sequence[str] | None
) -> list[checks.CheckMessage]:
    if router.db_for_read(SyncRun) not in (databases or ()):
        return []
    faults = (*check_fields(), *check_model(), *_hours(), *check_catalogs())
    if any(each.is_serious() for each in faults):
        return []  # what is not set up is told by itself
    try:
        return [*question()]
    except DatabaseError:  # not migrated yet
        return []


def _lists() -> Iterator[checks.CheckMessage]:
    for name, example in conf.LISTS.items():
        value = conf.raw(name)
        if value is not None and not (isinstance(value, list | tuple | set | frozenset) and are_texts(value)):
            yield checks.Error(
                f"{name} is not a list of texts: {value!r}.",
                hint=f"Make it a list or a tuple, such as {example!r}.",
                id="catalog_sync.E007",
            )
            return
    hosts, statuses = conf.marketing_url_hosts(), conf.run_statuses()
    if hosts is not None and (not hosts or any(mark in host for host in hosts for mark in "/:@")):
        yield checks.Error(
            f"CATALOG_SYNC_MARKETING_URL_HOSTS names no hosts that a marketing URL could have: {hosts!r}.",
            hint='Set hosts alone, without "https://", such as "www.example.com" or ".example.org"; None allows all.',
            id="catalog_sync.E016",
        )
    if unknown := sorted(set(statuses or ()).difference(CATALOG_STATUSES)):
        yield checks.Warning(
            f"CATALOG_SYNC_RUN_STATUSES names statuses that the Catalog does not have: {', '.join(unknown)}.",
            hint=f"Set only statuses that the Catalog has: {', '.join(CATALOG_STATUSES)}. Until then the sync removes "
            "no marketing URL, unless a stored course run has that status.",
            id="catalog_sync.W006",
        )


def _hours() -> Iterator[checks.CheckMessage]:
    hours = conf.raw("CATALOG_SYNC_STALE_AFTER_HOURS")
    most = conf.MOST_STALE_AFTER_HOURS
    if hours is not None and not (isinstance(hours, int | float) and 0 < hours <= most):
        yield checks.Error(
            f"CATALOG_SYNC_STALE_AFTER_HOURS is not a number of hours, more than 0 and at most {most:,}: {hours!r}.",
            hint="Set it to twice the time between two full syncs or more, such as 12.",
            id="catalog_sync.E009",
        )


def _lms() -> Iterator[checks.CheckMessage]:
    if not is_http_url(conf.lms_root_url()):
        yield checks.Error(
            "LMS_ROOT_URL is not an absolute http or https URL, so that links to LMS about pages lead nowhere.",
            hint="Set it to the address that learners see, such as https://courses.example.com.",
            id="catalog_sync.E005",
        )


def _cache() -> Iterator[checks.CheckMessage]:
    if conf.cache_backend().endswith(".DummyCache"):
        yield checks.Warning(
            "The default cache holds nothing, so that each request at once buys an access token of its own, and no "
            "worker hears from another that the Catalog wants to be left alone.",
            hint="Set CACHES['default'] to a cache that all processes share, such as Redis or memcached.",
            id="catalog_sync.W004",
        )


def _session() -> Iterator[checks.CheckMessage]:
    factory = conf.session_factory()
    if not factory:
        return
    try:
        is_callable = callable(import_string(factory))
    except ImportError:
        is_callable = False
    if not is_callable:
        yield checks.Error(
            f"The session factory {factory!r} cannot be imported, or is not callable.",
            hint="Set CATALOG_SYNC_SESSION_FACTORY to the dotted path of a callable that returns an authenticated "
            "requests.Session, or take it out.",
            id="catalog_sync.E006",
        )
