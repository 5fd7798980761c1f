"""Who has one Catalog and comes to have several: what there is becomes the first one's, and can go back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

APP, BEFORE, AFTER = "catalog_sync", "0003_pinned_urls", "0004_several_catalogs"
MODELS = ("CatalogCourseRun", "SyncRun", "CatalogSyncConfig")
KEY = "course-v1:ExampleX+One+2026"


def migrate(name: str):
    """Migrate the app to ``name`` and return its models as of then."""
    call_command("migrate", APP, name, verbosity=0)
    return MigrationExecutor(connection).loader.project_state((APP, name)).apps


@pytest.fixture
def before() -> Iterator:
    """The former release, with a row of each model and a running sync; all is put right again."""
    apps = migrate(BEFORE)
    apps.get_model(APP, "CatalogCourseRun").objects.create(course_key=KEY)
    apps.get_model(APP, "SyncRun").objects.create(lease="catalog", holder="worker")
    apps.get_model(APP, "CatalogSyncConfig").objects.create(page_size=77)
    try:
        yield apps
    finally:
        migrate(AFTER)


@pytest.mark.parametrize("name", MODELS)
def test_forwards_all_rows_are_of_the_default_catalog(name, before):
    rows = migrate(AFTER).get_model(APP, name).objects
    assert list(rows.values_list("catalog", flat=True)) == ["default"]


def test_forwards_the_lease_is_named_after_the_catalog(before):
    assert migrate(AFTER).get_model(APP, "SyncRun").objects.get().lease == "default"


@pytest.mark.parametrize("name", MODELS)
def test_forwards_the_database_itself_has_a_default(name, before):
    """A process of the former release inserts rows without the column."""
    migrate(AFTER)
    values = {
        "CatalogCourseRun": {"course_key": f"{KEY}b"},
        "SyncRun": {"holder": "b"},
        "CatalogSyncConfig": {},
    }
    row = before.get_model(APP, name).objects.create(**values[name])
    table = before.get_model(APP, name)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT catalog FROM {table} WHERE id = %s", [row.pk])
        assert cursor.fetchone() == ("default",)


def test_backwards_the_lease_is_the_former_one(before):
    migrate(AFTER)
    assert migrate(BEFORE).get_model(APP, "SyncRun").objects.get().lease == "catalog"


def test_backwards_the_configuration_of_another_is_not_in_force(before):
    migrate(AFTER).get_model(APP, "CatalogSyncConfig").objects.create(catalog="partner", page_size=3)
    rows = migrate(BEFORE).get_model(APP, "CatalogSyncConfig").objects
    assert list(rows.values_list("page_size", flat=True)) == [77]


def test_backwards_course_runs_of_all_of_them_stay(before):
    migrate(AFTER).get_model(APP, "CatalogCourseRun").objects.create(catalog="partner", course_key=f"{KEY}b")
    assert migrate(BEFORE).get_model(APP, "CatalogCourseRun").objects.count() == 2
