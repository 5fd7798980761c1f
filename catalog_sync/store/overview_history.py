"""History rows of the host's course overviews, if it keeps them with django-simple-history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import AutoField, QuerySet, Value

from catalog_sync import conf

HISTORY_REASON = "catalog_sync"


def manager_of(course_overviews: Any) -> Any:
    """Return the history manager of this model, or None if it has no history."""
    return getattr(
        course_overviews, getattr(course_overviews._meta, "simple_history_manager_attribute", ""), None
    )


def record(rows: QuerySet[Any], now: datetime) -> None:
    """Add a history row with the current values for each of these course overviews.

    The database copies the rows in one statement, so they are exactly what was written and do not cross the network.
    They are read only if Python has to create the primary keys (``SIMPLE_HISTORY_HISTORY_ID_USE_UUID``).
    """
    manager = manager_of(rows.model)
    if manager is None or not conf.history_enabled():
        return
    if isinstance(manager.model._meta.pk, AutoField):
        _copy(rows, manager.model, now)
    else:
        manager.bulk_history_create(rows, update=True, default_change_reason=HISTORY_REASON, default_date=now)


def _copy(rows: QuerySet[Any], history: Any, now: datetime) -> None:
    fixed = {
        "history_date": Value(now),
        "history_type": Value("~"),
        "history_change_reason": Value(HISTORY_REASON),
    }
    tracked = [field.attname for field in history.tracked_fields]
    selected = rows.annotate(**{f"_{name}": value for name, value in fixed.items()})
    selected = selected.values_list(*tracked, *(f"_{name}" for name in fixed))
    sql, parameters = selected.query.get_compiler(connection=connection).as_sql()
    columns = [history._meta.get_field(name).column for name in (*tracked, *fixed)]
    into = ", ".join(connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(history._meta.db_table)} ({into}) {sql}", parameters
        )
