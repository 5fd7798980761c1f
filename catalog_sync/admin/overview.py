"""The overview of the sync, and the page that explains the link of one course."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from catalog_sync import api, conf
from catalog_sync.admin import run_control
from catalog_sync.admin.base import (
    RUN_PERMISSION,
    VIEW_COURSES_PERMISSION,
    VIEW_RUNS_PERMISSION,
    ReadOnlyAdmin,
    access_facts,
    start_sync,
)
from catalog_sync.admin.course_link import answer, back_to_course
from catalog_sync.admin.pins import may_pin
from catalog_sync.exceptions import UsageError
from catalog_sync.models import CatalogOverview
from catalog_sync.operations import arguments, course_link, overview

HANDED_OVER = _(
    "The sync was handed to Celery. If no worker takes it within a minute, this page shows what to check."
)
UNKNOWN = _(
    "No sync was started: neither the LMS nor a stored course run has this course key. Check it. If the course is "
    "new in the Catalog, run manage.py lms update_catalog_data --course-key %(key)s"
)


@admin.register(CatalogOverview)
class CatalogOverviewAdmin(ReadOnlyAdmin):
    """The overview in place of a list. There are no rows."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(VIEW_RUNS_PERMISSION)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own_url("", self.changelist_view, VIEW_RUNS_PERMISSION),
            self.own_url("course/", self.course_view, VIEW_COURSES_PERMISSION),
            self.own_url(
                "course/sync/", self.sync_view, RUN_PERMISSION, VIEW_COURSES_PERMISSION, posted=True
            ),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        access = map(access_facts, api.catalog_access())
        context = {
            "title": self.opts.verbose_name,
            "is_new": overview.is_new(),
            "catalogs": list(zip(overview.states(), access, strict=True)),
            "courses": overview.count_courses(),
            "stale_after_hours": conf.stale_after_hours(),
        }
        return self._page(request, "overview.html", context | run_control.sync_context(request))

    def course_view(self, request: HttpRequest) -> HttpResponse:
        """Explain the link of the course that the user searched for, even if neither the LMS nor a Catalog has it."""
        query = request.GET.get("q", "").strip()
        context: dict[str, Any] = {"title": _("Why does a learner get this link?"), "query": query}
        context |= run_control.course_context(request)
        try:
            course_key = arguments.course_key_in(query) if query else ""
        except UsageError as error:
            return self._page(request, "course_link.html", context | {"error": str(error)})
        return self._page(request, "course_link.html", context | (answer(course_key) if course_key else {}))

    def sync_view(self, request: HttpRequest) -> HttpResponse:
        """Start a sync of one course in a Celery worker. This process sends no request to the Catalog."""
        course_key = request.POST.get("course_key", "")
        try:
            is_known = course_link.is_known(arguments.course_key(course_key))
        except UsageError as error:
            messages.warning(request, str(error))
        else:
            if is_known:
                start_sync(request, HANDED_OVER, course_keys=[course_key])
            else:
                messages.warning(request, UNKNOWN % {"key": course_key})
        return back_to_course(request, course_key)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        may = {
            "may_search": request.user.has_perm(VIEW_COURSES_PERMISSION),
            "may_view_runs": request.user.has_perm(VIEW_RUNS_PERMISSION),
            "may_sync": request.user.has_perm(RUN_PERMISSION),
            "may_pin": may_pin(request),
        }
        site = self.admin_site.each_context(request)
        return TemplateResponse(
            request, f"admin/catalog_sync/{template}", {**site, "opts": self.opts, **may, **context}
        )
