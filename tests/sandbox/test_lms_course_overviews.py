"""The course overview and the LMS's own page about a course."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import resolve, reverse

from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory

KEYS = ["course-v1:ExampleX+One+2026", "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_table_is_named_as_in_edx_platform():
    assert CourseOverview._meta.db_table == "course_overviews_courseoverview"


@pytest.mark.django_db
class TestRow:
    """One course run."""

    @pytest.mark.parametrize("key", KEYS)
    def test_is_found_by_every_kind_of_key(self, key):
        CourseOverviewFactory(id=key)
        assert str(CourseOverview.objects.get(pk=key).id) == key

    def test_marketing_url_is_null_unless_somebody_knows_it(self):
        assert CourseOverviewFactory().marketing_url is None

    def test_marketing_url_holds_any_script(self):
        url = "https://www.example.com/kurs/größe-课程-🎓"
        CourseOverviewFactory(id=KEYS[0], marketing_url=url)
        assert CourseOverview.objects.get(pk=KEYS[0]).marketing_url == url

    def test_saving_tells_when(self):
        row = CourseOverviewFactory(id=KEYS[0])
        CourseOverview.objects.update(modified=LONG_AGO)
        row.save()
        assert CourseOverview.objects.get().modified > LONG_AGO

    def test_saving_some_fields_tells_when(self):
        row = CourseOverviewFactory(id=KEYS[0])
        CourseOverview.objects.update(modified=LONG_AGO)
        row.save(update_fields=["display_name"])
        assert CourseOverview.objects.get().modified > LONG_AGO

    def test_saving_does_not_touch_the_time_of_creation(self):
        row = CourseOverviewFactory(created=LONG_AGO)
        row.save()
        assert CourseOverview.objects.get().created == LONG_AGO

    def test_saving_is_in_the_history_with_the_marketing_url(self):
        row = CourseOverviewFactory()
        row.marketing_url = "https://www.example.com/course/one"
        row.save()
        assert row.history.first().marketing_url == "https://www.example.com/course/one"

    def test_deleting_leaves_its_enrollments(self):
        enrollment = CourseEnrollmentFactory()
        enrollment.course.delete()
        enrollment.refresh_from_db(fields=["course_id"])
        assert enrollment.course_id

    def test_enrollments_have_no_database_constraint_on_it(self):
        enrollment = CourseEnrollmentFactory()
        enrollment.course.delete()
        connection.check_constraints()  # Raises IntegrityError for a row that names none.


@pytest.mark.django_db
class TestAboutPage:
    """``/courses/…/about``."""

    @pytest.mark.parametrize("key", KEYS)
    def test_is_found_by_every_kind_of_key(self, key, client):
        CourseOverviewFactory(id=key)
        assert client.get(f"/courses/{key}/about").status_code == 200

    def test_names_the_course(self, client):
        CourseOverviewFactory(id=KEYS[0], display_name="Ropes & Knots")
        assert "<h1>Ropes &amp; Knots</h1>" in client.get(f"/courses/{KEYS[0]}/about").content.decode()

    def test_of_a_course_that_the_lms_does_not_have_is_404(self, client):
        assert client.get(f"/courses/{KEYS[0]}/about").status_code == 404

    def test_of_what_is_no_course_key_is_404(self, client):
        assert client.get("/courses/a+b+c+d/about").status_code == 404


@pytest.mark.parametrize("key", KEYS)
def test_url_of_the_about_page_leads_back_to_the_key(key):
    assert resolve(reverse("about_course", args=[key])).kwargs == {"course_id": key}
