"""The LMS's own page about a course."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from sandbox.lms.course_overviews.models import CourseOverview


def about_course(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show a course to visitors; 404 for a course that the LMS does not have."""
    try:
        course_key = CourseKey.from_string(course_id)
    except InvalidKeyError as error:
        raise Http404("Not a course key") from error
    course_overview = get_object_or_404(CourseOverview, pk=course_key)
    return render(request, "course_overviews/about_course.html", {"course_overview": course_overview})
