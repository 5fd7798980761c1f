"""The overview of the sync, and the page that explains the link of one course."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog_sync import api, conf
from catalog_sync.admin.base import (
    RUN_PERMISSION,
    VIEW_COURSES_PERMISSION,
    VIEW_RUNS_PERMISSION,
    access_facts,
    starts_sync,
)
from catalog_sync.admin.course_link import address_of, answer
from catalog_sync.admin.pins import may_pin
from catalog_sync.admin.run_control import HANDED_OVER, RunControl
from catalog_sync.exceptions import SyncNotStarted, UsageError
from catalog_sync.models import CatalogOverview
from catalog_sync.operations import arguments, course_link, overview


@admin.register(CatalogOverview)
class CatalogOverviewAdmin(admin.ModelAdmin):
    """The overview in place of a list. There are no rows."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(VIEW_RUNS_PERMISSION)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name, guard = "catalog_sync_catalogoverview_{}", self.admin_site.admin_view
        return [
            path("", guard(self.changelist_view), name=name.format("changelist")),
            path("course/", guard(self.course_view), name=name.format("course")),
            path(
                "course/sync/",
                starts_sync(self.admin_site, require_POST(self.sync_view)),
                name=name.format("sync"),
            ),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        access = {each.catalog: access_facts(each) for each in api.catalog_access()}
        states, courses = overview.states(), overview.count_courses()
        context = {
            "title": self.opts.verbose_name,
            "is_new": overview.is_new(),
            "states": [
                {"catalog": name, "state": state, "access": facts, "rejected": _rejected(state)}
                for state, (name, facts) in zip(states, access.items(), strict=True)
            ],
            "courses": courses,
            "counted": {"courses": f"{courses.courses:,}", "with_url": f"{courses.with_url:,}"},
            "stale_after_hours": f"{conf.stale_after_hours():g}",
        }
        return self._page(request, "overview.html", context | RunControl(self).context(request))

    def course_view(self, request: HttpRequest) -> HttpResponse:
        """Explain the link of the course that the user searched for, even if neither the LMS nor a Catalog has it."""
        if not request.user.has_perm(VIEW_COURSES_PERMISSION):
            raise PermissionDenied
        query = request.GET.get("q", "").strip()
        context: dict[str, Any] = {"title": _("Why does a learner get this link?"), "query": query}
        context |= RunControl(self).course_context(request)
        try:
            course_key = arguments.course_key_in(query) if query else ""
        except UsageError as error:
            return self._page(request, "course_link.html", context | {"error": str(error)})
        return self._page(request, "course_link.html", context | (answer(course_key) if course_key else {}))

    def sync_view(self, request: HttpRequest) -> HttpResponse:
        """Start a sync of one course in a Celery worker. This process sends no request to the Catalog."""
        if not (request.user.has_perm(RUN_PERMISSION) and request.user.has_perm(VIEW_COURSES_PERMISSION)):
            raise PermissionDenied
        course_key = request.POST.get("course_key", "")
        try:
            if not course_link.is_known(arguments.course_key(course_key)):
                raise SyncNotStarted(_unknown(course_key))
            api.start_sync(course_keys=[course_key], user_id=request.user.pk)
        except (SyncNotStarted, UsageError) as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            self.message_user(request, HANDED_OVER, messages.SUCCESS)
        return redirect(address_of(course_key))

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


def _rejected(state: overview.CatalogState) -> str:
    return f"{state.health.rejections.number:,}" if state.health.rejections else ""


def _unknown(course_key: str) -> str:
    text = _(
        "No sync was started: neither the LMS nor a stored course run has this course key. Check it. If the course is "
        "new in the Catalog, run manage.py lms update_catalog_data --course-key %(key)s"
    )
    return text % {"key": course_key}
