"""A sandbox LMS for a benchmark: Django in this process, with a temporary database and course overviews."""

from __future__ import annotations

import logging
import os
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import django

from benchmarks.harness import NOT_MEASURED, Row, scaled, seconds_of
from sandbox.catalog.testing import CatalogProcess

URLS = {
    "MariaDB": os.environ.get("MARIADB_URL") or "mysql://root@127.0.0.1:3306/lms",
    "PostgreSQL": os.environ.get("POSTGRES_URL") or "postgres://postgres@127.0.0.1:5432/lms",
}
DATABASE_NAME = "bench_catalog_sync"


class NoServer(Exception):
    """A database server does not reply."""


@contextmanager
def sandbox(runs: int, **catalog_settings: object) -> Iterator[CatalogProcess]:
    """Start a stand-in Catalog with so many course runs (times ``BENCH_SCALE``), and set up Django for it."""
    with CatalogProcess(runs=scaled(runs), **catalog_settings) as catalog:
        set_up(catalog.lms_environment)
        yield catalog


def set_up(environment: dict[str, str] | None = None) -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "sandbox.lms.settings"} | (environment or {})
    django.setup()
    logging.disable(logging.WARNING)


@contextmanager
def database(vendor: str) -> Iterator[str]:
    """Create an empty, migrated database and yield its URL; delete it afterwards.

    Raises:
        NoServer: the server does not reply.
    """
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, connections

    from sandbox.lms import environment

    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        url = URLS.get(vendor) or f"sqlite:///{folder}/lms.sqlite3"
        settings.DATABASES["default"] = environment.database(url)
        connections._settings = None
        connections.__dict__.pop("settings", None)
        name = f"{folder}/{DATABASE_NAME}.sqlite3" if vendor == "SQLite" else DATABASE_NAME
        try:
            connections["default"].close()
            del connections["default"]
            connection = connections["default"]
            before = connection.settings_dict["NAME"]
            connection.settings_dict["TEST"]["NAME"] = name
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        except (OperationalError, ImproperlyConfigured) as error:
            raise NoServer(f"{vendor} at {url}: {error}") from error
        try:
            yield url.rpartition("/")[0] + "/" + name if vendor != "SQLite" else f"sqlite:///{name}"
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)


def on_each(vendors: Iterable[str], measure: Callable[[str, str], Iterable[Row]]) -> Iterator[Row]:
    """Yield the rows that ``measure`` returns for a database of each vendor, given its name and the database's URL."""
    for vendor in vendors:
        try:
            with database(vendor) as url:
                yield from measure(vendor, url)
        except NoServer as error:
            yield Row(f"{vendor}: {error}", "", "", "", "", NOT_MEASURED)


def seed(keys: Iterable[str]) -> None:
    """Store a course overview for each key in random order, as courses in an LMS are not in the Catalog's order."""
    from django.db import connection, transaction

    from sandbox.lms.course_overviews.models import CourseOverview

    shuffled = list(keys)
    random.Random(1).shuffle(shuffled)
    template = CourseOverview(
        id="course-v1:ExampleX+C1+2026",
        org="ExampleX",
        display_name="An introduction to something of interest",
        display_number_with_default="C1",
        display_org_with_default="ExampleX",
        course_image_url="/asset-v1:ExampleX+C1+2026+type@asset+block@course_image.jpg",
        mobile_available=True,
    )
    fields = CourseOverview._meta.concrete_fields
    values = [field.get_db_prep_save(field.pre_save(template, add=True), connection) for field in fields]
    position = [field.primary_key for field in fields].index(True)
    rows = ([*values[:position], key, *values[position + 1 :]] for key in shuffled)
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    sql = (
        f"INSERT INTO {CourseOverview._meta.db_table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(sql, rows if connection.vendor == "sqlite" else list(rows))


def forget_syncs() -> None:
    """Restore the LMS's state before the first sync."""
    from django.db import connection

    from catalog_sync.models import CatalogCourseRun, SyncRun, SyncRunChange
    from sandbox.lms.course_overviews.models import CourseOverview

    large = [CatalogCourseRun, CourseOverview.history.model]
    # A table to which others refer cannot be truncated.
    empty = "DELETE FROM" if connection.vendor == "sqlite" else "TRUNCATE TABLE"
    with connection.cursor() as cursor:
        for model in large:
            cursor.execute(f"{empty} {model._meta.db_table}")
        for model in (SyncRunChange, SyncRun):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
        cursor.execute(
            f"UPDATE {CourseOverview._meta.db_table} SET marketing_url = NULL WHERE marketing_url IS NOT NULL"
        )


def from_scratch(work: Callable[[], object]) -> Callable[[], float]:
    """Return a function that measures ``work`` in the LMS's state before the first sync."""

    def run() -> float:
        forget_syncs()
        return seconds_of(work)

    return run


def with_known_length(work: Callable[[], object], catalog_count: int) -> Callable[[], float]:
    """Return the same, but a sync run before has stored how many course runs the Catalog lists."""

    def run() -> float:
        from catalog_sync.models import SyncRun

        forget_syncs()
        SyncRun.objects.create(scope=SyncRun.Scope.ALL, status="succeeded", catalog_count=catalog_count)
        return seconds_of(work)

    return run
