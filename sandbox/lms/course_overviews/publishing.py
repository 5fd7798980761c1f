"""Publishing a course: the effects on its course overview."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from opaque_keys.edx.keys import CourseKey

from sandbox.lms.course_overviews.models import CourseOverview

# Fields that the modulestore does not have.
NOT_PUBLISHED = frozenset({"id", "marketing_url", "created", "modified"})
PUBLISHED_FIELDS = frozenset(field.name for field in CourseOverview._meta.concrete_fields) - NOT_PUBLISHED


def publish_course(course_key: CourseKey | str, **fields: Any) -> CourseOverview:
    """Publish a course with these fields of its course overview, and return the stored course overview.

    Other fields keep their value. The row is deleted and created again, which sends ``pre_delete``, ``post_delete``,
    ``pre_save`` and ``post_save``. The new row has no ``marketing_url`` unless a receiver restores it. With
    ``COURSE_OVERVIEW_UPDATE_IN_PLACE`` the row is updated instead. Enrollments have no constraint, so they are kept.

    Raises:
        TypeError: The modulestore does not have a field, such as ``marketing_url``.
    """
    if unknown := fields.keys() - PUBLISHED_FIELDS:
        raise TypeError(f"The modulestore does not have {', '.join(sorted(unknown))}")
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
