"""What the pages of this app in Django admin share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog_sync import api, conf
from catalog_sync.admin.paginator import NearPaginator
from catalog_sync.exceptions import SyncNotStarted
from catalog_sync.marketing_urls import marketing_url_fault
from catalog_sync.operations import overview

if TYPE_CHECKING:
    from catalog_sync.catalog_client import CatalogAccess

RUN_PERMISSION = "catalog_sync.run_sync"
VIEW_RUNS_PERMISSION = "catalog_sync.view_syncrun"
VIEW_COURSES_PERMISSION = "catalog_sync.view_catalogcourserun"


# The values of Authentication, which web processes do not import.
_AUTHENTICATION: dict[str, Any] = {
    "session factory": _("session factory"),
    "OAuth2 client credentials": _("OAuth2 client credentials"),
    "JWT signed by the LMS": _("JWT signed by the LMS"),
    "none": _("none"),
}


def access_facts(access: CatalogAccess) -> dict[str, str]:
    """Return where a Catalog is and how the LMS authenticates to it, in the language of the page."""
    authentication = f"{_AUTHENTICATION[access.authentication]} {access.factory}".rstrip()
    return {**access.facts(), "authentication": authentication}


def chosen_catalog(request: HttpRequest) -> str:
    """Return the name of the Catalog that the page shows: the one in the request, else the first."""
    names = conf.catalog_names()
    requested = request.POST.get("catalog") or request.GET.get("catalog") or ""
    return requested if requested in names else names[0]


def with_catalog(names: Sequence[Any]) -> tuple[Any, ...]:
    """Return the columns with the Catalog in the second place, if there are several."""
    return (*names[:1], "catalog", *names[1:]) if conf.has_several_catalogs() else tuple(names)


def start_sync(request: HttpRequest, success: Any, **options: Any) -> bool:
    """Hand a sync to a Celery worker, show the result as a message, and return whether it was handed over."""
    try:
        api.start_sync(user_id=request.user.pk, **options)
    except SyncNotStarted as error:
        messages.warning(request, str(error))
        return False
    messages.success(request, success)
    return True


def local_time(value: datetime | None) -> str:
    """Return a time with seconds and time zone, as all pages show it."""
    return date_format(localtime(value), "Y-m-d H:i:s T") if value else "-"


def column(
    field: str, description: Any, shown: Callable[[Any], Any] = lambda value: value
) -> Callable[..., Any]:
    """Return a method of an admin that shows a field with another description, or in another form."""

    @admin.display(description=description, ordering=field)
    def method(self: admin.ModelAdmin, row: Any) -> Any:
        return shown(getattr(row, field))

    return method


def linked(url: str | None) -> str:
    """Return a URL as a link; return any other text as it is, because another tool may have written it."""
    if not url or marketing_url_fault(url):
        return url or "-"
    return format_html('<a href="{0}" rel="noreferrer">{0}</a>', url)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that users can view but not change, except with the buttons and pages of this app."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def own_url(
        self, route: str, view: Callable[..., HttpResponseBase], *permissions: str, posted: bool = False
    ) -> URLPattern:
        """Return the URL of a view for users with all these permissions. Its name is that of the view.

        ``ATOMIC_REQUESTS`` does not apply to it: a worker must see a requested sync as soon as it gets the task, and a
        pin is refused within a longer transaction.
        """

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        name = f"{self.opts.app_label}_{self.opts.model_name}_{view.__name__.removesuffix('_view')}"
        allowed = self.admin_site.admin_view(require_POST(guarded) if posted else guarded)
        return path(route, transaction.non_atomic_requests(allowed), name=name)


class WithBanner(admin.ModelAdmin):
    """A list with the health of the sync above it, which links to the overview."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # PostgreSQL refuses NUL, and Django's filters do not. As for other invalid values, show the list unfiltered.
        if "%00" in request.GET.urlencode():
            return redirect(f"{request.path}?{ERROR_FLAG}=1")
        banner = overview.summary() if request.user.has_perm(VIEW_RUNS_PERMISSION) else None
        context = {"title": capfirst(self.opts.verbose_name_plural), "overview_summary": banner}
        response: HttpResponse = super().changelist_view(request, {**context, **(extra_context or {})})
        return response


class CatalogFilter(admin.SimpleListFilter):
    """Filters by Catalog. The choices come from the settings, not from a query."""

    title, parameter_name = _("Catalog"), "catalog"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Django shows no filter without choices.
        return [(name, name) for name in conf.catalog_names()] if conf.has_several_catalogs() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(catalog=self.value()) if self.value() else queryset


class ReadOnlyList(WithBanner, ReadOnlyAdmin):
    """A list of such rows. The whole table is never counted: it can have a million rows."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Paginator:
        page = request.GET.get("p", "")
        return NearPaginator(*args, **kwargs, current_page=int(page[:9]) if page.isdecimal() else 1)
