"""``manage.py seed_lms`` fills the LMS from a running Catalog."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from catalog_sync.models import CatalogCourseRun
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.student.models import CourseEnrollment
from tests.factories import CourseEnrollmentFactory
from tests.sandbox.mobile_client import course_keys_of, enrollments_of

pytestmark = pytest.mark.django_db

RUNS = 150


def seed(**options):
    out = StringIO()
    call_command("seed_lms", stdout=out, **{"course_overviews": 140, "learners": 3} | options)
    return out.getvalue()


def stored():
    """Return everything that depends on the seed."""
    overviews = CourseOverview.objects.order_by("id").values_list(
        "id", "display_name", "mobile_available", "start"
    )
    enrollments = CourseEnrollment.objects.order_by("user__username", "created", "course_id")
    return list(overviews), list(
        enrollments.values_list("user__username", "course_id", "mode", "is_active", "created")
    )


@pytest.fixture
def full_catalog(catalog):
    catalog.control.generate(RUNS, seed=1)
    return catalog


@pytest.fixture
def listed(full_catalog):
    """The rows of the Catalog, by course key."""
    return {row["key"]: row for row in full_catalog.control.runs()}


@pytest.fixture
def honor(full_catalog):
    seed()
    return User.objects.get(username="honor")


class TestCourseOverviews:
    """Most have a course run in the Catalog."""

    def test_number_is_the_option(self, full_catalog, django_assert_max_num_queries):
        with django_assert_max_num_queries(20):
            summary = seed(course_overviews=100)
        assert CourseOverview.objects.count() == 100
        assert f"of the Catalog's {RUNS} course runs" in summary

    def test_small_catalog_has_a_course_overview_for_each_course_run(self, catalog):
        catalog.control.generate(20, seed=1)
        seed()
        assert CourseOverview.objects.exclude(id__startswith="ccx-").exclude(org="InternalX").count() <= 20

    def test_title_is_that_of_the_catalog_and_there_is_no_marketing_url(self, full_catalog):
        full_catalog.control.set_runs([{"key": "course-v1:ExampleX+One+2026", "title": "Course One"}])
        seed()
        assert CourseOverview.objects.get(pk="course-v1:ExampleX+One+2026").display_name == "Course One"
        assert not CourseOverview.objects.exclude(marketing_url=None).exists()

    def test_some_are_unlisted_ccx_courses_of_listed_course_runs(self, listed):
        seed()
        keys = {str(each.id) for each in CourseOverview.objects.filter(id__startswith="ccx-v1:")}
        unlisted = keys - listed.keys()
        assert unlisted
        assert {re.sub(r"^ccx-v1:(.+)\+ccx@\d+$", r"course-v1:\1", key) for key in unlisted} <= listed.keys()

    def test_some_are_not_in_the_catalog(self, listed):
        seed()
        keys = {str(each.id) for each in CourseOverview.objects.filter(id__startswith="course-v1:")}
        assert keys - listed.keys()

    def test_invalid_key_is_skipped_and_of_keys_that_differ_in_case_one_is_stored(self, catalog):
        catalog.control.set_runs(
            {"key": key} for key in ("course-v1:A+B+C", "course-v1:a+b+c", "course-v1:A+B+D", "nonsense")
        )
        assert "Seeded" in seed()
        assert CourseOverview.objects.filter(id__iexact="course-v1:a+b+c").count() == 1


def test_honor_has_one_course_of_each_kind(honor, listed):
    keys = course_keys_of(honor)
    assert len(keys) == 6
    newest = listed[keys[0]]
    assert newest["status"] == "published"
    assert newest["marketing_url"]
    assert [listed[key]["status"] for key in keys if key in listed].count("unpublished") == 1
    assert len([key for key in keys if "/" in key]) == 1
    assert len([key for key in keys if key.startswith("ccx-v1:")]) == 1
    assert len([key for key in keys if "InternalX" in key]) == 1
    links = [enrollment["course"]["course_about"] for enrollment in enrollments_of(honor)]
    assert links.count("https://go.example.com/join") == 1


def test_users_are_honor_staff_and_the_number_of_learners(full_catalog):
    seed(learners=5)
    assert User.objects.get(username="honor").check_password("edx")
    assert User.objects.get(username="staff").is_superuser
    assert User.objects.filter(username__startswith="learner").count() == 5
    assert User.objects.get(username="learner001").enrollments.count() >= 2


def test_collector_has_three_hundred_courses(catalog):
    catalog.control.generate(400, seed=1)
    seed(course_overviews=390)
    assert len(course_keys_of(User.objects.get(username="collector"))) == 300


class TestAgain:
    """A second seeding."""

    def test_changes_nothing_and_prints_how_to_start_over(self, honor):
        before = stored()
        assert "existing sandbox data (140 course overviews)" in seed(seed=2)
        assert stored() == before

    def test_with_reset_makes_the_same_again(self, honor):
        before = stored()
        CourseEnrollmentFactory(course__id="course-v1:MineX+One+2026")
        CatalogCourseRun.objects.create(course_key="course-v1:ExampleX+One+2026")
        seed(reset=True)
        assert stored() == before
        assert CatalogCourseRun.objects.count() == 1

    def test_with_another_seed_makes_another_lms(self, honor):
        before = stored()
        seed(reset=True, seed=2)
        assert stored() != before

    def test_starts_over_if_there_is_no_course(self, honor):
        # Django's delete() sorts the keys, and CCX keys cannot be compared with others.
        CourseOverview.objects.all()._raw_delete("default")
        assert "Seeded the LMS with 140 course overviews" in seed()


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("PROVIDER_URL", "http://127.0.0.1:9/oauth2", r"Start one with python -m sandbox\.catalog"),
        ("SECRET", "wrong", "401"),
    ],
)
def test_message_names_the_reason_if_the_catalog_cannot_be_read(catalog, settings, setting, value, message):
    setattr(settings, f"BACKEND_SERVICE_EDX_OAUTH2_{setting}", value)
    with pytest.raises(CommandError, match=message):
        seed()
