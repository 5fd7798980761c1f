"""Publish stored values to course overviews: while the LMS saves one, and after a pin or a removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Exists

from catalog_sync import conf
from catalog_sync.course_keys import CCX_PREFIX
from catalog_sync.store import course_overviews, precedence
from catalog_sync.store.course_runs import CatalogData
from catalog_sync.store.difference import difference, marketing_url_in
from catalog_sync.store.lease import running, wait_for_writer
from catalog_sync.store.sql import repeat_on_conflict


def restore(course_overview: Any) -> str | None:
    """Set the published values on a course overview that is about to be saved, and return the marketing URL."""
    key = str(course_overview.pk)
    published = precedence.published_for([key]).get(key, CatalogData())
    for name, field in conf.fields().items():
        if getattr(published, name) is not None:
            setattr(course_overview, field, getattr(published, name))
    return published.marketing_url


def republish_if_needed(course_key: str, restored_url: str | None) -> None:
    """Republish a course overview that was saved, if a sync is running or if it differs from the stored data.

    Call it after the commit. The arguments are those of ``republish``.
    """
    if _needs_republishing(course_key, restored_url):
        republish(course_key, restored_url)


def _needs_republishing(course_key: str, restored_url: str | None) -> bool:
    # One statement without a lock, so one snapshot. A sync run commits its lease before its first transaction and
    # releases it after its last. If the snapshot shows no lease, each transaction of a sync either is visible in it, or
    # begins later and finds the course overview as it was saved. A pin needs no lease: it publishes once more after its
    # commit. See docs/decisions/0020-publishing-without-a-lock.rst.
    fields, stored_values = conf.fields(), precedence.published_values(course_key)
    columns = ["_key", Exists(running()), *fields.values(), *(stored_values[name] for name in fields)]
    row = course_overviews.of_key(course_key).values_list(*columns).first()
    if row is None:
        return False  # deleted meanwhile
    key, is_syncing, *values = row
    current, stored = values[: len(fields)], values[len(fields) :]
    published = CatalogData(**dict(zip(fields, stored, strict=True)))
    differing = difference({key: current}, {course_key: published}).differing
    is_outdated = (
        bool(restored_url) and marketing_url_in(current) == restored_url and not published.marketing_url
    )
    return is_syncing or bool(differing) or is_outdated


@transaction.atomic
def republish(course_key: str, restored_url: str | None) -> None:
    """Update a course overview that was saved, if it differs from the stored data.

    Args:
        course_key: its key.
        restored_url: the marketing URL that ``restore`` had set. It is removed if the course overview still has it and
            no marketing URL is stored any more.
    """
    wait_for_writer()
    _publish_stored([course_key], restored_url, {})


def publish_pin(course_key: str, removed_url: str | None = None, previous_url: str | None = None) -> None:
    """Publish a pin that was changed to the course overview and its CCX courses: now, and once more after the commit.

    Call it in a transaction, after ``wait_for_writer``. A sync that begins after that does not see the changed pin, and
    may publish the former URL.

    Args:
        course_key: its key.
        removed_url: the URL that was pinned until now. It is removed if nothing replaces it.
        previous_url: replaces it on the course overview itself if no marketing URL is stored.
    """

    # A function, not a partial: see catalog_sync.receivers.
    def publish_again() -> None:
        repeat_on_conflict(lambda: wait_and_publish_with_ccx(course_key, removed_url, previous_url))

    # No second wait_for_writer here: it could lock, in the wrong order, a sync run that began since.
    _publish_with_ccx(course_key, removed_url, previous_url)
    transaction.on_commit(publish_again, robust=True)


@transaction.atomic
def wait_and_publish_with_ccx(
    course_key: str, removed_url: str | None, previous_url: str | None = None
) -> None:
    """Publish a pin that was changed, in a transaction that waits until no sync run is writing."""
    wait_for_writer()
    _publish_with_ccx(course_key, removed_url, previous_url)


def _publish_with_ccx(course_key: str, removed_url: str | None, previous_url: str | None) -> None:
    for chunk in course_overviews.with_ccx(course_key):
        _publish_stored([key for key, _ in chunk], removed_url, {course_key: previous_url})


def publish(published: dict[str, CatalogData]) -> int:
    """Update the course overviews of these keys that differ, in a transaction; return how many were written.

    Args:
        published: what ``precedence.published_for`` returns for these keys.
    """
    differing = course_overviews.compare(published).differing
    # A CCX course may have the marketing URL of its parent course run.
    ccx_urls = {
        key: url for key in differing if key.startswith(CCX_PREFIX) and (url := published[key].marketing_url)
    }
    written = course_overviews.copy_marketing_urls(ccx_urls)
    written += course_overviews.copy_published_values([key for key in differing if key not in ccx_urls])
    if ccx_urls and len(conf.fields()) > 1:
        rest = course_overviews.compare({key: published[key] for key in ccx_urls}).differing
        course_overviews.copy_published_values(rest)
    return written


def _publish_stored(
    course_keys: list[str], removed_url: str | None, previous_urls: Mapping[str, str | None]
) -> None:
    """Publish what is stored. Where no marketing URL is, replace ``removed_url`` by the previous one, or remove it."""
    published = precedence.published_for(course_keys)
    without_url = [key for key in course_keys if not published.get(key, CatalogData()).marketing_url]
    if removed_url and without_url:
        # Another tool may have set another URL meanwhile, which stays.
        removable = course_overviews.lock_with_url(without_url, removed_url)
        previous = {key: url for key in removable if (url := previous_urls.get(key))}
        course_overviews.copy_marketing_urls(previous)
        course_overviews.clear([key for key in removable if key not in previous])
        # Read again: a sync that began meanwhile may have stored a marketing URL. It can publish
        # what it stores from now on only after this transaction.
        published = precedence.published_for(course_keys)
    publish(published)
