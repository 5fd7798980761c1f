from django.contrib import admin
from django.http import HttpResponse
from django.urls import path
from edx_django_utils.plugins import get_plugin_url_patterns
from lms.djangoapps.mobile_api.users.views import course_enrollments

urlpatterns = [
    path("admin/", admin.site.urls),
    path("courses/<path:course_id>/about", lambda request, course_id: HttpResponse(), name="about_course"),
    path("api/mobile/<api_version>/users/<username>/course_enrollments/", course_enrollments),
    *get_plugin_url_patterns("lms.djangoapp"),
]
