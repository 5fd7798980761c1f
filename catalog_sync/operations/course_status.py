"""The marketing URL that a course has, and the one that it should have."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from catalog_sync.store import course_overviews, precedence


class CourseStatus(NamedTuple):
    """The marketing URL of a course in the LMS, and the one that it should have.

    Attributes:
        is_in_lms: whether the LMS has a course overview for it.
        marketing_url: the course overview's marketing URL.
        expected_url: the marketing URL that it should have; None if none is stored for it.
    """

    is_in_lms: bool
    marketing_url: str | None
    expected_url: str | None

    @property
    def is_up_to_date(self) -> bool | None:
        """Whether the course overview has the marketing URL that it should have; None if it does not exist."""
        return (self.marketing_url or None) == self.expected_url if self.is_in_lms else None


def course_statuses(course_keys: Collection[str]) -> dict[str, CourseStatus]:
    """Return the status of each of these courses, with two queries in total."""
    current = course_overviews.marketing_urls(course_keys)
    expected = {key: data.marketing_url for key, data in precedence.published_for(course_keys).items()}
    return {key: CourseStatus(key in current, current.get(key), expected.get(key)) for key in course_keys}
