"""System checks of the configuration. The hint of each message is the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError, router
from django.utils.module_loading import import_string

from catalog_sync import conf
from catalog_sync.checks.access import check_access, check_access_in_database, check_token_providers
from catalog_sync.checks.catalogs import check_catalogs
from catalog_sync.checks.database import check_health, check_hourly_quota, check_tables
from catalog_sync.checks.fields import check_fields, check_model
from catalog_sync.checks.links import check_links
from catalog_sync.checks.shapes import LIST_OF_STRINGS, has_shape, is_http_url
from catalog_sync.models import SyncRun
from catalog_sync.store.course_runs import CATALOG_STATUSES

TAG = "catalog_sync"


def register() -> None:
    """Register the system checks; ``manage.py check --tag catalog_sync`` runs them alone."""
    checks.register(check_set_up, TAG)
    for check in (check_tables, check_health, check_hourly_quota, check_access_in_database):
        checks.register(_if_database(check), TAG, checks.Tags.database)


def register_for_publishing() -> None:
    """Register the checks for Studio, which publishes courses but does not sync."""
    checks.register(check_publishing, TAG)


def check_publishing(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check the fields of the course overview model, and that the LMS's links use marketing URLs."""
    return [*check_fields(), *check_model(), *check_links()]


def check_set_up(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check the settings of this app."""
    faults = [*check_publishing(), *_lists(), *_hours(), *_lms(), *_cache(), *_session()]
    if faults_of_catalogs := [*check_catalogs()]:
        return faults + faults_of_catalogs  # conf.catalogs() needs a valid CATALOG_SYNC_CATALOGS.
    return [*faults, *check_token_providers(), *check_access(in_database=False)]


def _if_database(check: Callable[[], Iterator[checks.CheckMessage]]) -> Callable[..., Any]:
    """Return a check that runs only if the command may read the database (``check --database default``)."""

    def check_if_database(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
        if router.db_for_read(SyncRun) not in (databases or ()):
            return []
        faults = (*check_fields(), *check_model(), *_hours(), *check_catalogs())
        if any(each.is_serious() for each in faults):
            return []  # The other checks report these errors.
        try:
            return [*check()]
        except DatabaseError:  # check_tables reports a database that does not respond, and missing tables.
            return []

    return check_if_database


def _lists() -> Iterator[checks.CheckMessage]:
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


def _hours() -> Iterator[checks.CheckMessage]:
    hours = conf.raw("CATALOG_SYNC_STALE_AFTER_HOURS")
    limit = conf.MAX_STALE_AFTER_HOURS
    if hours is not None and not (isinstance(hours, int | float) and 0 < hours <= limit):
        yield checks.Error(
            f"CATALOG_SYNC_STALE_AFTER_HOURS must be a number between 0 and {limit:,}: {hours!r}.",
            hint="Set it to at least twice the time between two full syncs, such as 12.",
            id="catalog_sync.E009",
        )


def _lms() -> Iterator[checks.CheckMessage]:
    if not is_http_url(conf.lms_root_url()):
        yield checks.Error(
            "LMS_ROOT_URL is not an absolute http or https URL, so links to LMS about pages are broken.",
            hint="Set it to the public address of the LMS, such as https://courses.example.com.",
            id="catalog_sync.E005",
        )


def _cache() -> Iterator[checks.CheckMessage]:
    if conf.cache_backend().endswith(".DummyCache"):
        yield checks.Warning(
            "CACHES['default'] is a dummy cache, so every parallel request fetches its own access token, and workers "
            "cannot share the Catalog's Retry-After.",
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
            f"CATALOG_SYNC_SESSION_FACTORY cannot be imported, or is not callable: {factory!r}.",
            hint="Set it to the dotted path of a callable that returns an authenticated requests.Session, or "
            "remove it.",
            id="catalog_sync.E006",
        )
