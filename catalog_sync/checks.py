"""System checks: a wrong set-up is told at start-up, with the remedy in the hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, router
from django.utils.module_loading import import_string

from catalog_sync import conf, health, overviews
from catalog_sync.models import SyncRun

TAG = "catalog_sync"
CATALOG_KEYS = {"url", "credentials", "orgs"}
CATALOGS_EXAMPLE = '{"default": {"url": "https://discovery.example.com/api/v1"}}'
CATALOG_FIELDS = ("marketing_url", "eligible_for_financial_aid", "content_language")


def register() -> None:
    """Register the system checks; ``manage.py check --tag catalog_sync`` runs them alone."""
    checks.register(check_set_up, TAG)
    checks.register(check_freshness, TAG, checks.Tags.database)


def check_set_up(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check what the host sets for this app."""
    faults = [*_catalogs()]
    # What has no shape cannot be looked into.
    of_each = [] if faults else [each for catalog in conf.catalogs() for each in _catalog(catalog)]
    return [*_fields(), *_model(), *_lists(), *_hours(), *_lms(), *_session(), *faults, *of_each]


def check_freshness(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check, where a command may ask the database (``check --database default``), that the sync is not stale."""
    if router.db_for_read(SyncRun) not in (databases or ()) or _why_not_asked():
        return []  # what is not set up cannot be fresh, and is told by itself
    try:
        problem = health.remedy(health.look())
    except DatabaseError:  # not migrated yet
        return []
    return [checks.Warning(problem, id="catalog_sync.W003")] if problem else []


def _why_not_asked() -> list[checks.CheckMessage]:
    return [*_fields(), *_model(), *_hours(), *_catalogs()]


def _fields() -> Iterator[checks.CheckMessage]:
    fields: Any = conf.fields()
    if not isinstance(fields, Mapping):
        yield checks.Error(
            "CATALOG_SYNC_FIELDS is not a dictionary.",
            hint='Set it to Catalog field -> course overview field: {"marketing_url": "marketing_url"}.',
            id="catalog_sync.E003",
        )
        return
    for name in fields.keys() - set(CATALOG_FIELDS):
        yield checks.Error(
            f"CATALOG_SYNC_FIELDS names the Catalog field {name!r}, which this app does not read.",
            hint=f"Take it out; what can be mapped: {', '.join(CATALOG_FIELDS)}.",
            id="catalog_sync.E003",
        )
    if "marketing_url" not in fields:
        yield checks.Error(
            "CATALOG_SYNC_FIELDS does not say where the marketing URL goes.",
            hint='Add "marketing_url": "marketing_url".',
            id="catalog_sync.E004",
        )


def _model() -> Iterator[checks.CheckMessage]:
    name = conf.course_overview_model()
    try:
        model = overviews.model()
    except (LookupError, ValueError):
        yield checks.Error(
            f"The course overview model {name!r} is not installed.",
            hint="Set CATALOG_SYNC_COURSE_OVERVIEW_MODEL to the host's model, as app_label.Model, and its app in "
            "INSTALLED_APPS.",
            id="catalog_sync.E001",
        )
        return
    fields = conf.fields()
    for catalog_field, field_name in fields.items() if isinstance(fields, Mapping) else ():
        yield from _model_field(model, name, catalog_field, field_name)


def _model_field(model: Any, name: str, catalog_field: str, field_name: str) -> Iterator[checks.CheckMessage]:
    try:
        field = model._meta.get_field(field_name)
    except FieldDoesNotExist:
        yield checks.Error(
            f"The course overview model {name} has no field {field_name!r}, where CATALOG_SYNC_FIELDS puts the "
            f"Catalog's {catalog_field}.",
            hint="Add the field with a migration (catalog_sync.models.MarketingUrlMixin brings marketing_url), or "
            "name another field in CATALOG_SYNC_FIELDS.",
            id="catalog_sync.E002",
        )
        return
    if catalog_field == "marketing_url" and not field.null:
        yield checks.Error(
            f"The field {field_name!r} of the course overview model {name} takes no null, so that no marketing URL "
            "could ever be removed.",
            hint="Declare it with null=True, as catalog_sync.models.MarketingUrlMixin does, and migrate.",
            id="catalog_sync.E008",
        )


def _lists() -> Iterator[checks.CheckMessage]:
    for name, example in conf.LISTS.items():
        if conf.is_text(name):
            yield checks.Error(
                f"{name} is a text, whose every letter would count as an entry.",
                hint=f"Make it a list or a tuple, such as {example!r}.",
                id="catalog_sync.E007",
            )


def _hours() -> Iterator[checks.CheckMessage]:
    hours: Any = conf.stale_after_hours()
    if not isinstance(hours, int | float) or hours <= 0:
        yield checks.Error(
            f"CATALOG_SYNC_STALE_AFTER_HOURS is not a number of hours: {hours!r}.",
            hint="Set it to twice the time between two full syncs or more, such as 12.",
            id="catalog_sync.E009",
        )


def _lms() -> Iterator[checks.CheckMessage]:
    if not _is_http_url(conf.lms_root_url()):
        yield checks.Error(
            "LMS_ROOT_URL is not an absolute http or https URL, so that links to LMS about pages lead nowhere.",
            hint="Set it to the address that learners see, such as https://courses.example.com.",
            id="catalog_sync.E005",
        )


def _session() -> Iterator[checks.CheckMessage]:
    factory = conf.session_factory()
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


def _catalogs() -> Iterator[checks.CheckMessage]:
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
    for key in ("url", "credentials"):
        if not isinstance(entry.get(key, ""), str):
            yield checks.Error(
                f"CATALOG_SYNC_CATALOGS[{name!r}] has a {key} that is not a text.",
                hint=f"Make it one, as in {CATALOGS_EXAMPLE}.",
                id="catalog_sync.E012",
            )
    orgs = entry.get("orgs")
    if orgs is not None and not (isinstance(orgs, list | tuple | set | frozenset) and _are_texts(orgs)):
        yield checks.Error(
            f"CATALOG_SYNC_CATALOGS[{name!r}] has orgs that are not a list of organizations.",
            hint='Make it a list of texts, such as ["edX"], or take it out to believe the Catalog for all of them.',
            id="catalog_sync.E013",
        )


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _catalog(catalog: conf.Catalog) -> Iterator[checks.CheckMessage]:
    whom = f" {catalog.name}" if conf.named_catalogs() is not None else ""
    if conf.session_factory() == conf.DEFAULT_SESSION_FACTORY and (missing := catalog.missing_credentials):
        yield checks.Warning(
            f"Without {', '.join(missing)} the LMS gets no access token for the Catalog{whom}.",
            hint="Set what is missing, or CATALOG_SYNC_SESSION_FACTORY if the host mints its own tokens.",
            id="catalog_sync.W002",
        )
    if not _is_http_url(catalog.api_url):
        yield checks.Warning(
            f"{catalog.url_setting} is not an absolute http or https URL, so that no sync can run.",
            hint="Set it to the root of the Catalog's API, such as https://discovery.example.com/api/v1.",
            id="catalog_sync.W001",
        )


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
