"""Publishing a course, as far as the course overview sees it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from opaque_keys.edx.keys import CourseKey

from sandbox.lms.course_overviews.models import CourseOverview

# What publishing cannot take from the modulestore: the Catalog's field, and what belongs to the row itself.
NOT_PUBLISHED = frozenset({"id", "marketing_url", "created", "modified"})
PUBLISHED_FIELDS = frozenset(field.name for field in CourseOverview._meta.concrete_fields) - NOT_PUBLISHED


def publish_course(course_key: CourseKey | str, **fields: Any) -> CourseOverview:
    """Publish a course with these fields of its course overview, and return the course overview as stored.

    Fields not given keep their value. The row is deleted and re-created, so that ``pre_delete``, ``post_delete``,
    ``pre_save`` and ``post_save`` are sent and ``marketing_url`` is gone, unless a receiver brings it back; with
    ``COURSE_OVERVIEW_UPDATE_IN_PLACE`` the row is updated. Enrollments stay, as they have no constraint.

    Raises:
        TypeError: A field that the modulestore does not know, such as ``marketing_url``.
    """
    if unknown := fields.keys() - PUBLISHED_FIELDS:
        raise TypeError(f"The modulestore knows no {', '.join(sorted(unknown))}")
    key = CourseKey.from_string(str(course_key))
    with transaction.atomic():
        published = CourseOverview.objects.select_for_update().filter(pk=key).first()
        if published and settings.COURSE_OVERVIEW_UPDATE_IN_PLACE:
            _update(published, fields)
        elif published:
            kept = {name: getattr(published, name) for name in PUBLISHED_FIELDS}
            published.delete()
            _create(key, kept | fields)
        else:
            _create(key, _fields_of_a_new_course(key) | fields)
    return CourseOverview.objects.get(pk=key)


def _update(course_overview: CourseOverview, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(course_overview, name, value)
    course_overview.save()


def _create(key: CourseKey, fields: dict[str, Any]) -> None:
    CourseOverview.objects.create(id=key, **fields)


def _fields_of_a_new_course(key: CourseKey) -> dict[str, Any]:
    return {
        "org": key.org,
        "display_name": key.course,
        "display_number_with_default": key.course,
        "display_org_with_default": key.org,
    }
