"""The columns that several tables have: the course key, with its lookups, and the name of the Catalog."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf


class CaseSensitiveCharField(models.CharField):
    """A text column in which ``OrgX`` and ``orgx`` differ on every database.

    MySQL and MariaDB compare text without case unless the column has a binary collation.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


@CaseSensitiveCharField.register_lookup
class Among(models.Lookup):
    """``__among=keys``: Django's ``IN`` for a set of texts that need no preparation.

    Django's own prepares each value several times, which takes longer than the query.
    """

    lookup_name = "among"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return ", ".join(["%s"] * len(value)), tuple(value)

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        marks, texts = self.get_db_prep_lookup(self.rhs, connection)
        return f"{column} IN ({marks})", (*parameters, *texts)


@CaseSensitiveCharField.register_lookup
class StartsWith(lookups.StartsWith):
    """``__startswith=prefix`` that uses the index on MySQL and MariaDB, too."""

    def as_mysql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        # Django's case-sensitive condition cannot use the index; the condition that ignores case can. Combine them.
        with_case, parameters = self.as_sql(compiler, connection)
        without_case = with_case.replace("LIKE BINARY", "LIKE")
        return f"({without_case} AND {with_case})", (*parameters, *parameters)


def catalog_field(help_text: Any) -> models.CharField:
    """Return the column with the name of a Catalog."""
    # Also a default of the database, so that rows can be inserted without the column.
    return models.CharField(
        _("catalog"),
        max_length=32,
        default=conf.DEFAULT_CATALOG,
        db_default=conf.DEFAULT_CATALOG,
        help_text=help_text,
    )
