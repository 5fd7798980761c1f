from course_overviews.views import about_course, enrollments
from django.contrib import admin
from django.urls import path
from edx_django_utils.plugins import get_plugin_url_patterns

urlpatterns = [
    path("admin/", admin.site.urls),
    path("courses/<path:course_id>/about", about_course, name="about_course"),
    path("api/enrollments", enrollments),
    *get_plugin_url_patterns("lms.djangoapp"),
]
