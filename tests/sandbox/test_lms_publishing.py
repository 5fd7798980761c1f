"""Publishing a course in the sandbox LMS: the course overview, and the signals."""

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


@pytest.fixture
def published():
    return CourseOverviewFactory(id=COURSE, display_name="One", marketing_url=MARKETING_URL)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("key", [COURSE, "ExampleX/One/2026", "ccx-v1:ExampleX+One+2026+ccx@7"])
def test_new_course_gets_a_course_overview(key, in_place, settings):
    settings.COURSE_OVERVIEW_UPDATE_IN_PLACE = in_place
    with signals_of_course_overviews() as sent:
        publish_course(key, display_name="A title")
    row = CourseOverview.objects.get(pk=key)
    assert (row.display_name, row.org, row.display_number_with_default) == ("A title", "ExampleX", "One")
    assert sent == ["pre_save", "post_save"]


class TestDeletedAndCreatedAgain:
    """By default, publishing deletes and creates the row."""

    def test_sends_the_signals_of_both(self, published):
        with signals_of_course_overviews() as sent:
            publish_course(COURSE)
        assert sent == ["pre_delete", "post_delete", "pre_save", "post_save"]
        assert list(CourseOverview.history.values_list("history_type", flat=True)) == ["+", "-", "+"]

    def test_keeps_other_fields_but_not_the_marketing_url(self, published):
        row = publish_course(COURSE, self_paced=True)
        assert (row.display_name, row.self_paced, row.marketing_url) == ("One", True, None)
        assert row.created > published.created

    def test_keeps_the_enrollments(self, published):
        enrollment = CourseEnrollmentFactory(course_id=COURSE, course=None)
        publish_course(COURSE)
        assert CourseEnrollment.objects.get(course__display_name="One") == enrollment

    def test_keeps_the_row_if_it_cannot_be_created(self, published):
        with pytest.raises(ValidationError):
            publish_course(COURSE, start="no date")
        assert CourseOverview.objects.get(pk=COURSE).marketing_url == MARKETING_URL


def test_update_in_place_keeps_the_row_and_the_marketing_url(published, settings):
    settings.COURSE_OVERVIEW_UPDATE_IN_PLACE = True
    with signals_of_course_overviews() as sent:
        row = publish_course(COURSE, display_name="Two")
    assert sent == ["pre_save", "post_save"]
    assert (row.display_name, row.marketing_url) == ("Two", MARKETING_URL)
    assert row.created == published.created


@pytest.mark.parametrize("field", ["marketing_url", "id", "created", "modified", "unheard_of"])
def test_field_that_the_modulestore_does_not_have_is_refused(field):
    with pytest.raises(TypeError, match=field):
        publish_course(COURSE, **{field: "value"})


def test_command_publishes_and_prints_the_marketing_url(published):
    out = StringIO()
    call_command("publish_course", COURSE, display_name="Two", stdout=out)
    assert CourseOverview.objects.get(pk=COURSE).display_name == "Two"
    assert "Its marketing URL: none" in out.getvalue()


def test_command_refuses_an_invalid_course_key():
    with pytest.raises(CommandError, match="not a course key"):
        call_command("publish_course", "nonsense")
