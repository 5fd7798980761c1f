"""The tables of the sync runs, of what they changed, and of the syncs that users have requested."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from catalog_sync import conf
from catalog_sync.fields import CaseSensitiveCharField, catalog_field


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

    catalog = catalog_field(_("The Catalog that it reads."))
    scope = models.CharField(_("scope"), max_length=16, choices=Scope.choices, default=Scope.ALL)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.RUNNING)
    lease = models.CharField(max_length=64, unique=True, null=True, editable=False)
    holder = models.CharField(
        _("holder"), max_length=255, help_text=_("The host and the process that run it.")
    )
    started = models.DateTimeField(_("started"), auto_now_add=True, db_index=True)
    heartbeat = models.DateTimeField(_("heartbeat"), db_default=Now())
    finished = models.DateTimeField(_("finished"), null=True)
    message = models.TextField(_("message"), blank=True, default="", help_text=_("The error and its remedy."))
    log_lines = models.TextField(
        blank=True, default="", help_text=_("The first warnings and errors that the sync run logged.")
    )
    cancel_requested = models.BooleanField(
        default=False, help_text=_("If set while the sync run is running, it ends after the current page.")
    )

    dry_run = models.BooleanField(_("dry run"), default=False)
    bypassed_cache = models.BooleanField(
        _("bypassed cache"), default=False, help_text=_("The sync run bypassed the Catalog's reply cache.")
    )
    page_size = models.PositiveIntegerField(_("page size"), default=0)
    concurrency = models.PositiveIntegerField(_("concurrency"), default=0)
    duration_seconds = models.FloatField(_("duration seconds"), default=0)
    seconds_per_page = models.FloatField(
        _("seconds per page"), default=0, help_text=_("The median time of the requests for the list.")
    )
    pages = models.PositiveIntegerField(_("pages"), default=0)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    retries = models.PositiveIntegerField(_("retries"), default=0)
    catalog_count = models.PositiveIntegerField(_("catalog count"), default=0)
    course_runs_retrieved = models.PositiveIntegerField(_("course runs retrieved"), default=0)
    course_runs_rejected = models.PositiveIntegerField(_("course runs rejected"), default=0)
    course_overviews = models.PositiveIntegerField(_("course overviews"), default=0)
    matched = models.PositiveIntegerField(_("matched"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    removed = models.PositiveIntegerField(_("removed"), default=0)
    removals_refused = models.PositiveIntegerField(_("removals refused"), default=0)
    not_in_lms = models.PositiveIntegerField(_("not in lms"), default=0)
    not_in_catalog = models.PositiveIntegerField(_("not in catalog"), default=0)
    in_other_catalogs = models.PositiveIntegerField(
        _("in other catalogs"),
        default=0,
        db_default=0,
        help_text=_(
            "Course runs for which another Catalog has a marketing URL, too. The first-named Catalog has priority."
        ),
    )
    of_other_orgs = models.PositiveIntegerField(
        _("of other orgs"),
        default=0,
        db_default=0,
        help_text=_("Course runs that were ignored because of their organization."),
    )
    failures = models.PositiveIntegerField(_("failures"), default=0)

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
    """One change that a sync run made. It stores at most 1,000 per kind; if it is distributed, each of its tasks does.

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
