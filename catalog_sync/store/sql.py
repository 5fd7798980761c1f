"""SQL that differs between databases. No other module depends on which database is in use."""

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

# The longest ``IN`` list: below SQLite's limit of parameters, and every database uses the index for it.
CHUNK = 500

# How many rows one query reads if it reads few columns of a whole table.
ROWS = 5_000

# The most parameters of one statement: the limit of PostgreSQL's protocol.
MAX_PARAMETERS = 65_535

# Deadlocks and lock-wait time-outs: numbers of MySQL and MariaDB, SQLSTATE of PostgreSQL, message of SQLite.
CONFLICT_CODES = {1020, 1205, 1213, "40001", "40P01", "55P03", "database is locked"}
# Fewer than a sync run makes, and without a pause, because a user may be waiting.
CONFLICT_ATTEMPTS = 3


def upsert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    constants: Mapping[str, Any],
    unique_columns: Sequence[str] = (),
    update_columns: Sequence[str] = (),
) -> None:
    """Insert the rows, or update those whose ``unique_columns`` exist, in as few statements as the database allows.

    Without ``unique_columns`` all are inserted.

    ``bulk_create`` would create one model instance per row and, with Django 5.2 on SQLite, write at most 999 values per
    statement.
    """
    quoted = connection.ops.quote_name
    into = f"INSERT INTO {quoted(model._meta.db_table)} ({', '.join(map(quoted, [*columns, *constants]))})"
    on_conflict = ""
    if unique_columns:
        on_conflict = connection.ops.on_conflict_suffix_sql(
            [], OnConflict.UPDATE, update_columns, unique_columns
        )
    with connection.cursor() as cursor:
        same, same_values = _marks(constants.values())
        marks = f"({', '.join(['%s'] * len(columns) + same)})"
        for chunk in in_chunks(rows, _max_parameters() // (len(columns) + len(constants))):
            values = [value for row in chunk for value in (*row, *same_values)]
            cursor.execute(f"{into} VALUES {', '.join([marks] * len(chunk))} {on_conflict}", values)


def _marks(values: Iterable[Any]) -> tuple[list[str], list[Any]]:
    """Return placeholders for values that are the same in each row, and the parameters for them.

    MySQL's client formats each parameter of each row, so there the values are formatted once instead.
    """
    if connection.vendor == "mysql":
        literals = [force_str(connection.connection.literal(value)) for value in values]
        return [literal.replace("%", "%%") for literal in literals], []
    parameters = list(values)
    return ["%s"] * len(parameters), parameters


def _max_parameters() -> int:
    """Return how many parameters a statement may have; Django assumes the low limit of old SQLite versions."""
    if connection.vendor == "sqlite":
        # Imported here, because web processes on another database do not need it.
        import sqlite3

        connection.ensure_connection()
        return int(connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
    return MAX_PARAMETERS


def in_chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield the values in lists of at most ``size``."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def chunks_in_order(rows: models.QuerySet[Any], column: str, size: int = CHUNK) -> Iterator[list[Any]]:
    """Yield the rows of a ``values_list`` that begins with this unique column, in its order, in lists of ``size``.

    ``iterator()`` is not used, because MySQL's client reads a whole result before it returns the first row.
    """
    rows = rows.order_by(column)
    chunk = list(rows[:size])
    while chunk:
        yield chunk
        if len(chunk) < size:
            return  # a further query might scan the rest of the table
        chunk = list(rows.filter(**{f"{column}__gt": chunk[-1][0]})[:size])


def repeat_on_conflict(work: Callable[[], T]) -> T:
    """Do work that is one transaction; retry it if the database rolls it back because of a conflict.

    Inside a transaction of the caller it is not retried: the database may have rolled back the caller's work, too.
    """
    attempts = CONFLICT_ATTEMPTS if connection.get_autocommit() else 1
    for _ in range(attempts - 1):
        try:
            return work()
        except OperationalError as error:
            if not is_conflict(error):
                raise
    return work()


@contextmanager
def transaction_survives_errors() -> Iterator[None]:
    """Keep the caller's transaction usable if a statement fails; PostgreSQL needs a savepoint for that."""
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        yield


@contextmanager
def idle_transactions_bounded(seconds: int) -> Iterator[None]:
    """Let the database end an idle transaction of this connection, because its process may be frozen.

    MySQL ends every connection that is idle for so long, so the caller must send a statement more often. On SQLite this
    does nothing.
    """
    variable, value = _idle_bound(seconds)
    if variable:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION {variable} = {value}")
    try:
        yield
    finally:
        if variable:
            # The host uses the connection afterwards. If it is lost, so is the limit.
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute(f"SET SESSION {variable} = DEFAULT")


def _idle_bound(seconds: int) -> tuple[str, int]:
    if connection.vendor == "postgresql":
        return "idle_in_transaction_session_timeout", seconds * 1000
    if connection.vendor == "mysql":
        is_mariadb = getattr(connection, "mysql_is_mariadb", False)
        return "idle_transaction_timeout" if is_mariadb else "wait_timeout", seconds
    return "", 0


def is_conflict(error: Exception) -> bool:
    """Return whether the database rolled back a transaction because of another one, so that a retry may succeed."""
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    # psycopg 3 and 2 have an attribute; the other clients have a number or a message as the first argument.
    codes = {
        getattr(cause, "sqlstate", None),
        getattr(cause, "pgcode", None),
        *getattr(cause, "args", ())[:1],
    }
    return not CONFLICT_CODES.isdisjoint(codes)


class UtcNow(models.functions.Now):
    """The database's clock in UTC, as Django stores times; MySQL and MariaDB would use the session's time zone."""

    def as_mysql(self, compiler: Any, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """Return the SQL for MySQL and MariaDB."""
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **extra)
