"""Pinned marketing URLs: an operator sets a URL by hand, and it overrides the Catalogs until the operator removes it.

If another tool had set a marketing URL on the course overview, the pin stores it as ``previous_url``. The course
overview gets this URL back when the pin is removed and no Catalog has a URL. The next full sync then checks it against
the Catalog, like every URL of another tool.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog_sync.event_log import EventLog
from catalog_sync.exceptions import UsageError
from catalog_sync.models import PinnedMarketingUrl
from catalog_sync.store import course_overviews, precedence, publishing
from catalog_sync.store.lease import wait_for_writer
from catalog_sync.store.sql import repeat_on_conflict


def pin(course_key: str, url: str, user: Any, reason: str) -> None:
    """Pin a marketing URL for a course, and publish it to the course overview and its CCX courses.

    A CCX course that has a URL of its own keeps it. The course may be missing in the LMS and in the Catalog.

    Raises:
        UsageError: the caller is in a transaction.
    """
    repeat_on_conflict(_refuse_outer_transaction)
    values = {"url": url, "reason": reason, "pinned_by": user, "pinned_at": timezone.now()}
    repeat_on_conflict(lambda: _pin(course_key, values))
    EventLog().info("pinned", course_key=course_key, marketing_url=url, user_id=getattr(user, "pk", None))


@transaction.atomic
def _pin(course_key: str, values: dict[str, Any]) -> None:
    wait_for_writer()
    # Only the first pin of a course stores it: a later one replaces a pinned URL.
    first = values | {"previous_url": _url_of_another_tool(course_key)}
    PinnedMarketingUrl.objects.update_or_create(course_key=course_key, defaults=values, create_defaults=first)
    publishing.publish_pin(course_key)


def _url_of_another_tool(course_key: str) -> str | None:
    """Return the marketing URL of the course overview if no Catalog and no pin provides one."""
    # One statement, so one snapshot: if a sync committed between two statements, its URL would be mistaken for another
    # tool's.
    stored_url = precedence.published_values(course_key)["marketing_url"]
    columns = ("_key", course_overviews.url_field(), stored_url)
    rows = course_overviews.of_key(course_key).values_list(*columns)
    # The database may ignore case.
    return next((url or None for key, url, stored in rows if key == course_key and not stored), None)


def unpin(course_key: str, user: Any) -> bool:
    """Remove the pin of a course, and publish the Catalog's URL; return whether there was a pin.

    Raises:
        UsageError: the caller is in a transaction.
    """
    repeat_on_conflict(_refuse_outer_transaction)
    was_pinned = repeat_on_conflict(lambda: _unpin(course_key))
    if was_pinned:
        EventLog().info("unpinned", course_key=course_key, user_id=getattr(user, "pk", None))
    return was_pinned


@transaction.atomic
def _unpin(course_key: str) -> bool:
    wait_for_writer()
    pin = PinnedMarketingUrl.objects.select_for_update().filter(course_key=course_key).first()
    if pin is None:
        return False
    pin.delete()
    publishing.publish_pin(course_key, pin.url, pin.previous_url)
    return True


def _refuse_outer_transaction() -> None:
    # Every sync, and every course that is published in Studio, would wait for its locks until it ends.
    try:
        with transaction.atomic(durable=True):
            pass
    except RuntimeError:
        raise UsageError(
            "A URL cannot be pinned or unpinned inside a transaction, because every sync would wait for its end. Call "
            "the function after the commit (transaction.on_commit), or decorate the view with "
            "transaction.non_atomic_requests."
        ) from None
