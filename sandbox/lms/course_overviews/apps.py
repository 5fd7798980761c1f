"""The configuration of the course_overviews app."""

from django.apps import AppConfig


class CourseOverviewsConfig(AppConfig):
    name = "sandbox.lms.course_overviews"
    label = "course_overviews"
    verbose_name = "Course overviews"
