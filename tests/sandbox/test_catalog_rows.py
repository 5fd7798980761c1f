"""The course runs that the stand-in generates, and those that a test sets."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.catalog.listing import InvalidPage, select_page
from sandbox.catalog.rows import brief_row, course_key_of, course_run_keys

MANY = 20_000


@pytest.fixture(scope="module")
def rows():
    return [brief_row(key, seed=1) for key in course_run_keys(MANY, seed=1)]


def test_keys_are_distinct_in_any_case_and_of_all_kinds(rows):
    keys = [row["key"] for row in rows]

    assert len({key.lower() for key in keys}) == MANY
    kinds = Counter(key.split(":")[0] if ":" in key else "old-style" for key in keys)
    assert kinds == {"course-v1": MANY * 0.95, "ccx-v1": MANY * 0.03, "old-style": MANY * 0.02}


def test_seed_determines_the_course_runs(rows):
    assert [brief_row(key, seed=1) for key in course_run_keys(10, seed=1)] == rows[:10]
    assert set(course_run_keys(1000, seed=1)) != set(course_run_keys(1000, seed=2))


def test_most_course_runs_are_published_and_every_status_occurs(rows):
    statuses = Counter(row["status"] for row in rows)

    assert set(statuses) == {"published", "unpublished", "review_by_legal", "review_by_internal", "reviewed"}
    assert statuses["published"] > 0.9 * MANY


def test_few_published_and_no_unpublished_course_runs_lack_a_url(rows):
    without = [row for row in rows if row["marketing_url"] is None]

    assert 0.01 * MANY < len(without) < 0.05 * MANY
    assert {row["status"] for row in without} == {"published"}


def test_urls_are_absolute(rows):
    urls = [row["marketing_url"] for row in rows if row["marketing_url"]]

    assert all(url.startswith("https://www.marketing.example.com/course/") for url in urls)


@pytest.mark.parametrize(
    "key", ["course-v1:Org+Number+Run", "Org/Number/Run", "ccx-v1:Org+Number+Run+ccx@12"]
)
def test_course_key_of_every_kind_of_course_run_key(key):
    assert course_key_of(key) == "Org+Number"


def test_row_that_is_set_with_its_key_only_is_published_and_has_a_url(control, caller):
    control.set_runs([{"key": "course-v1:A+B+C"}])

    row = caller.runs("fields=marketing_url,status&exclude_utm=1").json["results"][0]
    assert (row["status"], row["marketing_url"][:8]) == ("published", "https://")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("marketing_url", "course/relative-slug"),
        ("marketing_url", 17),
        ("status", None),
        ("status", "retired"),
        ("eligible_for_financial_aid", "maybe"),
        ("content_language", "tlh"),
        ("title", ["not", "a", "title"]),
        *[("key", key) for key in (None, 42, "", "not a course key", "course-v1:Ünï+Cøde+Rün")],
    ],
)
@pytest.mark.parametrize("query", ["exclude_utm=1", "exclude_utm=1&fields={}"])
def test_any_field_can_have_any_value(control, caller, query, field, value):
    control.set_runs([{"key": "course-v1:A+B+C", field: value}])

    assert caller.runs(query.format(field)).json["results"][0][field] == value


def test_a_key_can_be_listed_twice(control, caller):
    control.set_runs([{"key": "course-v1:A+B+C"}, {"key": "course-v1:A+B+C"}])

    assert caller.runs("fields=key").keys == ["course-v1:A+B+C"] * 2


@given(count=st.integers(0, 300), size=st.integers(1, 120))
def test_both_paginations_list_every_course_run_once(count, size):
    numbered, by_offset, number = [], [], 0
    while True:
        number += 1
        params = {"limit": str(size), "offset": str((number - 1) * size)}
        page = select_page(params, "http://catalog/", count)
        by_offset += page.of(list(range(count)))
        if page.next is None:
            break
    for page_number in range(1, number + 1):
        params = {"page": str(page_number), "page_size": str(size)}
        numbered += select_page(params, "http://catalog/", count).of(list(range(count)))

    assert numbered == by_offset == list(range(count))
    with pytest.raises(InvalidPage):
        select_page({"page": str(number + 1), "page_size": str(size)}, "http://catalog/", count)
