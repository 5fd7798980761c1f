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
    """Return all that seeding decides."""
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
    """Return what the Catalog lists, by course key."""
    return {row["key"]: row for row in full_catalog.control.runs()}


@pytest.fixture
def honor(full_catalog):
    seed()
    return User.objects.get(username="honor")


class TestCourseOverviews:
    """Most are of the Catalog's course runs."""

    def test_are_as_many_as_asked_for(self, full_catalog):
        seed(course_overviews=100)
        assert CourseOverview.objects.count() == 100

    def test_are_as_many_as_there_are_in_a_small_catalog(self, catalog):
        catalog.control.generate(20, seed=1)
        seed()
        assert CourseOverview.objects.exclude(id__startswith="ccx-").exclude(org="InternalX").count() <= 20

    def test_have_no_marketing_url_yet(self, full_catalog):
        seed()
        assert not CourseOverview.objects.exclude(marketing_url=None).exists()

    def test_are_named_as_in_the_catalog(self, full_catalog):
        full_catalog.control.set_runs([{"key": "course-v1:ExampleX+One+2026", "title": "Course One"}])
        seed()
        assert CourseOverview.objects.get(pk="course-v1:ExampleX+One+2026").display_name == "Course One"

    def test_some_are_ccx_that_the_catalog_does_not_know(self, listed):
        seed()
        keys = [str(overview.id) for overview in CourseOverview.objects.filter(id__startswith="ccx-v1:")]
        assert [key for key in keys if key not in listed]

    def test_ccx_that_the_catalog_does_not_know_have_a_parent_that_it_lists(self, listed):
        seed()
        keys = [str(overview.id) for overview in CourseOverview.objects.filter(id__startswith="ccx-v1:")]
        parents = {
            re.sub(r"^ccx-v1:(.+)\+ccx@\d+$", r"course-v1:\1", key) for key in keys if key not in listed
        }
        assert parents <= listed.keys()

    def test_some_are_known_to_the_lms_only(self, listed):
        seed()
        overviews = CourseOverview.objects.filter(id__startswith="course-v1:")
        assert [overview for overview in overviews if str(overview.id) not in listed]

    def test_key_that_is_no_course_key_is_passed_over(self, full_catalog):
        full_catalog.control.upsert([{"key": "nonsense"}])
        assert "Seeded" in seed()

    def test_of_keys_that_differ_in_case_only_one_is_stored(self, catalog):
        catalog.control.set_runs([{"key": "course-v1:A+B+C"}, {"key": "course-v1:a+b+c"}])
        seed()
        assert CourseOverview.objects.filter(id__iexact="course-v1:a+b+c").count() == 1


class TestHonor:
    """A learner with one course of each kind that shows something about links."""

    def test_has_one_of_each_kind(self, honor):
        assert len(course_keys_of(honor)) == 6

    def test_newest_is_published_and_has_a_marketing_url(self, honor, listed):
        row = listed[course_keys_of(honor)[0]]
        assert row["status"] == "published"
        assert row["marketing_url"]

    def test_one_is_unpublished(self, honor, listed):
        statuses = [listed[key]["status"] for key in course_keys_of(honor) if key in listed]
        assert statuses.count("unpublished") == 1

    def test_one_has_an_old_style_key(self, honor):
        assert len([key for key in course_keys_of(honor) if "/" in key]) == 1

    def test_one_is_a_ccx(self, honor):
        assert len([key for key in course_keys_of(honor) if key.startswith("ccx-v1:")]) == 1

    def test_one_is_known_to_the_lms_only(self, honor):
        assert len([key for key in course_keys_of(honor) if "InternalX" in key]) == 1

    def test_one_has_a_social_sharing_url(self, honor):
        links = [enrollment["course"]["course_about"] for enrollment in enrollments_of(honor)]
        assert links.count("https://go.example.com/join") == 1

    def test_signs_in_with_the_password_of_all(self, honor):
        assert honor.check_password("edx")


class TestOthers:
    """The collector, the administrator and everybody else."""

    def test_collector_has_three_hundred_courses(self, catalog):
        catalog.control.generate(400, seed=1)
        seed(course_overviews=390)
        assert len(course_keys_of(User.objects.get(username="collector"))) == 300

    def test_staff_is_the_administrator(self, full_catalog):
        seed()
        assert User.objects.get(username="staff").is_superuser

    def test_learners_are_as_many_as_asked_for(self, full_catalog):
        seed(learners=5)
        assert User.objects.filter(username__startswith="learner").count() == 5

    def test_learners_have_enrollments(self, full_catalog):
        seed()
        assert User.objects.get(username="learner001").enrollments.count() >= 2


class TestAgain:
    """Seeding twice."""

    def test_changes_nothing(self, honor):
        before = stored()
        seed(seed=2)
        assert stored() == before

    def test_says_that_the_lms_is_seeded(self, honor):
        assert "seeded already: 140 course overviews" in seed()

    def test_with_reset_removes_what_was_there(self, honor):
        CourseEnrollmentFactory(course__id="course-v1:MineX+One+2026")
        seed(reset=True)
        assert not CourseOverview.objects.filter(org="MineX").exists()

    def test_with_reset_makes_the_same_again(self, honor):
        before = stored()
        seed(reset=True)
        assert stored() == before

    def test_with_another_seed_makes_another_lms(self, honor):
        before = stored()
        seed(reset=True, seed=2)
        assert stored() != before

    def test_with_reset_keeps_the_replica_of_the_catalog(self, honor):
        CatalogCourseRun.objects.create(course_key="course-v1:ExampleX+One+2026")
        seed(reset=True)
        assert CatalogCourseRun.objects.count() == 1

    def test_after_all_courses_went_starts_anew(self, honor):
        # Django's delete() sorts the keys, and CCX keys cannot be compared with others.
        CourseOverview.objects.all()._raw_delete("default")
        assert "Seeded the LMS with 140 course overviews" in seed()


def test_summary_counts(full_catalog):
    assert f"of the Catalog's {RUNS} course runs" in seed()


def test_few_queries_store_it_all(full_catalog, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        seed()


def test_catalog_that_does_not_answer_is_told_with_the_remedy(settings):
    settings.BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = "http://127.0.0.1:9/oauth2"
    with pytest.raises(CommandError, match=r"Start one with python -m sandbox\.catalog"):
        seed()


def test_catalog_that_refuses_the_client_is_told(catalog, settings):
    settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = "wrong"
    with pytest.raises(CommandError, match="401"):
        seed()
