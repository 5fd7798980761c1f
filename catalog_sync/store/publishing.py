"""What happens to a marketing URL while its course is published: it is set beforehand, and set right afterwards."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Exists

from catalog_sync import conf
from catalog_sync.course_keys import CCX_PREFIX
from catalog_sync.store import course_overviews, course_runs
from catalog_sync.store.course_runs import CatalogData
from catalog_sync.store.lease import running, wait_for_writer


def restore(course_overview: Any) -> str | None:
    """Set what the replica holds on a course overview that is about to be saved, and return the URL that was set."""
    held = course_runs.data_for([str(course_overview.pk)]).get(str(course_overview.pk), CatalogData())
    for name, field in conf.fields().items():
        if getattr(held, name) is not None:
            setattr(course_overview, field, getattr(held, name))
    return held.marketing_url


def republish_if_needed(course_key: str, restored_url: str | None) -> None:
    """Republish a course overview that was saved, if a sync is running or if it differs from its stored course run.

    Call it after the commit. The arguments are those of ``republish``.
    """
    if _needs_republishing(course_key, restored_url):
        republish(course_key, restored_url)


def _needs_republishing(course_key: str, restored_url: str | None) -> bool:
    # One statement without a lock, so one snapshot. A sync run commits its lease before its first transaction and
    # releases it after its last. If the snapshot shows no lease, each transaction of a sync either is visible in it, or
    # begins later and finds the course overview as it was saved. A pin needs no lease: it publishes once more after its
    # commit. See docs/decisions/0020-publishing-without-a-lock.rst.
    fields, held_values = conf.fields(), course_runs.held_values(course_key)
    columns = ["_key", Exists(running()), *fields.values(), *(held_values[name] for name in fields)]
    for key, is_syncing, *values in course_overviews.of_key(course_key).values_list(*columns):
        held = CatalogData(**dict(zip(fields, values[len(fields) :], strict=True)))
        differing = course_overviews.difference({key: values}, {course_key: held}).differing
        return is_syncing or bool(differing) or bool(restored_url and not held.marketing_url)
    return False  # deleted meanwhile


def republish(course_key: str, restored_url: str | None) -> None:
    """Bring a course overview that was saved up to what the replica holds now.

    Args:
        course_key: whose.
        restored_url: what ``restore`` had set; if the replica does not hold it any more, it goes again.
    """
    with transaction.atomic():
        wait_for_writer()
        held = course_runs.data_for([course_key]).get(course_key, CatalogData())
        if restored_url and not held.marketing_url:
            _clear([course_key])
            return
        differing = course_overviews.compare({course_key: held}).differing
        if differing and held.marketing_url and course_key.startswith(CCX_PREFIX):
            # It may be the parent run's, and a CCX course need have no row to copy from.
            course_overviews.copy_marketing_urls({course_key: held.marketing_url})
            differing = course_overviews.compare({course_key: held}).differing
        course_overviews.copy_stored_values(differing)


def republish_with_ccx(course_key: str, removed_url: str | None) -> None:
    """Bring the marketing URL of a course overview, and of its CCX courses, up to what the replica holds now.

    Args:
        course_key: whose.
        removed_url: what the replica does not hold any more; where it is shown and nothing comes instead, it goes.
    """
    with transaction.atomic():
        wait_for_writer()
        for chunk in course_overviews.with_ccx(course_key):
            held = course_runs.data_for([key for key, _ in chunk])
            wanted = {key: held.get(key, CatalogData()).marketing_url for key, _ in chunk}
            course_overviews.copy_marketing_urls(
                {key: url for key, shown in chunk if (url := wanted[key]) and url != shown}
            )
            if removed_url:
                _clear([key for key, shown in chunk if shown == removed_url and not wanted[key]])


def _clear(course_keys: list[str]) -> None:
    """Take the marketing URL away from course overviews for which the replica was seen to hold none."""
    course_overviews.clear(course_keys)
    # A sync that has begun since may have brought one. Whoever writes these course overviews from now on has to wait,
    # and what was written before can be seen.
    held = course_runs.data_for(course_keys)
    course_overviews.copy_marketing_urls(
        {key: url for key, each in held.items() if (url := each.marketing_url)}
    )
