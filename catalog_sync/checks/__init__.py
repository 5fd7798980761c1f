"""System checks of the configuration. The hint of each message is the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError, router

from catalog_sync.checks.access import check_access, check_access_in_database, check_token_providers
from catalog_sync.checks.catalogs import check_catalogs
from catalog_sync.checks.database import check_health, check_hourly_quota, check_tables
from catalog_sync.checks.fields import check_fields, check_model
from catalog_sync.checks.links import check_links
from catalog_sync.checks.settings import (
    check_cache,
    check_hours,
    check_lists,
    check_lms_root_url,
    check_session_factory,
)
from catalog_sync.models import SyncRun

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
    faults = [
        *check_publishing(),
        *check_lists(),
        *check_hours(),
        *check_lms_root_url(),
        *check_cache(),
        *check_session_factory(),
    ]
    if faults_of_catalogs := [*check_catalogs()]:
        return faults + faults_of_catalogs  # conf.catalogs() needs a valid CATALOG_SYNC_CATALOGS.
    return [*faults, *check_token_providers(), *check_access(in_database=False)]


def _if_database(check: Callable[[], Iterator[checks.CheckMessage]]) -> Callable[..., Any]:
    """Return a check that runs only if the command may read the database (``check --database default``)."""

    def check_if_database(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
        if router.db_for_read(SyncRun) not in (databases or ()):
            return []
        faults = (*check_fields(), *check_model(), *check_hours(), *check_catalogs())
        if any(each.is_serious() for each in faults):
            return []  # The other checks report these errors.
        try:
            return [*check()]
        except DatabaseError:  # check_tables reports a database that does not respond, and missing tables.
            return []

    return check_if_database
