"""The configuration page with the cost of page sizes, and the list of its past changes."""

from __future__ import annotations

import json
from typing import Any

from config_models.admin import ConfigurationModelAdmin
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet, Window
from django.db.models.functions import Lag
from django.forms import ChoiceField, model_to_dict
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_sync import api, conf, quota
from catalog_sync.admin.base import CatalogFilter, WithBanner, access_facts, chosen_catalog, with_catalog
from catalog_sync.admin.config_form import TUNED, ConfigForm, differences
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.operations import costs as page_size_costs
from catalog_sync.store.sync_runs import catalog_size


@admin.register(CatalogSyncConfig)
class CatalogSyncConfigAdmin(WithBanner, ConfigurationModelAdmin):
    """Each change is a new row; the newest row is used."""

    form = ConfigForm
    fields = TUNED
    # The newest row is first even if a clock was wrong.
    ordering = ("-pk",)
    list_filter = (CatalogFilter,)
    # By default, Django joins only foreign keys that are not nullable.
    list_select_related = ("changed_by",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        # A row has no space for all fields.
        return with_catalog(
            ("change_date", "state", "changed_by", "what_changed", "enabled", "page_size", "concurrency")
        )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # The base class lets everyone who may view the list revert.
        actions: dict[str, Any] = super().get_actions(request) if self.has_add_permission(request) else {}
        return actions

    def get_queryset(self, request: HttpRequest) -> QuerySet[CatalogSyncConfig]:
        before: dict[str, Any] = {
            f"before_{name}": Window(Lag(name), partition_by="catalog", order_by="pk") for name in TUNED
        }
        newer = CatalogSyncConfig.objects.filter(catalog=OuterRef("catalog"), pk__gt=OuterRef("pk"))
        rows: QuerySet[CatalogSyncConfig] = (
            super().get_queryset(request).annotate(is_replaced=Exists(newer), **before)
        )
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: CatalogSyncConfig | None = None) -> Any:
        return (*TUNED, "state", "catalog", "changed_by", "change_date") if obj else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: CatalogSyncConfig | None = None) -> Any:
        catalog = ("catalog",) if conf.has_several_catalogs() else ()
        if obj:
            return ("state", "changed_by", "change_date", *catalog, *TUNED)
        enabled, page_size, *others = TUNED
        return (*catalog, enabled, page_size, "confirmed", *others, "based_on")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if field := form.base_fields.get("page_size"):
            cost = _cost_while_typing(chosen_catalog(request))
            field.help_text = format_html("{} {}", field.help_text, cost)
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "catalog":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        choices = [(name, name) for name in conf.catalog_names()]
        return ChoiceField(choices=choices, label=gettext_lazy("Catalog"), help_text=db_field.help_text)

    def save_model(self, request: HttpRequest, obj: CatalogSyncConfig, form: Any, change: bool) -> None:
        # The form has no field for the only Catalog.
        if form is not None and "catalog" not in form.cleaned_data:
            obj.catalog = chosen_catalog(request)
        super().save_model(request, obj, form, change)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        # Not what a link contains: it could fill in "confirmed" and "based_on".
        return model_to_dict(CatalogSyncConfig.current(chosen_catalog(request)))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add the access to the Catalog and the cost of page sizes; fill the form with the current configuration."""
        catalog = chosen_catalog(request)
        current, count = CatalogSyncConfig.current(catalog), catalog_size(catalog)
        access = next((each for each in api.catalog_access() if each.catalog == catalog), None)
        context = {
            "access": access and access_facts(access),
            "catalogs": conf.catalog_names() if conf.has_several_catalogs() else [],
            "chosen_catalog": catalog,
            "costs": page_size_costs.costs(count, current.page_size, catalog) if count else [],
            "course_runs": count,
            "requests_per_hour": quota.REQUESTS_PER_HOUR,
        }
        # Skips ConfigurationModelAdmin.add_view, which supports only one configuration.
        response: HttpResponse = super(ConfigurationModelAdmin, self).add_view(
            request, form_url, context | (extra_context or {})
        )
        return response

    @admin.display(description=gettext_lazy("status"))
    def state(self, row: Any) -> str:
        """Mark the row that the sync uses: the newest one of its Catalog."""
        return _("replaced") if row.is_replaced else format_html("<strong>{}</strong>", _("current"))

    @admin.display(description=gettext_lazy("what changed"))
    def what_changed(self, row: Any) -> str:
        """Return the fields that differ from the previous row, or from the defaults, with both values."""
        before = {name: getattr(row, f"before_{name}") for name in TUNED}
        is_first = before["page_size"] is None
        if is_first:
            before = model_to_dict(CatalogSyncConfig(), TUNED)
        changes = differences(before, model_to_dict(row, TUNED))
        return ", ".join(changes.values()) or (_("the first configuration") if is_first else _("nothing"))


def _cost_while_typing(catalog: str) -> str:
    """Return an element in which a script shows the cost of the page size that the user types."""
    count = catalog_size(catalog)
    if not count:
        return _("After the first full sync, this page shows the cost of each page size.")
    texts = {
        "auto": _("At each sync, the page size is chosen automatically."),
        "cost": _(
            "A full sync of {count} course runs takes {requests} requests, {percent} percent of the hourly quota of "
            "{quota}."
        ),
        "one": _("A full sync takes one request, {percent} percent of the hourly quota of {quota}."),
        "excess": _(
            "That exceeds the quota: an ordinary user cannot finish a sync within an hour. Use a page size of at "
            "least {least}, which leaves room for look-ups."
        ),
        "count": _("Full syncs per hour: {syncs}."),
    }
    values = {"count": count, "quota": quota.REQUESTS_PER_HOUR, "least": quota.least_page_size(count)}
    return format_html(
        '<output id="catalog-sync-cost" for="id_page_size" data-texts="{}" data-values="{}"></output>',
        json.dumps(texts),
        json.dumps(values),
    )
