"""The migration that adds the marketing URL to existing course overviews, forwards and backwards."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.factories import CourseEnrollmentFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

APP = "course_overviews"
BEFORE, AFTER = "0001_initial", "0002_marketing_url"
COURSE = "course-v1:ExampleX+One+2026"
MODELS = ("CourseOverview", "HistoricalCourseOverview")


def migrate(name: str):
    """Migrate the app to ``name``, and return its models as of then."""
    call_command("migrate", APP, name, verbosity=0)
    return MigrationExecutor(connection).loader.project_state((APP, name)).apps


def have_the_column(apps) -> list[bool]:
    """Return for each model whether its table has the marketing URL."""
    with connection.cursor() as cursor:
        tables = [
            connection.introspection.get_table_description(cursor, apps.get_model(APP, name)._meta.db_table)
            for name in MODELS
        ]
    return ["marketing_url" in {column.name for column in table} for table in tables]


@pytest.fixture
def before():
    """The models of a host without marketing URLs, and one course; the latest migration is restored afterwards."""
    apps = migrate(BEFORE)
    apps.get_model(APP, "CourseOverview").objects.create(id=COURSE, org="ExampleX", display_name="One")
    try:
        yield apps
    finally:
        migrate(AFTER)


def test_forwards_adds_an_empty_column_and_keeps_the_courses(before):
    assert have_the_column(before) == [False, False]
    apps = migrate(AFTER)
    assert have_the_column(apps) == [True, True]
    rows = apps.get_model(APP, "CourseOverview").objects
    assert list(rows.values_list("display_name", "marketing_url")) == [("One", None)]


def test_backwards_removes_the_column_and_keeps_courses_and_enrollments(before):
    rows = migrate(AFTER).get_model(APP, "CourseOverview").objects
    rows.update(marketing_url="https://www.example.com/course/one")
    enrollment = CourseEnrollmentFactory(user=UserFactory(), course_id=COURSE, course=None)
    apps = migrate(BEFORE)
    assert have_the_column(apps) == [False, False]
    assert [row.display_name for row in apps.get_model(APP, "CourseOverview").objects.all()] == ["One"]
    assert type(enrollment).objects.filter(pk=enrollment.pk).exists()


def test_migrations_are_complete():
    call_command("makemigrations", APP, "student", check=True, dry_run=True, verbosity=0)
