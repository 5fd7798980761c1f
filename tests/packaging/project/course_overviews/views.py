from django.http import HttpResponse, JsonResponse

from catalog_sync.api import get_lms_link_for_about_page
from course_overviews.models import CourseOverview


def about_course(request, course_id):
    return HttpResponse(course_id)


def enrollments(request):
    courses = [
        {"id": str(row.id), "course_about": get_lms_link_for_about_page(row)}
        for row in CourseOverview.objects.order_by("id")
    ]
    return JsonResponse({"results": [{"course": course} for course in courses]})
