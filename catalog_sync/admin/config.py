"""The page on which operators tune the sync, with what a page size costs; its list is the history of who did what."""

from __future__ import annotations

from typing import Any

from config_models.admin import ConfigurationModelAdmin
from django.contrib import admin
from django.db.models import F, QuerySet, Window
from django.db.models.functions import Lag
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_sync import quota
from catalog_sync.models import CatalogSyncConfig

TUNED = (
    "enabled",
    "page_size",
    "concurrency",
    "request_timeout_seconds",
    "retry_deadline_seconds",
    "max_removal_percent",
    "keep_runs_days",
)


@admin.register(CatalogSyncConfig)
class CatalogSyncConfigAdmin(ConfigurationModelAdmin):
    """Each change is a row of its own; the newest is in force."""

    fields = TUNED
    # Named, since Django follows of itself only what cannot be null.
    list_select_related = ("changed_by",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Begin with who changed what and when."""
        return ("change_date", "changed_by", "what_changed", *TUNED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CatalogSyncConfig]:
        """Put what each row replaced beside it."""
        in_order = (F("change_date").asc(), F("pk").asc())
        before: dict[str, Any] = {f"before_{name}": Window(Lag(name), order_by=in_order) for name in TUNED}
        rows: QuerySet[CatalogSyncConfig] = super().get_queryset(request).annotate(**before)
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: CatalogSyncConfig | None = None) -> Any:
        """Say on the page of an old row who made it, too."""
        return (*TUNED, "changed_by", "change_date") if obj else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: CatalogSyncConfig | None = None) -> Any:
        """Show who made a row, where there is one."""
        return ("changed_by", "change_date", *TUNED) if obj else TUNED

    def get_form(self, request: HttpRequest, obj: CatalogSyncConfig | None = None, **kwargs: Any) -> Any:
        """Have the help text say what a page size costs with this Catalog."""
        form = super().get_form(request, obj, **kwargs)
        if field := form.base_fields.get("page_size"):
            field.help_text = f"{field.help_text} {_page_size_facts()}"
        return form

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what page sizes cost, above the form."""
        count = quota.catalog_size()
        costs = (
            [_row(cost) for cost in quota.costs(count, CatalogSyncConfig.current().page_size)]
            if count
            else []
        )
        context = {"costs": costs, "catalog_size": f"{count:,}", "requests_an_hour": quota.REQUESTS_AN_HOUR}
        response: HttpResponse = super().add_view(request, form_url, context | (extra_context or {}))
        return response

    @admin.display(description=gettext_lazy("what changed"))
    def what_changed(self, row: Any) -> str:
        """The settings that differ from the row before, each with both values."""
        before = {name: getattr(row, f"before_{name}") for name in TUNED}
        if before["page_size"] is None:
            return _("the first configuration")
        changes = [
            f"{self.model._meta.get_field(name).verbose_name}: {_shown(old)} → {_shown(getattr(row, name))}"
            for name, old in before.items()
            if old != getattr(row, name)
        ]
        return ", ".join(changes) or _("nothing")


def _shown(value: object) -> str:
    return (_("on") if value else _("off")) if isinstance(value, bool) else f"{value:,}"


def _row(cost: quota.Cost) -> dict[str, Any]:
    return {
        "page_size": f"{cost.page_size:,}",
        "requests": f"{cost.requests:,}",
        "syncs_an_hour": cost.syncs_an_hour,
        "seconds": "-" if cost.seconds is None else f"{cost.seconds:,.1f}",
        "in_force": cost.in_force,
    }


def _page_size_facts() -> str:
    count = quota.catalog_size()
    if not count:
        return _(
            "Once a sync has seen how many course runs the Catalog has, this page says what a page size costs."
        )
    page_size = CatalogSyncConfig.current().page_size
    least = _("From page size %(least)s on, a sync fits into an hour's quota.") % {
        "least": f"{quota.least_page_size(count):,}"
    }
    if not page_size:
        return least
    requests = quota.requests_for(count, page_size)
    return (
        _(
            "The Catalog has %(count)s course runs: at %(page_size)s a page that is %(requests)s requests a sync."
        )
        % {"count": f"{count:,}", "page_size": f"{page_size:,}", "requests": f"{requests:,}"}
        + f" {least}"
    )
