"""The URLs of the sandbox LMS."""

from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import include, path, re_path
from edx_django_utils.plugins import get_plugin_url_patterns

from sandbox.lms.course_overviews.views import about_course, course_image
from sandbox.lms.mobile_api.tokens import access_token

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/mobile/", include("sandbox.lms.mobile_api.urls")),
    re_path(rf"^courses/{settings.COURSE_ID_PATTERN}/about$", about_course, name="about_course"),
    path("asset/<path:course_id>/course_image.jpg", course_image),
    path("oauth2/access_token", access_token),
    # The admin's style sheets: there is neither a web server nor DEBUG.
    path("static/<path:path>", serve, {"insecure": True}),
    *get_plugin_url_patterns(settings.PROJECT_TYPE),
]
