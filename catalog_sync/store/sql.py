"""Where databases differ, and why. Nothing else in catalog_sync asks which database it runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, TypeVar

from django.db import Error, OperationalError, connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict
from django.utils.encoding import force_str

T = TypeVar("T")

# Keys in one ``IN`` list, where a set is of any size: below SQLite's limit of parameters, and a plan that every
# database makes from the index.
CHUNK = 500

# Rows of two columns that are read at once, where all of a table are.
ROWS = 5_000

# In one statement: as many as PostgreSQL's protocol counts, where parameters are bound on its side.
MOST_PARAMETERS = 65_535

# Deadlock and lock-wait time-out (MySQL and MariaDB by number, PostgreSQL by SQLSTATE), or SQLite's only word for it.
CONFLICT_CODES = {1020, 1205, 1213, "40001", "40P01", "55P03", "database is locked"}
# Somebody may be waiting, who has waited for a lock already: no pause, and fewer than a run makes.
CONFLICT_ATTEMPTS = 3


def upsert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    constants: Mapping[str, Any],
    unique_columns: Sequence[str],
    update_columns: Sequence[str],
) -> None:
    """Insert the rows, or update those whose ``unique_columns`` exist, in as few statements as the database allows.

    Not by ``bulk_create``, which makes and prepares an instance a row and, on SQLite, 142 rows a statement.
    """
    quoted = connection.ops.quote_name
    into = f"INSERT INTO {quoted(model._meta.db_table)} ({', '.join(map(quoted, [*columns, *constants]))})"
    on_conflict = connection.ops.on_conflict_suffix_sql([], OnConflict.UPDATE, update_columns, unique_columns)
    with connection.cursor() as cursor:
        same, same_values = _marks(constants.values())
        marks = f"({', '.join(['%s'] * len(columns) + same)})"
        for chunk in in_chunks(rows, _most_parameters() // (len(columns) + len(constants))):
            values = [value for row in chunk for value in (*row, *same_values)]
            cursor.execute(f"{into} VALUES {', '.join([marks] * len(chunk))} {on_conflict}", values)


def _marks(values: Iterable[Any]) -> tuple[list[str], list[Any]]:
    """Return placeholders for values that are the same in each row, and the parameters for them.

    MySQL's client writes each parameter of each row into the statement, so there they are written once.
    """
    if connection.vendor == "mysql":
        literals = [force_str(connection.connection.literal(value)) for value in values]
        return [literal.replace("%", "%%") for literal in literals], []
    parameters = list(values)
    return ["%s"] * len(parameters), parameters


def _most_parameters() -> int:
    """Return how many parameters a statement may have; Django knows only of what SQLite allowed long ago."""
    if connection.vendor == "sqlite":
        # Here, not above: web processes on another database do without.
        import sqlite3

        connection.ensure_connection()
        return int(connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
    return MOST_PARAMETERS


def in_chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield the values in lists of at most ``size``."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def chunks_in_order(rows: models.QuerySet[Any], column: str, size: int = CHUNK) -> Iterator[list[Any]]:
    """Yield the rows of a ``values_list`` that begins with this unique column, in its order, in lists of ``size``.

    Not by ``iterator()``: MySQL's client reads the whole of a result before it hands out the first row.
    """
    rows = rows.order_by(column)
    chunk = list(rows[:size])
    while chunk:
        yield chunk
        if len(chunk) < size:
            return  # without asking for more: that may walk over all that comes after the last
        chunk = list(rows.filter(**{f"{column}__gt": chunk[-1][0]})[:size])


def repeat_on_conflict(work: Callable[[], T]) -> T:
    """Do the work of a transaction of its own, and again where the database breaks it off in favor of another's."""
    for _ in range(CONFLICT_ATTEMPTS - 1):
        try:
            return work()
        except OperationalError as error:
            if not is_conflict(error):
                raise
    return work()


@contextmanager
def transaction_survives_errors() -> Iterator[None]:
    """Keep the caller's transaction usable if a statement fails. PostgreSQL needs a savepoint for that."""
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        yield


@contextmanager
def idle_transactions_bounded(seconds: int) -> Iterator[None]:
    """Have the database end a transaction of this connection that stands still: its process may be frozen.

    PostgreSQL and MariaDB can; the others are not asked.
    """
    variable, value = _idle_bound(seconds)
    if variable:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION {variable} = {value}")
    try:
        yield
    finally:
        if variable:
            # The connection is the host's. If it is lost, so is the bound.
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute(f"SET SESSION {variable} = DEFAULT")


def _idle_bound(seconds: int) -> tuple[str, int]:
    if connection.vendor == "postgresql":
        return "idle_in_transaction_session_timeout", seconds * 1000
    if connection.vendor == "mysql" and getattr(connection, "mysql_is_mariadb", False):
        return "idle_transaction_timeout", seconds
    return "", 0


def is_conflict(error: Exception) -> bool:
    """Tell whether the database broke a transaction off in favor of another, so that trying again may help."""
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    # psycopg 3 and 2 call it so; the others put a number or a text first.
    codes = {
        getattr(cause, "sqlstate", None),
        getattr(cause, "pgcode", None),
        *getattr(cause, "args", ())[:1],
    }
    return not CONFLICT_CODES.isdisjoint(codes)


class UtcNow(models.functions.Now):
    """The database's own clock, in UTC as Django stores times; MySQL's and MariaDB's is in the session's zone."""

    def as_mysql(self, compiler: Any, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """Return the SQL for MySQL and MariaDB."""
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **extra)
