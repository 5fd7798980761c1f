"""A text column for course keys, and its lookups."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups


class CaseSensitiveCharField(models.CharField):
    """A text column that tells ``OrgX`` from ``orgx`` on every database.

    MySQL and MariaDB compare text without case unless a column says otherwise; PostgreSQL and SQLite never do.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Return Django's parameters of the column, with a binary collation where the database needs one."""
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


@CaseSensitiveCharField.register_lookup
class Among(models.Lookup):
    """``__among=keys``: Django's ``IN``, for a set of texts that need no preparation.

    Django's own looks at each of them five times, which takes longer than the query.
    """

    lookup_name = "among"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the placeholders and the texts."""
        return ", ".join(["%s"] * len(value)), tuple(value)

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the condition and its parameters."""
        if not self.rhs:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        marks, texts = self.get_db_prep_lookup(self.rhs, connection)
        return f"{column} IN ({marks})", (*parameters, *texts)


@CaseSensitiveCharField.register_lookup
class StartsWith(lookups.StartsWith):
    """``__startswith=prefix``: Django's, which on MySQL and MariaDB would read the whole table."""

    def as_mysql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the condition without case, which the index answers, and with case, for what it finds."""
        with_case, parameters = self.as_sql(compiler, connection)
        without_case = with_case.replace("LIKE BINARY", "LIKE")
        return f"({without_case} AND {with_case})", (*parameters, *parameters)
