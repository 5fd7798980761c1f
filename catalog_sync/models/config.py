"""The configuration of a sync, which operators edit in Django admin."""

from __future__ import annotations

from config_models.models import ConfigurationModel
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.fields import catalog_field

MAX_PAGE_SIZE = 10_000
MAX_CONCURRENCY = 16
# A century. Python cannot calculate much earlier dates.
MAX_KEEP_RUNS_DAYS = 36_500
MAX_REQUEST_TIMEOUT_SECONDS = 600
MAX_BYPASS_CACHE_HOURS = 24 * MAX_KEEP_RUNS_DAYS
PAGE_SIZE_REFUSAL = _(
    "The page size %(show_value)s is too large. Enter at most 10,000, or 0 to choose the page size automatically. A "
    "larger page would keep a worker of the Catalog busy for more than half a minute."
)


class CatalogSyncConfig(ConfigurationModel):
    """The configuration of a Catalog's sync, which operators edit in Django admin. Without a row the defaults apply.

    .. no_pii:
    """

    catalog = catalog_field(_("The Catalog to which this configuration applies."))
    enabled = models.BooleanField(
        default=True,
        verbose_name=_("Enabled"),
        help_text=_("If unchecked, the sync is disabled: it does nothing and exits with 0."),
    )
    page_size = models.PositiveIntegerField(
        _("page size"),
        default=500,
        validators=[MaxValueValidator(MAX_PAGE_SIZE, PAGE_SIZE_REFUSAL)],
        help_text=_(
            "Course runs per request, 1 to 10,000; 0 chooses automatically. An ordinary Catalog user has 200 requests "
            "per hour."
        ),
    )
    concurrency = models.PositiveIntegerField(
        _("concurrency"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CONCURRENCY)],
        help_text=_(
            "Requests in parallel, 1 to 16. A small Catalog has two workers, and others use it, too."
        ),
    )
    request_timeout_seconds = models.PositiveIntegerField(
        _("request timeout seconds"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_REQUEST_TIMEOUT_SECONDS)],
        help_text=_("The longest wait for the next reply to any of the parallel requests."),
    )
    retry_deadline_seconds = models.PositiveIntegerField(
        _("retry deadline seconds"),
        default=300,
        help_text=_(
            "The longest time that a sync run may spend on failed requests and on waiting; 0: no retries."
        ),
    )
    max_removal_percent = models.PositiveIntegerField(
        _("max removal percent"),
        default=10,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "A sync run that would remove more than this share of the marketing URLs, and more than ten, removes none."
        ),
    )
    bypass_cache_hours = models.PositiveIntegerField(
        _("bypass cache hours"),
        default=24,
        validators=[MaxValueValidator(MAX_BYPASS_CACHE_HOURS)],
        help_text=_(
            "A full sync bypasses the Catalog's reply cache if none has for this many hours, because the Catalog may "
            "keep an old URL in it indefinitely. 0: never."
        ),
    )
    keep_runs_days = models.PositiveIntegerField(
        _("keep runs days"),
        default=90,
        validators=[MaxValueValidator(MAX_KEEP_RUNS_DAYS)],
        help_text=_(
            "A full sync deletes sync runs that are older, except the last full one that succeeded. 0: it deletes none."
        ),
    )

    # The numbers that a sync run reads.
    NUMBERS = (
        "page_size",
        "concurrency",
        "request_timeout_seconds",
        "retry_deadline_seconds",
        "max_removal_percent",
        "bypass_cache_hours",
        "keep_runs_days",
    )

    class Meta(ConfigurationModel.Meta):
        verbose_name = _("Catalog sync configuration")
        verbose_name_plural = _("Catalog sync configurations")

    def __str__(self) -> str:
        text = (
            _("page size %(page_size)s, concurrency %(concurrency)s")
            if self.enabled
            else _("disabled, page size %(page_size)s, concurrency %(concurrency)s")
        )
        return text % {"page_size": self.page_size, "concurrency": self.concurrency}

    @classmethod
    def current(cls, catalog: str = conf.DEFAULT_CATALOG) -> CatalogSyncConfig:
        """Return the configuration of a Catalog: its newest row, or the defaults.

        It is not cached: a worker would not see a change that another process makes.
        """
        # django-config-models orders by change_date, but the clock may have been wrong when a row was saved.
        rows = cls.objects.filter(catalog=catalog).order_by("-pk")
        return rows.first() or cls(catalog=catalog)
