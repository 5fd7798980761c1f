"""Where the Catalog's values go: the host's course overview model, and its fields."""

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

# What the Catalog says, and the kinds of columns that hold it.
TEXT = ("TextField", "CharField")
LONGEST = {"marketing_url": MAX_MARKETING_URL_LENGTH, "content_language": 255}
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
            "CATALOG_SYNC_FIELDS is not a dictionary.",
            hint='Set it to Catalog field -> course overview field: {"marketing_url": "marketing_url"}.',
            id="catalog_sync.E003",
        )
        return
    for column in sorted({str(each) for each in fields.values() if [*fields.values()].count(each) > 1}):
        yield checks.Error(
            f"CATALOG_SYNC_FIELDS puts two Catalog fields into the course overview's {column!r}.",
            hint="Set each to a field of its own: only one of the two values would stay.",
            id="catalog_sync.E014",
        )
    for name in fields.keys() - CATALOG_FIELDS.keys():
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


def check_model() -> Iterator[checks.CheckMessage]:
    """Check that the host's model has the fields that are named."""
    name = conf.course_overview_model()
    try:
        model = course_overviews.model()
    except (LookupError, ValueError):
        yield checks.Error(
            f"The course overview model {name!r} is not installed.",
            hint="Set CATALOG_SYNC_COURSE_OVERVIEW_MODEL to the host's model, as app_label.Model, and its app in "
            "INSTALLED_APPS.",
            id="catalog_sync.E001",
        )
        return
    history = overview_history.manager_of(model)
    for each in (model, *([history.model] if history else []), CatalogCourseRun, SyncRun):
        if (written_to := router.db_for_write(each)) != DEFAULT_DB_ALIAS:
            yield checks.Error(
                f"DATABASE_ROUTERS have {each._meta.label} written to the database {written_to!r}.",
                hint="Write it to 'default': course overviews and what the Catalog says of them are joined, and "
                "written in one transaction.",
                id="catalog_sync.E017",
            )
        elif router.db_for_read(each) != written_to:
            yield checks.Warning(
                f"DATABASE_ROUTERS have {each._meta.label} read from another database than it is written to.",
                hint="Read it from the one that it is written to: what was written a moment ago is compared with what "
                "is written next, and a copy lags behind.",
                id="catalog_sync.W009",
            )
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
    kinds = CATALOG_FIELDS.get(catalog_field, (field.get_internal_type(),))
    if field.get_internal_type() not in kinds:
        yield checks.Error(
            f"The field {field_name!r} of the course overview model {name} is a {field.get_internal_type()}, which "
            f"cannot hold the Catalog's {catalog_field}.",
            hint=f"Set another field in CATALOG_SYNC_FIELDS, a {' or a '.join(kinds)}.",
            id="catalog_sync.E015",
        )
    elif (field.max_length or math.inf) < (longest := LONGEST.get(catalog_field, 0)):
        yield checks.Warning(
            f"The field {field_name!r} of the course overview model {name} holds {field.max_length} characters, and "
            f"the Catalog's {catalog_field} may have {longest:,}: a longer one would fail the sync.",
            hint="Widen it with a migration, or name another field in CATALOG_SYNC_FIELDS.",
            id="catalog_sync.W008",
        )
    if catalog_field == "marketing_url" and not field.null:
        yield checks.Error(
            f"The field {field_name!r} of the course overview model {name} takes no null, so that no marketing URL "
            "could ever be removed.",
            hint="Declare it with null=True, as catalog_sync.models.MarketingUrlMixin does, and migrate.",
            id="catalog_sync.E008",
        )
