"""Publishing a course: what becomes of its course overview, and who is told."""

from __future__ import annotations

from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from sandbox.lms.student.models import CourseEnrollment
from tests.factories import CourseEnrollmentFactory, CourseOverviewFactory

pytestmark = pytest.mark.django_db

COURSE = "course-v1:ExampleX+One+2026"
MARKETING_URL = "https://www.example.com/course/one"
SIGNALS = {
    "pre_delete": pre_delete,
    "post_delete": post_delete,
    "pre_save": pre_save,
    "post_save": post_save,
}


@contextmanager
def signals_of_course_overviews():
    """Collect the names of the signals that course overviews send, in order."""
    sent = []
    receivers = {name: lambda name=name, **_: sent.append(name) for name in SIGNALS}
    for name, signal in SIGNALS.items():
        signal.connect(receivers[name], sender=CourseOverview)
    try:
        yield sent
    finally:
        for name, signal in SIGNALS.items():
            signal.disconnect(receivers[name], sender=CourseOverview)


class TestNewCourse:
    """A course that is published for the first time."""

    @pytest.mark.parametrize("key", [COURSE, "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"])
    def test_gets_a_course_overview(self, key):
        publish_course(key)
        assert CourseOverview.objects.filter(pk=key).exists()

    def test_takes_the_given_fields(self):
        assert publish_course(COURSE, display_name="One").display_name == "One"

    def test_takes_its_organization_from_the_key(self):
        assert publish_course(COURSE).org == "ExampleX"

    def test_takes_its_number_from_the_key(self):
        assert publish_course(COURSE).display_number_with_default == "One"

    def test_sends_save_signals_only(self):
        with signals_of_course_overviews() as sent:
            publish_course(COURSE)
        assert sent == ["pre_save", "post_save"]


class TestKnownCourse:
    """A course that is published again is deleted and re-created."""

    @pytest.fixture(autouse=True)
    def course_overview(self):
        return CourseOverviewFactory(id=COURSE, display_name="One", marketing_url=MARKETING_URL)

    def test_sends_delete_and_save_signals(self):
        with signals_of_course_overviews() as sent:
            publish_course(COURSE)
        assert sent == ["pre_delete", "post_delete", "pre_save", "post_save"]

    def test_keeps_fields_that_are_not_given(self):
        assert publish_course(COURSE, self_paced=True).display_name == "One"

    def test_changes_fields_that_are_given(self):
        assert publish_course(COURSE, display_name="Two").display_name == "Two"

    def test_loses_its_marketing_url(self):
        assert publish_course(COURSE).marketing_url is None

    def test_is_as_if_created_now(self, course_overview):
        assert publish_course(COURSE).created > course_overview.created

    def test_leaves_its_enrollments(self):
        enrollment = CourseEnrollmentFactory(course_id=COURSE, course=None)
        publish_course(COURSE)
        assert CourseEnrollment.objects.get(course__display_name="One") == enrollment

    def test_is_in_the_history(self):
        publish_course(COURSE)
        assert list(CourseOverview.history.values_list("history_type", flat=True)) == ["+", "-", "+"]

    def test_stays_as_it_was_when_it_cannot_be_created(self):
        with pytest.raises(ValidationError):
            publish_course(COURSE, start="no date")
        assert CourseOverview.objects.get(pk=COURSE).marketing_url == MARKETING_URL


class TestUpdateInPlace:
    """Today's LMS updates the row."""

    @pytest.fixture(autouse=True)
    def course_overview(self, settings):
        settings.COURSE_OVERVIEW_UPDATE_IN_PLACE = True
        return CourseOverviewFactory(id=COURSE, display_name="One", marketing_url=MARKETING_URL)

    def test_sends_save_signals_only(self):
        with signals_of_course_overviews() as sent:
            publish_course(COURSE)
        assert sent == ["pre_save", "post_save"]

    def test_keeps_the_marketing_url(self):
        assert publish_course(COURSE).marketing_url == MARKETING_URL

    def test_changes_fields_that_are_given(self):
        assert publish_course(COURSE, display_name="Two").display_name == "Two"

    def test_keeps_the_time_of_creation(self, course_overview):
        assert publish_course(COURSE).created == course_overview.created

    def test_creates_a_course_that_is_new(self):
        assert publish_course("course-v1:ExampleX+New+2026").org == "ExampleX"


@pytest.mark.parametrize("field", ["marketing_url", "id", "created", "modified", "unheard_of"])
def test_field_that_the_modulestore_does_not_know_is_refused(field):
    with pytest.raises(TypeError, match=field):
        publish_course(COURSE, **{field: "value"})


class TestCommand:
    """``manage.py publish_course``."""

    def test_publishes(self):
        call_command("publish_course", COURSE, display_name="Two", stdout=StringIO())
        assert CourseOverview.objects.get(pk=COURSE).display_name == "Two"

    def test_says_what_became_of_the_marketing_url(self):
        CourseOverviewFactory(id=COURSE, marketing_url=MARKETING_URL)
        out = StringIO()
        call_command("publish_course", COURSE, stdout=out)
        assert "Its marketing URL: none" in out.getvalue()

    def test_refuses_what_is_no_course_key(self):
        with pytest.raises(CommandError, match="not a course key"):
            call_command("publish_course", "nonsense")
