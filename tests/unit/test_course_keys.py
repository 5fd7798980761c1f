"""Course keys as text: the patterns give the same results as the parser."""

from __future__ import annotations

import pytest
from ccx_keys.locator import CCXLocator
from hypothesis import example, given
from hypothesis import strategies as st
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from catalog_sync.course_keys import ccx_prefix_of, is_course_key, parent_of_ccx

KEY = "course-v1:ExampleX+One+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@1"

PARTS = st.text("aZ0_.~-+@ %é\n", max_size=4) | st.sampled_from(["branch@b", "version@0a", "ccx@1", "type@t"])
TEXTS = st.builds(
    lambda prefix, parts: prefix + "+".join(parts),
    st.sampled_from(["course-v1:", "ccx-v1:", "CCX-v1:", ""]),
    st.lists(PARTS, max_size=6),
)


@given(TEXTS)
@example(KEY)
@example(CCX)
@example(f"{CCX}\n")
@example("ExampleX/One/2026")
@example("course-v1:ÜbungX+Öko+2026")
def test_pattern_accepts_what_the_parser_accepts(text):
    try:
        CourseKey.from_string(text)
        parsed = True
    except InvalidKeyError:
        parsed = False
    assert is_course_key(text) == parsed


@given(TEXTS)
@example(KEY)
@example(CCX)
@example("ccx-v1:ExampleX+One+2026+branch@draft+ccx@1")
@example("ccx-v1:ExampleX+One+ccx@1")
def test_parent_of_a_ccx_course_is_that_of_the_parser(text):
    parent = None
    if text.startswith("ccx-v1:"):
        try:
            key = CourseKey.from_string(text)
        except InvalidKeyError:
            key = None
        parent = str(key.to_course_locator()) if isinstance(key, CCXLocator) else None
    assert parent_of_ccx(text) == parent


@pytest.mark.parametrize(
    ("key", "parent"),
    [
        (CCX, KEY),
        (KEY, None),
        ("ExampleX/One/2026", None),
        ("ccx-v1:nonsense", None),
        ("nonsense", None),
    ],
)
def test_parent_of_a_ccx(key, parent):
    assert parent_of_ccx(key) == parent


def test_prefix_is_that_of_the_ccx_courses_of_one_course_run_only():
    assert CCX.startswith(ccx_prefix_of(KEY))
    assert not CCX.replace("2026", "2026b").startswith(ccx_prefix_of(KEY))
