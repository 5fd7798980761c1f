"""Find the course runs that changed in the Catalog, for an incremental sync between full syncs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from catalog_sync.catalog_client import CatalogClient
from catalog_sync.models import SyncRun

# This period is covered twice: clocks differ, and a change in the Catalog has its time stamp before it is committed.
OVERLAP = timedelta(minutes=2)
FIRST_PERIOD = timedelta(hours=1)
# After a bulk change of more than this, the look-ups would use up the quota that the full sync needs.
MAX_COURSES = 500
MAX_COURSE_RUNS = 2_000


class TooManyChanged(Exception):
    """The Catalog has a bulk change, which the next full sync applies with fewer requests."""

    def __init__(self, count: int, of_what: str, limit: int) -> None:
        super().__init__(
            f"Too many {of_what} changed in the Catalog ({count:,}, the limit is {limit:,}). The next full sync "
            "applies the changes with fewer requests."
        )


def changed_course_keys(client: CatalogClient, catalog: str) -> frozenset[str]:
    """Return the keys of the course runs that may have changed in the Catalog since the last complete sync run.

    This takes one request, or two after a bulk change.

    Raises:
        RequestFailed: the Catalog did not return a usable reply.
        TooManyChanged: there are too many to look them up by key.
    """
    last_start = _last_complete_start(catalog)
    changed = client.changed_since(last_start - OVERLAP, MAX_COURSES)
    if changed.count > MAX_COURSES or len(changed.course_keys) > MAX_COURSE_RUNS:
        # Without the overlap: the last sync run may have applied a bulk change in it, which would be found each time.
        changed = client.changed_since(last_start, MAX_COURSES)
    if changed.count > MAX_COURSES:
        raise TooManyChanged(changed.count, "courses", MAX_COURSES)
    if len(changed.course_keys) > MAX_COURSE_RUNS:
        raise TooManyChanged(len(changed.course_keys), "course runs", MAX_COURSE_RUNS)
    return changed.course_keys


def _last_complete_start(catalog: str) -> datetime:
    """Return the start of the last sync run that covered all changes before it."""
    complete = SyncRun.objects.filter(
        catalog=catalog,
        scope__in=(SyncRun.Scope.ALL, SyncRun.Scope.CHANGED),
        status=SyncRun.Status.SUCCEEDED,
        dry_run=False,
    )
    last = complete.order_by("-pk").values_list("started", flat=True).first()
    return last or timezone.now() - FIRST_PERIOD
