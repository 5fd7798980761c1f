"""What the pages of this app in Django admin share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.admin.paginator import NearPaginator

RUN_PERMISSION = "catalog_sync.run_sync"


def chosen_catalog(request: HttpRequest) -> str:
    """Return the name of the Catalog that the page shows: the one in the request, else the first."""
    names = [each.name for each in conf.catalogs()]
    requested = request.POST.get("catalog") or request.GET.get("catalog") or ""
    return requested if requested in names else names[0]


def with_catalog(names: Sequence[Any]) -> tuple[Any, ...]:
    """Return the columns with the Catalog in the second place, if there are several."""
    return (*names[:1], "catalog", *names[1:]) if conf.has_several_catalogs() else tuple(names)


class CatalogFilter(admin.SimpleListFilter):
    """Filters by Catalog. The choices come from the settings, not from a query."""

    title, parameter_name = _("Catalog"), "catalog"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Django shows no filter without choices.
        return [(each.name, each.name) for each in conf.catalogs()] if conf.has_several_catalogs() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(catalog=self.value()) if self.value() else queryset


class ReadOnlyAdmin(admin.ModelAdmin):
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
