"""The list of course runs: each row of the table in docs/references/catalog-api.rst."""

from urllib.parse import urlsplit

import pytest

from sandbox.catalog.testing import COURSE_RUNS_PATH
from tests.sandbox.conftest import RUNS

FIELDS = "fields=key,marketing_url,status"


def links(answer):
    """Return the query strings of ``next`` and ``previous``."""
    return tuple(link and urlsplit(link).query for link in (answer.json["next"], answer.json["previous"]))


@pytest.mark.parametrize("authorized", [True, False])
def test_path_without_the_trailing_slash_redirects_also_without_a_token(caller, authorized):
    answer = caller.get("/api/v1/course_runs?page=1", authorized=authorized)

    assert (answer.status, answer.header("Location")) == (301, "/api/v1/course_runs/?page=1")


def test_other_paths_are_not_found(caller):
    assert caller.get("/api/v1/course_rnus/").status == 404


def test_reply_has_count_links_and_results(keys, caller):
    content = caller.runs(FIELDS).json

    assert list(content) == ["count", "next", "previous", "results"]
    assert content["count"] == RUNS


def test_order_is_that_of_the_lower_case_keys(control, caller):
    control.set_runs({"key": key} for key in ("course-v1:b+b+b", "course-v1:A+a+a", "course-v1:a+B+b"))

    assert caller.runs(FIELDS).keys == ["course-v1:A+a+a", "course-v1:a+B+b", "course-v1:b+b+b"]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("page_size=100", 0, 20),
        ("page=2&page_size=100", 100, 200),
        ("page=last&page_size=100", 200, RUNS),
        ("limit=100&offset=30", 30, 130),
        ("page=1&page_size=5&limit=100&offset=30", 0, 5),
        ("page=&limit=5&offset=30", 30, 35),
        ("limit=10000", 0, RUNS),
        *[(f"limit=100&offset={offset}", RUNS, RUNS) for offset in (RUNS, RUNS + 1, 10**9)],
        *[(f"limit=10&offset={offset}", 0, 10) for offset in ("abc", "-5", "")],
        *[(f"page=1&page_size={size}", 0, 20) for size in ("0", "abc", "-1", "")],
        *[(f"limit={size}", 0, 20) for size in ("0", "abc", "-1", "")],
    ],
)
def test_query_selects_the_page(keys, caller, query, first, last):
    answer = caller.runs(f"{query}&{FIELDS}")

    assert (answer.status, answer.keys) == (200, keys[first:last])


@pytest.mark.parametrize("page", ["4", "0", "-1", "abc", "1.5"])
def test_page_that_does_not_exist_is_not_found(keys, caller, page):
    answer = caller.runs(f"page={page}&page_size=100")

    assert (answer.status, answer.body) == (404, b'{"detail":"Invalid page."}')


def test_first_page_of_an_empty_catalog_is_empty(caller):
    assert caller.runs("page=1").json == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    ("query", "following", "previous"),
    [
        ("page_size=100", "limit=20&offset=20&page_size=100", None),
        (
            f"page=1&page_size=100&{FIELDS}&exclude_utm=1",
            "exclude_utm=1&fields=key%2Cmarketing_url%2Cstatus&page=2&page_size=100",
            None,
        ),
        # The link to the first page has no page number, so it selects the other pagination.
        ("page=2&page_size=100", "page=3&page_size=100", "page_size=100"),
        ("page=3&page_size=100", None, "page=2&page_size=100"),
        ("limit=50&offset=50", "limit=50&offset=100", "limit=50"),
        ("limit=50&offset=100", "limit=50&offset=150", "limit=50&offset=50"),
    ],
)
def test_links_keep_the_query(keys, caller, query, following, previous):
    assert links(caller.runs(query)) == (following, previous)


def test_links_to_the_next_page_lead_to_every_course_run_once(keys, caller):
    answer = caller.runs(f"limit=60&{FIELDS}")
    found = answer.keys
    while answer.json["next"]:
        url = urlsplit(answer.json["next"])
        answer = caller.get(f"{url.path}?{url.query}")
        found += answer.keys

    assert found == keys


UTM = "?utm_source=lms_staff_service_user&utm_medium=affiliate_partner"


@pytest.mark.parametrize(
    ("query", "stored", "listed"),
    [
        ("exclude_utm=1", "https://x.example/y", "https://x.example/y"),
        ("exclude_utm=0", "https://x.example/y", f"https://x.example/y{UTM}"),
        ("", "https://x.example/y", f"https://x.example/y{UTM}"),
        ("", None, None),
        ("", "", ""),
    ],
)
def test_marketing_url_has_utm_parameters_unless_they_are_excluded(control, caller, query, stored, listed):
    control.set_runs([{"key": "course-v1:A+B+C", "marketing_url": stored}])

    assert caller.runs(query).json["results"][0]["marketing_url"] == listed


@pytest.mark.parametrize("value", ["true", "", "yes"])
def test_flag_that_is_not_an_integer_is_a_server_error(keys, caller, value):
    answer = caller.runs(f"exclude_utm={value}")

    assert (answer.status, answer.header("Content-Type")) == (500, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("fields", "listed"),
    [
        ("key,marketing_url,status", ["key", "marketing_url", "status"]),
        (
            "content_language,status,eligible_for_financial_aid,key",
            ["key", "status", "content_language", "eligible_for_financial_aid"],
        ),
        ("key,shoe_size", ["key"]),
    ],
)
def test_fields_are_the_only_ones_in_the_order_of_the_service(keys, caller, fields, listed):
    assert list(caller.runs(f"fields={fields}").json["results"][0]) == listed


@pytest.mark.parametrize("fields", ["eligible_for_financial_aid,content_language", "title,start,hidden"])
def test_field_has_the_value_of_the_full_object(keys, caller, fields):
    alone = caller.runs(f"fields={fields}").json["results"]
    full = caller.runs().json["results"]

    assert alone == [{name: row[name] for name in row if name in fields.split(",")} for row in full]


def test_fields_save_nearly_all_bytes(keys, caller):
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
def test_other_parameters_are_ignored(keys, caller, query):
    assert caller.runs(f"limit=1000&fields=key&{query}").keys == keys


def test_ordering_by_start_has_no_tie_break(keys, control, caller):
    control.settings(cache=False)
    start = "2024-01-01T00:00:00Z"
    control.upsert({"key": key, "start": start} for key in keys[:50])

    replies = [caller.runs("limit=1000&fields=key,start&ordering=start") for _ in range(2)]
    starts = [row["start"] for row in replies[0].json["results"]]
    assert starts == sorted(starts)
    assert replies[0].keys[:50] != replies[1].keys[:50]


def test_marketable_leaves_out_course_runs_that_are_unpublished_or_have_no_url(control, caller):
    control.set_runs(
        [
            {"key": "course-v1:A+B+published"},
            {"key": "course-v1:A+B+without_url", "marketing_url": None},
            {"key": "course-v1:A+B+unpublished", "status": "unpublished"},
        ]
    )

    assert caller.runs("marketable=1").keys == ["course-v1:A+B+published"]


def test_reply_has_no_cache_headers_no_gzip_and_no_keep_alive(keys, caller):
    answer = caller.runs(headers={"Accept-Encoding": "gzip", "Connection": "keep-alive"})

    names = ("ETag", "Last-Modified", "Cache-Control", "Content-Encoding")
    assert [answer.header(name) for name in names] == [None] * 4
    assert answer.header("Connection") == "close"


def test_head_has_the_headers_only(keys, caller):
    headers = {"Authorization": f"JWT {caller.token}"}

    answer = caller.send("HEAD", f"{COURSE_RUNS_PATH}?fields=key", headers=headers)
    assert (answer.body, int(answer.header("Content-Length") or 0) > 0) == (b"", True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_list_is_read_only(caller, method):
    headers = {"Authorization": f"JWT {caller.token}"}

    assert caller.send(method, COURSE_RUNS_PATH, headers=headers).status == 405
