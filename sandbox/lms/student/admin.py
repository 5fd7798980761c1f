"""Enrollments in Django admin."""

from django.contrib import admin

from sandbox.lms.student.models import CourseEnrollment


@admin.register(CourseEnrollment)
class CourseEnrollmentAdmin(admin.ModelAdmin):
    list_display = ["user", "course_id", "mode", "is_active", "created"]
    list_filter = ["mode", "is_active"]
    list_select_related = ["user"]
    raw_id_fields = ["user", "course"]
    search_fields = ["user__username", "course__id"]
