"""The tables of the stored course runs and of the pinned marketing URLs, and the column of a host's course overview."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.fields import CaseSensitiveCharField, catalog_field


class MarketingUrlMixin(models.Model):
    """Gives a host's course overview its ``marketing_url`` column, as edx-platform defines it."""

    marketing_url = models.TextField(null=True, blank=True)

    class Meta:
        abstract = True


class CatalogCourseRun(models.Model):
    """The data of a course run, as one Catalog last listed it. Each Catalog that lists the course run has its own row.

    The LMS may delete and create a course overview at any time. This row stays, and the course overview gets its
    marketing URL from here when it is saved. Only syncs of its Catalog write the row. ``catalog_sync.store.precedence``
    decides which Catalog's values are published.

    ``marketing_url`` is null unless it is usable. A sync removes the URL, or deletes the row, only after a look-up of
    this course key.

    .. no_pii:
    """

    course_key = CaseSensitiveCharField(_("course key"), max_length=255)
    catalog = catalog_field(_("The Catalog that lists it."))
    status = models.CharField(_("status"), max_length=32, blank=True, default="")
    marketing_url = models.TextField(null=True, blank=True)
    eligible_for_financial_aid = models.BooleanField(null=True, blank=True)
    content_language = models.CharField(max_length=255, null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("course run")
        verbose_name_plural = _("course runs")
        # In this order, the index also serves queries by course key alone.
        constraints = [
            models.UniqueConstraint(fields=["course_key", "catalog"], name="catalog_sync_one_row_per_catalog")
        ]

    def __str__(self) -> str:
        return str(self.course_key)


class PinnedMarketingUrl(models.Model):
    """A marketing URL that an operator has set by hand. It overrides the Catalogs until the operator removes it.

    ``previous_url`` is the URL that another tool had set on the course overview before. See
    ``catalog_sync.store.pins``. ``pinned_by`` refers to a user; no data of the user is copied.

    .. no_pii:
    """

    course_key = CaseSensitiveCharField(_("course key"), max_length=255, unique=True)
    url = models.TextField()
    reason = models.TextField(_("reason"), blank=True, default="", help_text=_("Why the URL is pinned."))
    previous_url = models.TextField(null=True, blank=True, editable=False)
    pinned_by = models.ForeignKey(
        conf.user_model(),
        verbose_name=_("pinned by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    pinned_at = models.DateTimeField(_("pinned at"))

    class Meta:
        verbose_name = _("pinned marketing URL")
        verbose_name_plural = _("pinned marketing URLs")
        permissions = [("pin_marketing_url", _("Can pin marketing URLs"))]

    def __str__(self) -> str:
        return str(self.course_key)
