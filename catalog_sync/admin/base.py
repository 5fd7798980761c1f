"""What the pages of this app's admin have in common."""

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
    """Return the name of the Catalog that the page is about: the one in the address, else the first."""
    names = [each.name for each in conf.catalogs()]
    asked = request.POST.get("catalog") or request.GET.get("catalog") or ""
    return asked if asked in names else names[0]


def with_catalog(names: Sequence[Any]) -> tuple[Any, ...]:
    """Return the columns with the Catalog in the second place, if there are several."""
    return (*names[:1], "catalog", *names[1:]) if conf.has_several_catalogs() else tuple(names)


class CatalogFilter(admin.SimpleListFilter):
    """Only what is of one Catalog. The choices are those that are named: no table is searched for them."""

    title, parameter_name = _("Catalog"), "catalog"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices; without any there is no filter."""
        names = [each.name for each in conf.catalogs()]
        return [(name, name) for name in names] if len(names) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the Catalog that is chosen."""
        return queryset.filter(catalog=self.value()) if self.value() else queryset


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that are not edited by hand: to look at.

    Neither the whole table nor each filter's share of it is counted: it may have tens of thousands of rows.
    """

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Paginator:
        """Count no further than the pages near the one in view."""
        page = request.GET.get("p", "")
        return NearPaginator(*args, **kwargs, page_in_view=int(page[:9]) if page.isdecimal() else 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds one."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes one: without its row a course that is re-created has no marketing URL."""
        return False
