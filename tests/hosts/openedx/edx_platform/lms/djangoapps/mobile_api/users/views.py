"""The mobile enrollment API, reduced to the structure of the replies and ``course_about``."""

from common.djangoapps.student.models import CourseEnrollment
from common.djangoapps.util.course import get_link_for_about_page
from django.http import JsonResponse


def course_enrollments(request, api_version, username):
    enrollments = CourseEnrollment.objects.filter(user__username=username, is_active=True)
    listed = [
        {"course": {"id": str(each.course_id), "course_about": get_link_for_about_page(each.course)}}
        for each in enrollments.select_related("course").order_by("-pk")
    ]
    match api_version:
        case "v0.5" | "v1":
            return JsonResponse(listed, safe=False)
        case "v2":
            return JsonResponse({"enrollments": listed})
        case "v3":
            return JsonResponse({"enrollments": {"results": listed}})
        case _:
            return JsonResponse({"enrollments": {"results": listed[1:]}, "primary": listed[0]})
