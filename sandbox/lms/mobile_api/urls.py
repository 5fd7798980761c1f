"""The URLs of the Mobile enrollment API."""

from django.urls import path

from sandbox.lms.mobile_api import views

VERSIONS = {
    "v0.5": views.EnrollmentsV05,
    "v1": views.EnrollmentsV1,
    "v2": views.EnrollmentsV2,
    "v3": views.EnrollmentsV3,
    "v4": views.EnrollmentsV4,
}

app_name = "mobile_api"
urlpatterns = [
    path(f"{version}/users/<str:username>/course_enrollments/", view.as_view(), name=f"enrollments_{version}")
    for version, view in VERSIONS.items()
]
