"""The list of course runs, row by row of the table in docs/references/catalog-api.rst."""

from urllib.parse import urlsplit

import pytest

from sandbox.catalog.testing import COURSE_RUNS_PATH, CatalogProcess
from tests.sandbox.catalog_caller import Answer, Caller
from tests.sandbox.catalog_fixtures import RUNS

pytest_plugins = ["tests.sandbox.catalog_fixtures"]

FIELDS = "fields=key,marketing_url,status"


def follow(caller: Caller, link: str) -> Answer:
    url = urlsplit(link)
    return caller.get(f"{url.path}?{url.query}")


def links(answer: Answer) -> tuple[str | None, str | None]:
    """The query strings of ``next`` and ``previous``."""
    found = (answer.json["next"], answer.json["previous"])
    return tuple(link and urlsplit(link).query for link in found)


def test_without_the_trailing_slash_it_redirects(caller: Caller) -> None:
    answer = caller.get("/api/v1/course_runs?page=1")

    assert (answer.status, answer.header("Location")) == (301, "/api/v1/course_runs/?page=1")


def test_redirects_before_it_asks_for_a_token(caller: Caller) -> None:
    assert caller.get("/api/v1/course_runs", authorized=False).status == 301


def test_other_paths_are_not_found(caller: Caller) -> None:
    assert caller.get("/api/v1/course_rnus/").status == 404


def test_a_reply_has_count_links_and_results(keys: list[str], caller: Caller) -> None:
    assert list(caller.runs(FIELDS).json) == ["count", "next", "previous", "results"]


def test_runs_come_in_the_order_of_their_lowered_keys(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.set_runs(
        {"key": key} for key in ("course-v1:b+b+b", "course-v1:A+a+a", "course-v1:a+B+b")
    )

    assert caller.runs(FIELDS).keys == ["course-v1:A+a+a", "course-v1:a+B+b", "course-v1:b+b+b"]


def test_count_is_of_all_runs(keys: list[str], caller: Caller) -> None:
    assert caller.runs(FIELDS).json["count"] == RUNS


def test_page_size_alone_is_ignored(keys: list[str], caller: Caller) -> None:
    assert caller.runs("page_size=100").keys == keys[:20]


def test_page_size_alone_stays_in_the_link_of_the_other_pagination(keys: list[str], caller: Caller) -> None:
    assert links(caller.runs("page_size=100")) == ("limit=20&offset=20&page_size=100", None)


def test_page_and_page_size_are_a_page(keys: list[str], caller: Caller) -> None:
    assert caller.runs("page=2&page_size=100").keys == keys[100:200]


def test_next_page_keeps_the_query(keys: list[str], caller: Caller) -> None:
    answer = caller.runs(f"page=1&page_size=100&{FIELDS}&exclude_utm=1")

    wanted = "exclude_utm=1&fields=key%2Cmarketing_url%2Cstatus&page=2&page_size=100"
    assert links(answer) == (wanted, None)


def test_last_page_has_no_next(keys: list[str], caller: Caller) -> None:
    assert links(caller.runs("page=3&page_size=100")) == (None, "page=2&page_size=100")


def test_previous_of_the_second_page_loses_its_page_number(keys: list[str], caller: Caller) -> None:
    assert links(caller.runs("page=2&page_size=100"))[1] == "page_size=100"


def test_limit_and_offset_are_a_page(keys: list[str], caller: Caller) -> None:
    assert caller.runs("limit=100&offset=30").keys == keys[30:130]


def test_links_of_limit_and_offset(keys: list[str], caller: Caller) -> None:
    assert links(caller.runs("limit=50&offset=100")) == ("limit=50&offset=150", "limit=50&offset=50")


def test_previous_of_the_second_window_has_no_offset(keys: list[str], caller: Caller) -> None:
    assert links(caller.runs("limit=50&offset=50"))[1] == "limit=50"


def test_page_wins_over_limit_and_offset(keys: list[str], caller: Caller) -> None:
    assert caller.runs("page=1&page_size=5&limit=100&offset=30").keys == keys[:5]


def test_an_empty_page_leaves_limit_and_offset(keys: list[str], caller: Caller) -> None:
    assert caller.runs("page=&limit=5&offset=30").keys == keys[30:35]


def test_following_the_links_meets_every_run_once(keys: list[str], caller: Caller) -> None:
    answer = caller.runs(f"limit=60&{FIELDS}")
    met = answer.keys
    while answer.json["next"]:
        answer = follow(caller, answer.json["next"])
        met += answer.keys

    assert met == keys


def test_no_maximum(keys: list[str], caller: Caller) -> None:
    assert caller.runs(f"limit=10000&{FIELDS}").keys == keys


@pytest.mark.parametrize("page", ["4", "0", "-1", "abc", "1.5"])
def test_a_page_that_is_none_is_not_found(keys: list[str], caller: Caller, page: str) -> None:
    answer = caller.runs(f"page={page}&page_size=100")

    assert (answer.status, answer.body) == (404, b'{"detail":"Invalid page."}')


def test_first_page_of_an_empty_catalog_is_empty(caller: Caller) -> None:
    assert caller.runs("page=1").json == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize("offset", [RUNS, RUNS + 1, 10**9])
def test_offset_past_the_end_is_empty(keys: list[str], caller: Caller, offset: int) -> None:
    answer = caller.runs(f"limit=100&offset={offset}")

    assert (answer.status, answer.keys) == (200, [])


@pytest.mark.parametrize("offset", ["abc", "-5", ""])
def test_offset_that_is_none_is_zero(keys: list[str], caller: Caller, offset: str) -> None:
    assert caller.runs(f"limit=10&offset={offset}").keys == keys[:10]


@pytest.mark.parametrize("size", ["0", "abc", "-1", ""])
@pytest.mark.parametrize("request_of_size", ["page=1&page_size={}", "limit={}"])
def test_a_size_that_is_none_is_silently_20(
    keys: list[str], caller: Caller, request_of_size: str, size: str
) -> None:
    assert caller.runs(request_of_size.format(size)).keys == keys[:20]


def test_clean_urls_with_exclude_utm(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C", "marketing_url": "https://x.example/y"}])

    assert caller.runs("exclude_utm=1").json["results"][0]["marketing_url"] == "https://x.example/y"


@pytest.mark.parametrize("query", ["", "exclude_utm=0"])
def test_without_it_the_caller_is_appended(stand_in: CatalogProcess, caller: Caller, query: str) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C", "marketing_url": "https://x.example/y"}])

    marked = "https://x.example/y?utm_source=lms_staff_service_user&utm_medium=affiliate_partner"
    assert caller.runs(query).json["results"][0]["marketing_url"] == marked


@pytest.mark.parametrize("url", [None, ""])
def test_a_run_without_url_gets_no_utm(stand_in: CatalogProcess, caller: Caller, url: str | None) -> None:
    stand_in.control.set_runs([{"key": "course-v1:A+B+C", "marketing_url": url}])

    assert caller.runs().json["results"][0]["marketing_url"] == url


@pytest.mark.parametrize("value", ["true", "", "yes"])
def test_flags_that_are_no_integers_break_the_service(keys: list[str], caller: Caller, value: str) -> None:
    answer = caller.runs(f"exclude_utm={value}")

    assert (answer.status, answer.header("Content-Type")) == (500, "text/html; charset=utf-8")


def test_fields_are_the_only_ones(keys: list[str], caller: Caller) -> None:
    assert list(caller.runs(FIELDS).json["results"][0]) == ["key", "marketing_url", "status"]


def test_fields_come_in_the_order_of_the_service(keys: list[str], caller: Caller) -> None:
    row = caller.runs("fields=content_language,status,eligible_for_financial_aid,key").json["results"][0]

    assert sorted(row) == ["content_language", "eligible_for_financial_aid", "key", "status"]
    assert next(iter(row)) == "key"


@pytest.mark.parametrize("fields", ["eligible_for_financial_aid,content_language", "title,start,hidden"])
def test_a_field_says_the_same_alone_and_in_the_full_object(
    keys: list[str], caller: Caller, fields: str
) -> None:
    alone = caller.runs(f"fields={fields}").json["results"]
    full = caller.runs().json["results"]

    assert alone == [{name: row[name] for name in row if name in fields.split(",")} for row in full]


def test_unknown_fields_are_left_out(keys: list[str], caller: Caller) -> None:
    assert caller.runs("fields=key,shoe_size").json["results"][0] == {"key": keys[0]}


def test_fields_save_nearly_all_bytes(keys: list[str], caller: Caller) -> None:
    few, full = caller.runs(f"limit=100&{FIELDS}"), caller.runs("limit=100")

    assert len(few.body) * 20 < len(full.body)


@pytest.mark.parametrize(
    "query",
    [
        "status=unpublished",
        "updated_after=2090-01-01T00:00:00Z",
        "partner=nobody",
        "ordering=key",
        "ordering=-key",
    ],
)
def test_other_parameters_are_ignored(keys: list[str], caller: Caller, query: str) -> None:
    assert caller.runs(f"limit=1000&fields=key&{query}").keys == keys


def test_ordering_by_start_is_by_start(keys: list[str], caller: Caller) -> None:
    starts = [row["start"] for row in caller.runs("limit=1000&ordering=start").json["results"]]

    assert starts == sorted(starts)


def test_ordering_by_start_has_no_tie_break(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(cache=False)
    start = "2026-01-01T00:00:00Z"
    stand_in.control.set_runs({"key": f"course-v1:A+B+{number}", "start": start} for number in range(50))

    orders = [caller.runs("limit=50&fields=key&ordering=start").keys for _ in range(2)]
    assert orders[0] != orders[1]


def test_marketable_leaves_out_runs_without_url_and_the_unpublished(
    stand_in: CatalogProcess, caller: Caller
) -> None:
    stand_in.control.set_runs(
        [
            {"key": "course-v1:A+B+published"},
            {"key": "course-v1:A+B+without_url", "marketing_url": None},
            {"key": "course-v1:A+B+unpublished", "status": "unpublished"},
        ]
    )

    assert caller.runs("marketable=1").keys == ["course-v1:A+B+published"]


@pytest.mark.parametrize("name", ["ETag", "Last-Modified", "Cache-Control", "Content-Encoding"])
def test_headers_that_the_service_does_not_send(keys: list[str], caller: Caller, name: str) -> None:
    assert caller.runs(headers={"Accept-Encoding": "gzip"}).header(name) is None


def test_connection_is_not_kept_alive(keys: list[str], caller: Caller) -> None:
    assert caller.runs(headers={"Connection": "keep-alive"}).header("Connection") == "close"


def test_head_is_the_headers_alone(keys: list[str], caller: Caller) -> None:
    headers = {"Authorization": f"JWT {caller.token}"}

    answer = caller.send("HEAD", f"{COURSE_RUNS_PATH}?fields=key", headers=headers)
    assert (answer.body, int(answer.header("Content-Length") or 0) > 0) == (b"", True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_nothing_is_written_through_the_list(caller: Caller, method: str) -> None:
    headers = {"Authorization": f"JWT {caller.token}"}

    assert caller.send(method, COURSE_RUNS_PATH, headers=headers).status == 405
