"""Checks of ``CATALOG_SYNC_FIELDS``, and of the host's course overview model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import DEFAULT_DB_ALIAS, router

from catalog_sync import conf
from catalog_sync.marketing_urls import MAX_MARKETING_URL_LENGTH
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store import course_overviews, overview_history

TEXT = ("TextField", "CharField")
LONGEST = {"marketing_url": MAX_MARKETING_URL_LENGTH, "content_language": 255}
# The kinds of columns that can store each field of the Catalog.
CATALOG_FIELDS = {
    "marketing_url": TEXT,
    "eligible_for_financial_aid": ("BooleanField",),
    "content_language": TEXT,
}


def check_fields() -> Iterator[checks.CheckMessage]:
    """Check ``CATALOG_SYNC_FIELDS``."""
    fields: Any = conf.fields()
    if not isinstance(fields, Mapping):
        yield checks.Error(
            "CATALOG_SYNC_FIELDS must be a dictionary.",
            hint='Map Catalog fields to course overview fields, as in {"marketing_url": "marketing_url"}.',
            id="catalog_sync.E003",
        )
        return
    for column in sorted({str(each) for each in fields.values() if [*fields.values()].count(each) > 1}):
        yield checks.Error(
            f"CATALOG_SYNC_FIELDS maps two Catalog fields to the course overview field {column!r}.",
            hint="Map each to a different field: only one of the two values would be kept.",
            id="catalog_sync.E014",
        )
    for name in fields.keys() - CATALOG_FIELDS.keys():
        yield checks.Error(
            f"CATALOG_SYNC_FIELDS has an unknown Catalog field: {name!r}.",
            hint=f"Remove it. The known fields are: {', '.join(CATALOG_FIELDS)}.",
            id="catalog_sync.E003",
        )
    if "marketing_url" not in fields:
        yield checks.Error(
            "CATALOG_SYNC_FIELDS does not map marketing_url.",
            hint='Add "marketing_url": "marketing_url".',
            id="catalog_sync.E004",
        )


def check_model() -> Iterator[checks.CheckMessage]:
    """Check the host's course overview model: its fields, and the database that it is stored in."""
    name = conf.course_overview_model()
    try:
        model = course_overviews.model()
    except (LookupError, ValueError):
        yield checks.Error(
            f"The course overview model {name!r} is not installed.",
            hint="Set CATALOG_SYNC_COURSE_OVERVIEW_MODEL to the host's model, as app_label.Model, and add its app to "
            "INSTALLED_APPS.",
            id="catalog_sync.E001",
        )
        return
    yield from _databases(model)
    if faults := [*_primary_key(model, name)]:
        yield from faults  # The fields of a wrong model do not matter.
        return
    fields = conf.fields()
    for catalog_field, field_name in fields.items() if isinstance(fields, Mapping) else ():
        yield from _model_field(model, name, catalog_field, field_name)


def _primary_key(model: Any, name: str) -> Iterator[checks.CheckMessage]:
    key = model._meta.pk
    if getattr(key, "target_field", key).get_internal_type() not in TEXT:
        yield checks.Error(
            f"The primary key of the course overview model {name} must be the course key, a text, but {key.name!r} is "
            f"a {key.get_internal_type()}.",
            hint="Set CATALOG_SYNC_COURSE_OVERVIEW_MODEL to a model whose primary key is the course key, such as a "
            "CharField with primary_key=True.",
            id="catalog_sync.E018",
        )


def _databases(model: Any) -> Iterator[checks.CheckMessage]:
    history = overview_history.manager_of(model)
    for each in (model, *([history.model] if history else []), CatalogCourseRun, SyncRun):
        label, written_to = each._meta.label, router.db_for_write(each)
        if written_to != DEFAULT_DB_ALIAS:
            yield checks.Error(
                f"DATABASE_ROUTERS routes writes of {label} to database {written_to!r}.",
                hint="Route them to 'default': course overviews and stored course runs are joined, and written in one "
                "transaction.",
                id="catalog_sync.E017",
            )
        elif (read_from := router.db_for_read(each)) != written_to:
            yield checks.Warning(
                f"DATABASE_ROUTERS routes reads of {label} to database {read_from!r}, but writes to {written_to!r}.",
                hint="Read from the same database: the sync compares with what it has just written, and a replica "
                "lags.",
                id="catalog_sync.W009",
            )


def _model_field(model: Any, name: str, catalog_field: str, field_name: str) -> Iterator[checks.CheckMessage]:
    try:
        field = model._meta.get_field(field_name)
    except FieldDoesNotExist:
        yield checks.Error(
            f"The course overview model {name} has no field {field_name!r}, to which CATALOG_SYNC_FIELDS maps "
            f"{catalog_field}.",
            hint="Add the field and migrate (catalog_sync.models.MarketingUrlMixin has marketing_url), or map to "
            "another field in CATALOG_SYNC_FIELDS.",
            id="catalog_sync.E002",
        )
        return
    kinds = CATALOG_FIELDS.get(catalog_field, (field.get_internal_type(),))
    if field.get_internal_type() not in kinds:
        yield checks.Error(
            f"The field {field_name!r} of the course overview model {name} is a {field.get_internal_type()}, which "
            f"cannot store the Catalog's {catalog_field}.",
            hint=f"Map to another field in CATALOG_SYNC_FIELDS, a {' or a '.join(kinds)}.",
            id="catalog_sync.E015",
        )
    elif (field.max_length or math.inf) < (longest := LONGEST.get(catalog_field, 0)):
        yield checks.Warning(
            f"The field {field_name!r} of the course overview model {name} can store {field.max_length} "
            f"characters, but the Catalog's {catalog_field} can have {longest:,}.",
            hint="Widen the field with a migration, or map to another field: a longer value fails the sync.",
            id="catalog_sync.W008",
        )
    if catalog_field == "marketing_url" and not field.null:
        yield checks.Error(
            f"The field {field_name!r} of the course overview model {name} does not allow null, so marketing URLs "
            "cannot be removed.",
            hint="Declare it with null=True, as catalog_sync.models.MarketingUrlMixin does, and migrate.",
            id="catalog_sync.E008",
        )
