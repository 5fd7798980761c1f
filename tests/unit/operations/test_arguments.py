"""Values of a caller that are turned into values of this app, or refused."""

from __future__ import annotations

import pytest

from catalog_sync.exceptions import UsageError
from catalog_sync.operations import arguments

KEY = "course-v1:ExampleX+One+2026"
OLD_KEY = "ExampleX/One/2026"
URL = "https://www.example.com/course/one"


class TestCourseKeyIn:
    """A course key that was typed, or that is in a pasted address."""

    @pytest.mark.parametrize("key", [KEY, OLD_KEY, "ccx-v1:ExampleX+One+2026+ccx@7"])
    @pytest.mark.parametrize(
        "text",
        [
            "{}",
            "  {} ",
            "https://lms.example.com/courses/{}/about",
            "https://lms.example.com/courses/{}/about?utm_source=x",
        ],
    )
    def test_is_found(self, text, key):
        assert arguments.course_key_in(text.format(key)) == key

    @pytest.mark.parametrize(
        "text",
        [
            "https://lms.example.com/courses/course-v1%3AExampleX%2BOne%2B2026/about",
            "https://learning.example.com/learning/course/course-v1:ExampleX+One+2026/home",
            "course-v1:ExampleX One 2026",
        ],
    )
    def test_is_found_in_any_page_and_if_it_was_decoded(self, text):
        assert arguments.course_key_in(text) == KEY

    @pytest.mark.parametrize("text", ["", "Botany", "https://www.example.com/", "course-v1:ExampleX"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(UsageError, match="is not a course key"):
            arguments.course_key_in(text)


class TestPinnedUrl:
    """A marketing URL that an operator sets."""

    @pytest.mark.parametrize("url", [URL, f" {URL}\n", f"{URL}?page=2&autumn=utm_source"])
    def test_is_accepted(self, url):
        assert arguments.pinned_url(url) == url.strip()

    @pytest.mark.parametrize(
        "query", ["utm_source=mail", "a=1&utm_campaign=", "UTM_Medium=x", "utm%5Fsource=x"]
    )
    def test_utm_parameter_is_refused(self, query):
        with pytest.raises(UsageError, match=r"(?i)^The URL cannot be pinned: it has the UTM parameter utm_"):
            arguments.pinned_url(f"{URL}?{query}")

    @pytest.mark.parametrize("url", ["/course/one", "javascript:alert(1)", "http://[", ""])
    def test_url_that_is_not_fit_for_learners_is_refused(self, url):
        with pytest.raises(UsageError, match="cannot be pinned"):
            arguments.pinned_url(url)


def test_course_key_that_is_too_long_to_pin_is_refused_with_the_remedy():
    with pytest.raises(
        UsageError, match=r"^The course key is longer than 255 characters\. Check the course key\.$"
    ):
        arguments.pinned_course_key(f"course-v1:ExampleX+{'a' * 250}+2026")
