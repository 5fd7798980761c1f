"""The tables: stored course runs, pinned marketing URLs, sync runs, and the configuration in Django admin."""

from __future__ import annotations

from typing import Any

from config_models.models import ConfigurationModel
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.fields import CaseSensitiveCharField

MAX_PAGE_SIZE = 10_000
MAX_CONCURRENCY = 16
# A century. Python cannot calculate much earlier dates.
MAX_KEEP_RUNS_DAYS = 36_500
MAX_BYPASS_CACHE_HOURS = 24 * MAX_KEEP_RUNS_DAYS
PAGE_SIZE_REFUSAL = _(
    "The page size %(show_value)s is too large. Enter at most 10,000, or 0 to choose the page size automatically. A "
    "larger page would keep a worker of the Catalog busy for more than half a minute."
)


def _catalog_field(help_text: Any) -> models.CharField:
    # Also a default of the database, so that rows can be inserted without the column.
    return models.CharField(
        max_length=32, default=conf.DEFAULT_CATALOG, db_default=conf.DEFAULT_CATALOG, help_text=help_text
    )


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

    course_key = CaseSensitiveCharField(max_length=255)
    catalog = _catalog_field(_("The Catalog that lists it."))
    status = models.CharField(max_length=32, blank=True, default="")
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

    course_key = CaseSensitiveCharField(max_length=255, unique=True)
    url = models.TextField()
    reason = models.TextField(blank=True, default="", help_text=_("Why the URL is pinned."))
    previous_url = models.TextField(null=True, blank=True, editable=False)
    pinned_by = models.ForeignKey(
        conf.user_model(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    pinned_at = models.DateTimeField()

    class Meta:
        verbose_name = _("pinned marketing URL")
        verbose_name_plural = _("pinned marketing URLs")
        permissions = [("pin_marketing_url", _("Can pin marketing URLs"))]

    def __str__(self) -> str:
        return str(self.course_key)


class SyncRun(models.Model):
    """One sync run: its numbers and, while it is running, the lease that prevents a second one.

    ``lease`` is the name of the Catalog. It is unique, and null after the end, so the database allows one running sync
    per Catalog. The process renews ``heartbeat`` with each transaction; see ``catalog_sync.store.lease``.

    .. no_pii:
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        INCOMPLETE = "incomplete", _("incomplete")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")
        CANCELED = "canceled", _("canceled")
        SKIPPED = "skipped", _("skipped")

    class Scope(models.TextChoices):
        ALL = "all", _("full sync")
        CHANGED = "changed", _("incremental sync")
        COURSE_KEYS = "course_keys", _("single courses")

    catalog = _catalog_field(_("The Catalog that it reads."))
    scope = models.CharField(max_length=16, choices=Scope.choices, default=Scope.ALL)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.RUNNING)
    lease = models.CharField(max_length=64, unique=True, null=True, editable=False)
    holder = models.CharField(max_length=255, help_text=_("The host and the process that run it."))
    started = models.DateTimeField(auto_now_add=True, db_index=True)
    heartbeat = models.DateTimeField(db_default=Now())
    finished = models.DateTimeField(null=True)
    message = models.TextField(blank=True, default="", help_text=_("The error and its remedy."))
    log_lines = models.TextField(
        blank=True, default="", help_text=_("The first warnings and errors that the sync run logged.")
    )
    cancel_requested = models.BooleanField(
        default=False, help_text=_("If set while the sync run is running, it ends after the current page.")
    )

    dry_run = models.BooleanField(default=False)
    bypassed_cache = models.BooleanField(
        default=False, help_text=_("The sync run bypassed the Catalog's reply cache.")
    )
    page_size = models.PositiveIntegerField(default=0)
    concurrency = models.PositiveIntegerField(default=0)
    duration_seconds = models.FloatField(default=0)
    seconds_per_page = models.FloatField(
        default=0, help_text=_("The median time of the requests for the list.")
    )
    pages = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    retries = models.PositiveIntegerField(default=0)
    catalog_count = models.PositiveIntegerField(default=0)
    course_runs_retrieved = models.PositiveIntegerField(default=0)
    course_runs_rejected = models.PositiveIntegerField(default=0)
    course_overviews = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    not_in_lms = models.PositiveIntegerField(default=0)
    not_in_catalog = models.PositiveIntegerField(default=0)
    in_other_catalogs = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text=_(
            "Course runs for which another Catalog has a marketing URL, too. The first-named Catalog has priority."
        ),
    )
    of_other_orgs = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text=_("Course runs that were ignored because of their organization."),
    )
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        permissions = [
            ("run_sync", _("Can start and cancel a sync")),
            ("allow_removals", _("Can allow the removals that a sync run refused")),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.get_status_display()})"


class CatalogOverview(SyncRun):
    """Adds the overview to the index of Django admin. It has no table of its own.

    .. no_pii:
    """

    class Meta:
        proxy = True
        # The permission to view sync runs applies.
        default_permissions = ()
        verbose_name = verbose_name_plural = _("Catalog overview")


class SyncRunChange(models.Model):
    """One change that a sync run made. Each worker of a sync run stores at most 1,000 per kind.

    A dry run stores what it would have changed. A refused sync run also stores the removals that it refused.

    .. no_pii:
    """

    class Kind(models.TextChoices):
        CHANGED = "changed", _("changed")
        REMOVED = "removed", _("removed")
        REJECTED = "rejected", _("rejected")

    sync_run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # The key of a rejected record may be any text.
    course_key = CaseSensitiveCharField(max_length=255)
    old = models.TextField(null=True, blank=True, help_text=_("The marketing URL before."))
    new = models.TextField(null=True, blank=True, help_text=_("The marketing URL after; the rejected one."))
    reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = [models.Index(fields=["sync_run", "kind"], name="catalog_sync_change_kind")]

    def __str__(self) -> str:
        return f"{self.course_key} ({self.get_kind_display()})"


class SyncRequest(models.Model):
    """A sync that a user requested in Django admin. The Celery task deletes the row when a worker starts it.

    ``requested_by`` refers to a user; no data of the user is copied.

    .. no_pii:
    """

    requested = models.DateTimeField(auto_now_add=True)
    requested_by = models.ForeignKey(
        conf.user_model(), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    command = models.TextField(help_text=_("The command that does the same from a shell."))

    class Meta:
        verbose_name = _("requested sync")
        verbose_name_plural = _("requested syncs")

    def __str__(self) -> str:
        return str(self.command)


class CatalogSyncConfig(ConfigurationModel):
    """The configuration of a Catalog's sync, which operators edit in Django admin. Without a row the defaults apply.

    .. no_pii:
    """

    catalog = _catalog_field(_("The Catalog to which this configuration applies."))
    enabled = models.BooleanField(
        default=True,
        verbose_name=_("Enabled"),
        help_text=_("If unchecked, the sync is disabled: it does nothing and exits with 0."),
    )
    page_size = models.PositiveIntegerField(
        default=500,
        validators=[MaxValueValidator(MAX_PAGE_SIZE, PAGE_SIZE_REFUSAL)],
        help_text=_(
            "Course runs per request, 1 to 10,000; 0 chooses automatically. An ordinary Catalog user has 200 requests "
            "per hour."
        ),
    )
    concurrency = models.PositiveIntegerField(
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CONCURRENCY)],
        help_text=_(
            "Requests in parallel, 1 to 16. A small Catalog has two workers, and others use it, too."
        ),
    )
    request_timeout_seconds = models.PositiveIntegerField(
        default=30,
        validators=[MinValueValidator(1)],
        help_text=_("The longest time that one request may take."),
    )
    retry_deadline_seconds = models.PositiveIntegerField(
        default=300,
        help_text=_(
            "The longest time that a sync run may spend on failed requests and on waiting; 0: no retries."
        ),
    )
    max_removal_percent = models.PositiveIntegerField(
        default=10,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "A sync run that would remove more than this share of the marketing URLs, and more than ten, removes none."
        ),
    )
    bypass_cache_hours = models.PositiveIntegerField(
        default=24,
        validators=[MaxValueValidator(MAX_BYPASS_CACHE_HOURS)],
        help_text=_(
            "A full sync bypasses the Catalog's reply cache if none has for this many hours, because the Catalog may "
            "keep an old URL in it indefinitely. 0: never."
        ),
    )
    keep_runs_days = models.PositiveIntegerField(
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
