"""The LMS's own page about a course, and its image."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.html import escape
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


def course_image(request: HttpRequest, course_id: str) -> HttpResponse:
    """Return an image with the text of the course key. Its color depends on the key, so that courses look different."""
    color = f"hsl({sum(course_id.encode()) % 360} 45% 40%)"
    image = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 378 225">'
        f'<rect width="378" height="225" fill="{color}"/>'
        '<text x="189" y="118" text-anchor="middle" font-family="sans-serif" font-size="15" fill="white">'
        f"{escape(course_id)}</text></svg>"
    )
    return HttpResponse(image, content_type="image/svg+xml")
