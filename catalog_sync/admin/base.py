"""What the pages of this app in Django admin share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.admin.paginator import NearPaginator
from catalog_sync.marketing_urls import marketing_url_fault
from catalog_sync.operations import overview

if TYPE_CHECKING:
    from catalog_sync.catalog_client.access import CatalogAccess

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


def only_catalog() -> str:
    """Return the name of the only Catalog, or of the first."""
    return conf.catalogs()[0].name


def with_catalog(names: Sequence[Any]) -> tuple[Any, ...]:
    """Return the columns with the Catalog in the second place, if there are several."""
    return (*names[:1], "catalog", *names[1:]) if conf.has_several_catalogs() else tuple(names)


def starts_sync(site: admin.AdminSite, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return a view that starts a sync, for the URLs of the admin.

    ``ATOMIC_REQUESTS`` does not apply to it: a worker must see the requested sync as soon as it gets the task.
    """
    wrapped: Callable[..., HttpResponse] = transaction.non_atomic_requests(site.admin_view(view))
    return wrapped


def linked(url: str | None) -> str:
    """Return a URL as a link; return any other text as it is, because another tool may have written it."""
    if not url or marketing_url_fault(url):
        return url or "-"
    return format_html('<a href="{0}" rel="noreferrer">{0}</a>', url)


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


class ReadOnlyAdmin(WithBanner):
    """Rows that users can view but not change.

    The whole table is never counted: it can have a million rows.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Paginator:
        page = request.GET.get("p", "")
        return NearPaginator(*args, **kwargs, current_page=int(page[:9]) if page.isdecimal() else 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
