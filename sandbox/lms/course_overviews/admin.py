"""Course overviews in Django admin."""

from django.contrib import admin

from sandbox.lms.course_overviews.models import CourseOverview


@admin.register(CourseOverview)
class CourseOverviewAdmin(admin.ModelAdmin):
    list_display = ["id", "display_name", "marketing_url", "social_sharing_url", "modified"]
    list_filter = ["mobile_available", "self_paced"]
    search_fields = ["id", "display_name"]
