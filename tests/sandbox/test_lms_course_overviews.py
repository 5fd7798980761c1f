"""The course overview of the sandbox LMS, and the LMS's own page about a course."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import resolve, reverse

from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory

pytestmark = pytest.mark.django_db

KEYS = ["course-v1:ExampleX+One+2026", "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_table_has_the_name_of_edx_platform():
    assert CourseOverview._meta.db_table == "course_overviews_courseoverview"


def test_marketing_url_is_null_by_default_and_stores_any_script():
    row = CourseOverviewFactory()
    assert row.marketing_url is None
    row.marketing_url = "https://www.example.com/kurs/größe-课程-🎓"
    row.save()
    assert CourseOverview.objects.get(pk=row.id).marketing_url == row.marketing_url
    assert row.history.first().marketing_url == row.marketing_url


@pytest.mark.parametrize("options", [{}, {"update_fields": ["display_name"]}])
def test_saving_updates_modified_and_keeps_created(options):
    row = CourseOverviewFactory(created=LONG_AGO)
    CourseOverview.objects.update(modified=LONG_AGO)
    row.save(**options)
    saved = CourseOverview.objects.get()
    assert saved.modified > LONG_AGO
    assert saved.created == LONG_AGO


def test_deleting_keeps_the_enrollments():
    enrollment = CourseEnrollmentFactory()
    enrollment.course.delete()
    enrollment.refresh_from_db(fields=["course_id"])
    assert enrollment.course_id
    connection.check_constraints()  # Raises IntegrityError if there is a constraint.


@pytest.mark.parametrize("key", KEYS)
def test_about_page_shows_a_course_with_any_kind_of_key(key, client):
    CourseOverviewFactory(id=key, display_name="Ropes & Knots")
    assert str(CourseOverview.objects.get(pk=key).id) == key
    assert resolve(reverse("about_course", args=[key])).kwargs == {"course_id": key}
    assert "<h1>Ropes &amp; Knots</h1>" in client.get(f"/courses/{key}/about").content.decode()


@pytest.mark.parametrize("key", [KEYS[0], "a+b+c+d"])
def test_about_page_of_an_unknown_course_is_404(key, client):
    assert client.get(f"/courses/{key}/about").status_code == 404
