"""The button that allows the removals that a sync run refused."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from catalog_sync import api, conf
from catalog_sync.admin.run_changes import visible
from catalog_sync.exceptions import SyncNotStarted
from catalog_sync.models import SyncRun, SyncRunChange
from catalog_sync.store import course_runs
from catalog_sync.store.changes import MOST_PER_KIND

PERMISSION = "catalog_sync.allow_removals"
SHOWN_COURSES = 10


def may_allow(request: HttpRequest, run: SyncRun) -> bool:
    """Return whether the page of a sync run has the button."""
    return run.status == SyncRun.Status.REFUSED and request.user.has_perm(PERMISSION) and not obstacle(run)


def obstacle(run: SyncRun) -> str:
    """Return why the removals of a sync run cannot be allowed; empty if they can."""
    if run.status != SyncRun.Status.REFUSED:
        return _("This sync run refused no removals.")
    if run.dry_run:
        return _("This was a dry run. Start a sync, and see whether it is refused.")
    full = SyncRun.objects.filter(catalog=run.catalog, scope=SyncRun.Scope.ALL, dry_run=False)
    if run.pk != full.order_by("-pk").values_list("pk", flat=True).first():
        return _("This is not the latest full sync run of its Catalog. Open the latest one.")
    if run.catalog not in [each.name for each in conf.catalogs()]:
        return _("The Catalog of this sync run is not in the settings any more.")
    if course_runs.unknown_statuses(run.catalog):
        return _("CATALOG_SYNC_RUN_STATUSES names a status that the Catalog does not have. Correct it first.")
    return ""


def allow_removals(model_admin: admin.ModelAdmin, request: HttpRequest, run_id: int) -> HttpResponse:
    """Show the numbers for confirmation, then start a full sync of the Catalog that may remove any number of URLs."""
    if not (request.user.has_perm(PERMISSION) and model_admin.has_view_permission(request)):
        raise PermissionDenied
    run = get_object_or_404(SyncRun, pk=run_id)
    page_of_run = redirect("admin:catalog_sync_syncrun_change", run.pk)
    if reason := obstacle(run):
        model_admin.message_user(request, reason, messages.ERROR)
        return page_of_run
    if request.method != "POST":
        return _confirmation(model_admin, request, run)
    try:
        api.start_sync(
            allow_removals=True,
            user_id=request.user.pk,
            catalog=run.catalog if conf.has_several_catalogs() else None,
        )
    except SyncNotStarted as error:
        model_admin.message_user(request, str(error), messages.WARNING)
        return page_of_run
    model_admin.log_change(request, run, _("Allowed the removals."))
    text = _("A sync that may remove these marketing URLs was handed to a Celery worker.")
    model_admin.message_user(request, text, messages.SUCCESS)
    return redirect("admin:catalog_sync_syncrun_changelist")


def _confirmation(model_admin: admin.ModelAdmin, request: HttpRequest, run: SyncRun) -> HttpResponse:
    refused = run.changes.filter(kind=SyncRunChange.Kind.REMOVED).order_by("course_key")
    count = refused.count()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Allow these removals?"),
        "opts": model_admin.opts,
        "run": run,
        "catalog": run.catalog if conf.has_several_catalogs() else "",
        "count": _("at least %(count)s") % {"count": f"{count:,}"}
        if count >= MOST_PER_KIND
        else f"{count:,}",
        "course_overviews": run.course_overviews,
        "courses": f"{run.course_overviews:,}",
        "first": [(visible(change.course_key), visible(change.old)) for change in refused[:SHOWN_COURSES]],
        "has_more": count > SHOWN_COURSES,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/catalog_sync/syncrun/allow_removals.html", context)
