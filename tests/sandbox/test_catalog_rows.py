"""The course runs that the stand-in makes up, and those that a test sets."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.catalog.listing import InvalidPage, window
from sandbox.catalog.rows import brief_row, course_key_of, course_run_keys
from sandbox.catalog.testing import CatalogProcess
from tests.sandbox.catalog_caller import Caller

pytest_plugins = ["tests.sandbox.catalog_fixtures"]

MANY = 20_000


def rows_of(count: int, seed: int = 1) -> list[dict]:
    return [brief_row(key, seed) for key in course_run_keys(count, seed)]


def test_made_up_keys_are_distinct_in_any_case() -> None:
    assert len({key.lower() for key in course_run_keys(MANY, 1)}) == MANY


def test_keys_of_all_three_kinds_occur() -> None:
    kinds = Counter(key.split(":")[0] if ":" in key else "old-style" for key in course_run_keys(MANY, 1))

    assert kinds == {"course-v1": MANY * 0.95, "ccx-v1": MANY * 0.03, "old-style": MANY * 0.02}


def test_the_same_seed_makes_the_same_runs() -> None:
    assert rows_of(1000) == rows_of(1000)


def test_another_seed_makes_others() -> None:
    assert set(course_run_keys(1000, 1)) != set(course_run_keys(1000, 2))


def test_more_runs_contain_the_fewer() -> None:
    assert course_run_keys(1000, 1)[:10] == course_run_keys(10, 1)


def test_most_runs_are_published_and_every_status_occurs() -> None:
    statuses = Counter(row["status"] for row in rows_of(MANY))

    assert set(statuses) == {"published", "unpublished", "review_by_legal", "review_by_internal", "reviewed"}
    assert statuses["published"] > 0.9 * MANY


def test_unpublished_runs_have_a_url() -> None:
    assert all(row["marketing_url"] for row in rows_of(MANY) if row["status"] == "unpublished")


def test_some_published_runs_have_no_url() -> None:
    without = [row for row in rows_of(MANY) if row["marketing_url"] is None]

    assert 0.01 * MANY < len(without) < 0.05 * MANY
    assert {row["status"] for row in without} == {"published"}


def test_made_up_urls_are_absolute() -> None:
    urls = [row["marketing_url"] for row in rows_of(MANY) if row["marketing_url"]]

    assert all(url.startswith("https://www.marketing.example.com/course/") for url in urls)


@pytest.mark.parametrize(
    "key",
    ["course-v1:Org+Number+Run", "Org/Number/Run", "ccx-v1:Org+Number+Run+ccx@12"],
)
def test_every_kind_of_key_names_its_course(key: str) -> None:
    assert course_key_of(key) == "Org+Number"


def test_a_row_that_is_set_with_its_key_alone_is_published_with_a_url(
    stand_in: CatalogProcess, caller: Caller
) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C"}])

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
    ],
)
@pytest.mark.parametrize("query", ["exclude_utm=1", "exclude_utm=1&fields={}"])
def test_any_field_can_be_set_to_anything(
    stand_in: CatalogProcess, caller: Caller, query: str, field: str, value: object
) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C", field: value}])

    assert caller.runs(query.format(field)).json["results"][0][field] == value


@pytest.mark.parametrize("key", [None, 42, "", "not a course key", "course-v1:Ünï+Cøde+Rün"])
def test_a_key_can_be_anything(stand_in: CatalogProcess, caller: Caller, key: object) -> None:
    stand_in.control.set_runs([{"key": key}])

    assert caller.runs("fields=key").keys == [key]


def test_one_key_can_be_listed_twice(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C"}, {"key": "course-v1:A+B+C"}])

    assert caller.runs("fields=key").keys == ["course-v1:A+B+C"] * 2


@given(count=st.integers(0, 300), size=st.integers(1, 120))
def test_numbered_pages_hold_every_run_once(count: int, size: int) -> None:
    runs, met = list(range(count)), []
    for number in range(1, count + 2):
        try:
            page = window({"page": str(number), "page_size": str(size)}, "http://catalog/", count)
        except InvalidPage:
            break
        met += runs[page.offset : page.offset + page.limit]

    assert met == runs


@given(count=st.integers(0, 300), size=st.integers(1, 120))
def test_windows_hold_every_run_once(count: int, size: int) -> None:
    runs, met, offset = list(range(count)), [], 0
    while True:
        page = window({"limit": str(size), "offset": str(offset)}, "http://catalog/", count)
        met += runs[page.offset : page.offset + page.limit]
        offset += size
        if page.next is None:
            break

    assert met == runs
