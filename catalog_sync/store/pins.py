"""Pinned marketing URLs: an operator sets a URL by hand, and it overrides the Catalogs until the operator removes it.

A pin keeps the marketing URL that the course overview had before, if no Catalog provided it: another tool has set it.
When the pin is removed and nothing is stored for the course, the course overview gets that URL back. The next full sync
then checks it against the Catalog, as it does for every URL that no Catalog provided.
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


def pin(course_key: str, url: str, user: Any = None, reason: str = "") -> None:
    """Pin a marketing URL for a course, and publish it to the course overview and its CCX courses.

    A CCX course that has a URL of its own keeps it. Neither the LMS nor the Catalog need have the course yet.

    Raises:
        UsageError: the course key is too long, or the caller is in a transaction.
    """
    repeat_on_conflict(_refuse_transaction_of_the_caller)
    longest = PinnedMarketingUrl._meta.get_field("course_key").max_length or 0
    if len(course_key) > longest:
        raise UsageError(f"The course key is longer than {longest} characters", "course_key")
    values = {"url": url, "reason": reason, "pinned_by": user, "pinned_at": timezone.now()}
    repeat_on_conflict(lambda: _pin(course_key, values))
    EventLog().info("pinned", course_key=course_key, marketing_url=url, user_id=getattr(user, "pk", None))


@transaction.atomic
def _pin(course_key: str, values: dict[str, Any]) -> None:
    wait_for_writer()
    # Only the first pin has a URL before it that nothing else stores.
    first = values | {"previous_url": _url_of_another_tool(course_key)}
    PinnedMarketingUrl.objects.update_or_create(course_key=course_key, defaults=values, create_defaults=first)
    _publish(course_key)


def _url_of_another_tool(course_key: str) -> str | None:
    """Return the marketing URL of the course overview if no Catalog and no pin provides one."""
    # One statement, so one snapshot. A sync that commits between two statements would make its own URL appear to be
    # that of another tool.
    stored_url = precedence.published_values(course_key)["marketing_url"]
    columns = ("_key", course_overviews.url_field(), stored_url)
    rows = course_overviews.of_key(course_key).values_list(*columns)
    # The database may compare without case.
    return next((url or None for key, url, stored in rows if key == course_key and not stored), None)


def unpin(course_key: str, user: Any = None) -> bool:
    """Remove the pin of a course, and publish the URL that the Catalog has; return whether there was a pin.

    Raises:
        UsageError: the caller is in a transaction.
    """
    repeat_on_conflict(_refuse_transaction_of_the_caller)
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
    _publish(course_key, pin.url, pin.previous_url)
    return True


def _refuse_transaction_of_the_caller() -> None:
    # Until it ended, it would hold locks for which every sync and every publishing of a course waits.
    try:
        with transaction.atomic(durable=True):
            pass
    except RuntimeError:
        raise UsageError(
            "A URL cannot be pinned or unpinned inside a transaction, because every sync would wait for its end. Call "
            "the function after the commit (transaction.on_commit), or decorate the view with "
            "transaction.non_atomic_requests."
        ) from None


def _publish(course_key: str, removed_url: str | None = None, previous_url: str | None = None) -> None:
    """Publish now, and once more after the commit.

    A sync that begins after ``wait_for_writer`` reads the pins as they were before, and publishes those.
    """

    # A function, not a partial: see catalog_sync.receivers.
    def republish() -> None:
        repeat_on_conflict(lambda: publishing.republish_with_ccx(course_key, removed_url, previous_url))

    # Without a second wait_for_writer: it could lock a sync run that began since, in the wrong order.
    publishing.publish_with_ccx(course_key, removed_url, previous_url)
    transaction.on_commit(republish, robust=True)
