"""The URLs that replace the URLs of about pages. ``tests/unit/test_filters.py`` tests how they are used."""

from __future__ import annotations

import pytest

from catalog_sync.store import about_page_urls
from tests.factories import add_course_overviews

pytestmark = pytest.mark.django_db

URL, SOCIAL_URL = "https://www.example.com/course/one", "https://go.example.com/one"


def test_reads_the_courses_of_this_organization_only():
    key, *others = (f"course-v1:{org}+One+2026" for org in ("Example_X", "ExampleYX", "OtherX"))
    add_course_overviews(key, *others, marketing_url=URL, social_sharing_url=SOCIAL_URL)
    assert about_page_urls.of_organization("Example_X", 5) == {key: (URL, SOCIAL_URL)}


@pytest.mark.parametrize(("limit", "read"), [(1, 1), (2, 2), (3, 2)])
def test_reads_as_many_courses_as_the_limit_allows(limit, read):
    add_course_overviews("course-v1:ExampleX+One+2026", "ExampleX/One/2026", marketing_url=URL)
    assert len(about_page_urls.of_organization("ExampleX", limit)) == read
