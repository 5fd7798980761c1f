"""Pinned marketing URLs: what an operator sets by hand for a course, and what wins over the Catalog until it goes."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import UsageError
from catalog_sync.marketing_urls import marketing_url_fault
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import publishing
from catalog_sync.store.course_runs import NOTHING
from catalog_sync.store.lease import wait_for_writer
from catalog_sync.store.sql import repeat_on_conflict


def pin(course_key: str, url: str, user: Any = None) -> None:
    """Let the course overview of this key show this URL whatever the Catalog says.

    So do those of its CCX courses that have none of their own. The course need be known neither to the LMS nor to
    the Catalog yet.

    Raises:
        UsageError: learners must not be sent to the URL, or no course has such a key.
    """
    if fault := marketing_url_fault(url, conf.marketing_url_hosts()):
        raise UsageError(f"The URL cannot be pinned: {fault}", "url")
    longest = CatalogCourseRun._meta.get_field("course_key").max_length or 0
    if len(course_key) > longest:
        raise UsageError(f"The course key is longer than {longest} characters", "course_key")
    with transaction.atomic():
        wait_for_writer()
        row, _ = CatalogCourseRun.objects.select_for_update().get_or_create(course_key=course_key)
        # Not save(): ``modified`` tells when the Catalog's word changed.
        CatalogCourseRun.objects.filter(pk=row.pk).update(
            pinned_url=url, pinned_by=user, pinned_at=timezone.now()
        )
        _publish(course_key)
    EventLog().info("pinned", course_key=course_key, marketing_url=url, user_id=getattr(user, "pk", None))


def unpin(course_key: str, user: Any = None) -> bool:
    """Take the pin away, so that what the Catalog said last is shown at once; tell whether there was one."""
    with transaction.atomic():
        wait_for_writer()
        pinned = CatalogCourseRun.objects.filter(course_key=course_key, pinned_url__isnull=False)
        row = pinned.select_for_update().first()
        if row is None:
            return False
        stored = CatalogCourseRun.objects.filter(pk=row.pk)
        if not stored.filter(**NOTHING._asdict()).delete()[0]:
            stored.update(pinned_url=None, pinned_by=None, pinned_at=None)
        _publish(course_key, row.pinned_url)
    EventLog().info("unpinned", course_key=course_key, user_id=getattr(user, "pk", None))
    return True


def _publish(course_key: str, removed_url: str | None = None) -> None:
    """Bring the course overviews up to the replica, now and once more when others can see the change.

    A sync that begins after ``wait_for_writer`` reads the replica as it was before, and writes what that says.
    """

    def republish() -> None:
        publishing.republish_with_ccx(course_key, removed_url)

    # A function, not a partial: see catalog_sync.receivers.
    def republish_again() -> None:
        repeat_on_conflict(republish)

    republish()
    transaction.on_commit(republish_again, robust=True)
