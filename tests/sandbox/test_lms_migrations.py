"""A host that has course overviews already gets the marketing URL's column, and can give it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

APP = "course_overviews"
BEFORE, AFTER = "0001_initial", "0002_marketing_url"
COURSE = "course-v1:ExampleX+One+2026"
MARKETING_URL = "https://www.example.com/course/one"
MODELS = ("CourseOverview", "HistoricalCourseOverview")


def migrate(name: str):
    """Migrate the app to ``name`` and return its models as of then."""
    call_command("migrate", APP, name, verbosity=0)
    executor = MigrationExecutor(connection)
    return executor.loader.project_state((APP, name)).apps


def columns_of(model) -> set[str]:
    with connection.cursor() as cursor:
        table = connection.introspection.get_table_description(cursor, model._meta.db_table)
    return {column.name for column in table}


@pytest.fixture
def before() -> Iterator:
    """Give the database of a host that does not know of marketing URLs, with one course; put all right again."""
    apps = migrate(BEFORE)
    apps.get_model(APP, "CourseOverview").objects.create(id=COURSE, org="ExampleX", display_name="One")
    try:
        yield apps
    finally:
        migrate(AFTER)


@pytest.mark.parametrize("model", MODELS)
def test_existing_host_has_no_column(before, model):
    assert "marketing_url" not in columns_of(before.get_model(APP, model))


@pytest.mark.parametrize("model", MODELS)
def test_forwards_adds_the_column(before, model):
    assert "marketing_url" in columns_of(migrate(AFTER).get_model(APP, model))


def test_forwards_keeps_the_courses(before):
    rows = migrate(AFTER).get_model(APP, "CourseOverview").objects
    assert list(rows.values_list("display_name", flat=True)) == ["One"]


def test_forwards_leaves_existing_courses_without_marketing_url(before):
    rows = migrate(AFTER).get_model(APP, "CourseOverview").objects
    assert rows.get(pk=COURSE).marketing_url is None


@pytest.mark.parametrize("model", MODELS)
def test_backwards_removes_the_column(before, model):
    migrate(AFTER)
    assert "marketing_url" not in columns_of(migrate(BEFORE).get_model(APP, model))


def test_backwards_keeps_the_courses(before):
    migrate(AFTER).get_model(APP, "CourseOverview").objects.update(marketing_url=MARKETING_URL)
    rows = migrate(BEFORE).get_model(APP, "CourseOverview").objects
    assert list(rows.values_list("display_name", flat=True)) == ["One"]


def test_backwards_keeps_the_enrollments(before):
    from tests.factories import CourseEnrollmentFactory, UserFactory

    migrate(AFTER)
    enrollment = CourseEnrollmentFactory(user=UserFactory(), course_id=COURSE, course=None)
    migrate(BEFORE)
    assert type(enrollment).objects.filter(pk=enrollment.pk).exists()


def test_models_have_no_change_without_a_migration():
    call_command("makemigrations", APP, "student", check=True, dry_run=True, verbosity=0)
