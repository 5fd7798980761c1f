"""The page that explains the link of one course, and the ways back to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from catalog_sync.admin.base import VIEW_COURSES_PERMISSION, linked
from catalog_sync.models import CatalogCourseRun, PinnedMarketingUrl
from catalog_sync.operations import course_link

COURSE_PAGE = "admin:catalog_sync_catalogoverview_course"


def address_of(query: str) -> str:
    """Return the address of the page for a course key, or for any other text."""
    return f"{reverse(COURSE_PAGE)}?{urlencode({'q': query})}"


def back_to_course(request: HttpRequest, course_key: str) -> HttpResponse:
    """Return to the page that ``next`` names; else to that of the course run, or to the list of pins."""
    target, may_view = request.GET.get("next"), request.user.has_perm(VIEW_COURSES_PERMISSION)
    if target == "link" and may_view:
        return redirect(address_of(course_key))
    row = CatalogCourseRun.objects.filter(course_key=course_key).order_by("pk").first()
    if row and may_view and target != "list":
        return redirect("admin:catalog_sync_catalogcourserun_change", row.pk)
    return redirect("admin:catalog_sync_pinnedmarketingurl_changelist")


def linked_reason(explained: course_link.CourseLink) -> str:
    """Return the reason, with a link from the parent course run of a CCX course to the page about it."""
    before, parent, after = explained.reason.partition(explained.parent or "\0")
    if not parent:
        return before
    return format_html('{}<a href="{}">{}</a>{}', before, address_of(parent), parent, after)


def answer(course_key: str) -> dict[str, Any]:
    """Return the template context for one course."""
    explained = course_link.explain(course_key)
    pins = PinnedMarketingUrl.objects.filter(course_key=course_key).select_related("pinned_by")
    return {
        "answer": explained,
        "link": linked(explained.link),
        "reason": linked_reason(explained),
        "candidates": [(each, linked(each.url)) for each in explained.candidates],
        "pin": pins.first() if explained.is_pinned else None,
        "course_runs": CatalogCourseRun.objects.filter(course_key=course_key).order_by("pk"),
    }
