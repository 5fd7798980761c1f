"""The stand-in's list of courses by timestamp, and the changes that it does not show."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from sandbox.catalog.testing import COURSES_PATH

FIRST, SECOND, CCX = "course-v1:Org+One+1T2026", "course-v1:Org+One+2T2026", "ccx-v1:Org+One+1T2026+ccx@7"
OTHER = "course-v1:Org+Two+1T2026"
FIELDS = "fields=key,course_runs&include_hidden_course_runs=1"


@pytest.fixture
def since(control):
    """Fill the Catalog, and return a moment after that."""
    control.set_runs({"key": key} for key in (FIRST, SECOND, CCX, OTHER))
    return datetime.now(UTC).isoformat()


def changed(caller, since, more=FIELDS):
    return caller.get(f"{COURSES_PATH}?timestamp={quote(since)}&{more}")


def test_reply_without_changes_has_52_bytes(since, caller):
    assert len(changed(caller, since).body) == 52


def test_edit_lists_the_course_with_all_its_course_runs(control, caller, since):
    control.upsert([{"key": SECOND, "status": "unpublished"}])

    runs = [{"key": CCX}, {"key": FIRST}, {"key": SECOND}]
    assert changed(caller, since).json["results"] == [{"key": "Org+One", "course_runs": runs}]


def test_direct_change_of_a_course_run_is_not_listed(control, caller, since):
    control.upsert([{"key": SECOND, "status": "unpublished"}], via_publisher=False)

    assert changed(caller, since).json["count"] == 0


def test_edit_before_the_timestamp_is_not_listed(control, caller, since):
    control.upsert([{"key": OTHER, "status": "unpublished"}])

    assert changed(caller, datetime.now(UTC).isoformat()).json["count"] == 0


def test_new_course_run_lists_its_course(control, caller, since):
    control.upsert([{"key": "course-v1:Org+Three+1T2026"}])

    assert changed(caller, since).keys == ["Org+Three"]


def test_course_whose_last_course_run_was_deleted_is_listed_without_course_runs(control, caller, since):
    control.delete([OTHER])

    assert changed(caller, since).json["results"] == [{"key": "Org+Two", "course_runs": []}]


def test_timestamp_before_the_catalog_lists_every_course(since, caller):
    yesterday = datetime.now(UTC) - timedelta(days=1)

    assert changed(caller, yesterday.isoformat()).keys == ["Org+One", "Org+Two"]


@pytest.mark.parametrize(
    ("page", "courses"), [("page=1&page_size=2", ["Org+1", "Org+2"]), ("limit=2&offset=2", ["Org+3"])]
)
def test_courses_are_in_the_order_of_their_keys_with_both_paginations(control, caller, since, page, courses):
    control.upsert({"key": f"course-v1:Org+{number}+1T2026"} for number in (3, 1, 2))

    assert changed(caller, since, f"{page}&{FIELDS}").keys == courses


@pytest.mark.parametrize(("query", "runs"), [("fields=key,course_runs", []), (FIELDS, [{"key": OTHER}])])
def test_hidden_course_runs_are_listed_only_on_request(control, caller, since, query, runs):
    control.upsert([{"key": OTHER, "hidden": True}])

    assert changed(caller, since, query).json["results"] == [{"key": "Org+Two", "course_runs": runs}]


def test_nested_course_runs_are_full_objects_without_fields(control, caller, since):
    control.upsert([{"key": OTHER}])

    run = changed(caller, since, "").json["results"][0]["course_runs"][0]
    assert {"key", "marketing_url", "status", "full_description"} <= run.keys()


def test_invalid_timestamp_is_a_bad_request(since, caller):
    answer = caller.get(f"{COURSES_PATH}?timestamp=yesterday")

    assert (answer.status, answer.json) == (400, {"timestamp": ["Enter a valid date/time."]})


def test_path_without_the_trailing_slash_redirects(caller):
    assert caller.get("/api/v1/courses").header("Location") == "/api/v1/courses/"


def test_courses_need_a_token(caller):
    assert caller.get(COURSES_PATH, authorized=False).status == 401
