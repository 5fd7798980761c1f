"""Changed lately: the list of courses by timestamp, and what it does not see."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from sandbox.catalog.testing import COURSES_PATH, CatalogProcess
from tests.sandbox.catalog_caller import Answer, Caller

pytest_plugins = ["tests.sandbox.catalog_fixtures"]

FIRST, SECOND, CCX = "course-v1:Org+One+1T2026", "course-v1:Org+One+2T2026", "ccx-v1:Org+One+1T2026+ccx@7"
OTHER = "course-v1:Org+Two+1T2026"
FIELDS = "fields=key,course_runs&include_hidden_course_runs=1"


@pytest.fixture
def since(stand_in: CatalogProcess) -> str:
    """A moment after the Catalog was filled."""
    stand_in.control.set_runs({"key": key} for key in (FIRST, SECOND, CCX, OTHER))
    return datetime.now(UTC).isoformat()


def changed(caller: Caller, since: str, more: str = FIELDS) -> Answer:
    return caller.get(f"{COURSES_PATH}?timestamp={quote(since)}&{more}")


def test_nothing_changed_is_52_bytes(since: str, caller: Caller) -> None:
    assert len(changed(caller, since).body) == 52


def test_an_edit_lists_the_course_with_all_its_runs(
    stand_in: CatalogProcess, caller: Caller, since: str
) -> None:
    stand_in.control.upsert([{"key": SECOND, "status": "unpublished"}])

    runs = [{"key": CCX}, {"key": FIRST}, {"key": SECOND}]
    assert changed(caller, since).json["results"] == [{"key": "Org+One", "course_runs": runs}]


def test_an_edit_that_goes_around_the_publisher_is_not_seen(
    stand_in: CatalogProcess, caller: Caller, since: str
) -> None:
    stand_in.control.upsert([{"key": SECOND, "status": "unpublished"}], via_publisher=False)

    assert changed(caller, since).json["count"] == 0


def test_a_new_run_lists_its_course(stand_in: CatalogProcess, caller: Caller, since: str) -> None:
    stand_in.control.upsert([{"key": "course-v1:Org+Three+1T2026"}])

    assert changed(caller, since).keys == ["Org+Three"]


def test_a_course_without_runs_left_is_listed_without_runs(
    stand_in: CatalogProcess, caller: Caller, since: str
) -> None:
    stand_in.control.delete([OTHER])

    assert changed(caller, since).json["results"] == [{"key": "Org+Two", "course_runs": []}]


def test_an_edit_before_the_timestamp_is_not_listed(
    stand_in: CatalogProcess, caller: Caller, since: str
) -> None:
    stand_in.control.upsert([{"key": OTHER, "status": "unpublished"}])

    assert changed(caller, datetime.now(UTC).isoformat()).json["count"] == 0


def test_a_timestamp_before_the_catalog_lists_every_course(since: str, caller: Caller) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)

    assert changed(caller, yesterday.isoformat()).keys == ["Org+One", "Org+Two"]


def test_courses_come_in_the_order_of_their_keys_and_in_pages(
    stand_in: CatalogProcess, caller: Caller, since: str
) -> None:
    stand_in.control.upsert({"key": f"course-v1:Org+{number}+1T2026"} for number in (3, 1, 2))

    assert changed(caller, since, f"page=1&page_size=2&{FIELDS}").keys == ["Org+1", "Org+2"]


def test_courses_have_the_other_pagination_too(stand_in: CatalogProcess, caller: Caller, since: str) -> None:
    stand_in.control.upsert({"key": f"course-v1:Org+{number}+1T2026"} for number in (3, 1, 2))

    assert changed(caller, since, f"limit=2&offset=2&{FIELDS}").keys == ["Org+3"]


def test_hidden_runs_are_left_out_unless_asked_for(
    stand_in: CatalogProcess, caller: Caller, since: str
) -> None:
    stand_in.control.upsert([{"key": OTHER, "hidden": True}])

    answer = changed(caller, since, "fields=key,course_runs")
    assert answer.json["results"] == [{"key": "Org+Two", "course_runs": []}]


def test_hidden_runs_are_in_when_asked_for(stand_in: CatalogProcess, caller: Caller, since: str) -> None:
    stand_in.control.upsert([{"key": OTHER, "hidden": True}])

    assert changed(caller, since).json["results"][0]["course_runs"] == [{"key": OTHER}]


def test_without_fields_nested_runs_are_full_objects(
    stand_in: CatalogProcess, caller: Caller, since: str
) -> None:
    stand_in.control.upsert([{"key": OTHER}])

    run = changed(caller, since, "").json["results"][0]["course_runs"][0]
    assert {"key", "marketing_url", "status", "full_description"} <= run.keys()


def test_a_timestamp_that_is_none_is_a_bad_request(since: str, caller: Caller) -> None:
    answer = caller.get(f"{COURSES_PATH}?timestamp=yesterday")

    assert (answer.status, answer.json) == (400, {"timestamp": ["Enter a valid date/time."]})


def test_without_the_trailing_slash_it_redirects(caller: Caller) -> None:
    assert caller.get("/api/v1/courses").header("Location") == "/api/v1/courses/"


def test_courses_need_a_token(caller: Caller) -> None:
    assert caller.get(COURSES_PATH, authorized=False).status == 401
