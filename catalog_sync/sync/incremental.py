"""Fresh between full syncs: look at what the Catalog says changed lately. An accelerator, never a replacement."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from catalog_sync.catalog_client import CatalogClient
from catalog_sync.models import SyncRun

# Looked at twice: clocks differ, and a change in the Catalog is stamped before it is committed.
OVERLAP = timedelta(minutes=2)
FIRST_PERIOD = timedelta(hours=1)
# More than this is a bulk change: looking each run up would eat the quota that the full sync needs.
MOST_COURSES = 500
MOST_COURSE_RUNS = 2_000


class TooManyChanged(Exception):
    """A bulk change, which the next full sync brings at less cost."""

    def __init__(self, count: int, of_what: str, most: int) -> None:
        super().__init__(
            f"{count} {of_what} changed in the Catalog, more than {most}: left to the next full sync, which "
            "brings them with fewer requests."
        )


def changed_course_keys(client: CatalogClient, catalog: str) -> frozenset[str]:
    """Return the keys of the course runs that may have changed in the Catalog since the last look.

    One request; a second one for a bulk change.

    Raises:
        RequestFailed: the Catalog did not answer.
        TooManyChanged: too many to look up one by one.
    """
    last_look = _last_complete_start(catalog)
    changed = client.changed_since(last_look - OVERLAP, MOST_COURSES)
    if changed.count > MOST_COURSES or len(changed.course_keys) > MOST_COURSE_RUNS:
        # What came shortly before the last run is in every look after it, and was brought by that run.
        changed = client.changed_since(last_look, MOST_COURSES)
    if changed.count > MOST_COURSES:
        raise TooManyChanged(changed.count, "courses", MOST_COURSES)
    if len(changed.course_keys) > MOST_COURSE_RUNS:
        raise TooManyChanged(len(changed.course_keys), "course runs", MOST_COURSE_RUNS)
    return changed.course_keys


def _last_complete_start(catalog: str) -> datetime:
    """Return when the last run began that saw every change up to its beginning."""
    # One that is incomplete for nothing but rejected records saw them all: there may be such records for months.
    saw_all = Q(status=SyncRun.Status.SUCCEEDED) | Q(status=SyncRun.Status.INCOMPLETE, failures=0)
    looks = SyncRun.objects.filter(
        saw_all, catalog=catalog, scope__in=(SyncRun.Scope.ALL, SyncRun.Scope.CHANGED), dry_run=False
    )
    last = looks.order_by("-pk").values_list("started", flat=True).first()
    return last or timezone.now() - FIRST_PERIOD
