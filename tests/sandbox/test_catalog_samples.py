"""The stand-in Catalog against replies of the real service, as they came."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.catalog.testing import CatalogProcess
from tests.sandbox.catalog_caller import Answer, Caller

pytest_plugins = ["tests.sandbox.catalog_fixtures"]

SAMPLES = Path(__file__).parents[1] / "data" / "catalog_samples"
# The host that the samples were taken from; the service's links carry the Host they were asked with.
SAMPLED_HOST = {"Host": "127.0.0.1:18381"}
SAMPLED_COUNT = 3490
CHANGING_HEADERS = {"Date", "Content-Length", "Retry-After"}


def sample(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def ask(caller: Caller, recorded: dict[str, Any]) -> Answer:
    """The request of a sample, sent to the stand-in."""
    url = urlsplit(recorded["request"])
    return caller.get(f"{url.path}?{url.query}" if url.query else url.path, headers=SAMPLED_HOST)


def fill_up(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, first in the Catalog's order, among as many as the real service had."""
    return rows + [{"key": f"course-v1:zz+{number}+x"} for number in range(SAMPLED_COUNT - len(rows))]


def prepare(stand_in: CatalogProcess, name: str) -> None:
    """The state of the Catalog that a sample was taken in."""
    if name in ("list_fields_with_utm", "list_full_objects_3_of_100"):
        rows = sample(name)["body"]["results"]
        without_utm = [row | {"marketing_url": row["marketing_url"].partition("?")[0]} for row in rows]
        stand_in.control.set_runs(fill_up(without_utm))
    elif name in ("keys_one_200", "keys_plus_unencoded_200", "keys_ccx_unknown_200"):
        stand_in.control.set_runs(sample("keys_one_200")["body"]["results"])
    else:
        stand_in.control.generate(SAMPLED_COUNT)


def replay(stand_in: CatalogProcess, caller: Caller, name: str) -> tuple[dict[str, Any], Answer]:
    """A sample, and what the stand-in answers to its request."""
    prepare(stand_in, name)
    recorded = sample(name)
    if name == "no_auth_401":
        return recorded, caller.get(urlsplit(recorded["request"]).path, authorized=False)
    if name == "keys_uri_too_long_400":
        # The sample shortens its request; any that fills the web server's first read is answered like it.
        return recorded, caller.runs("keys=" + ",".join(["course-v1%3AAccraX%2BBIO00081x%2B1T2026_0"] * 300))
    if name == "expired_token_401":
        stand_in.control.settings(token_seconds=0)
    if name == "throttled_429":
        stand_in.control.settings(throttle_per_hour=1)
        ask(caller, recorded)
    return recorded, ask(caller, recorded)


# Whole bodies that do not depend on when, or on which rows, the sample was taken.
EXACT = [
    "exclude_utm_true_500",
    "expired_token_401",
    "keys_ccx_unknown_200",
    "keys_one_200",
    "keys_plus_unencoded_200",
    "keys_uri_too_long_400",
    "list_fields_with_utm",
    "no_auth_401",
    "offset_past_the_end_200",
    "page_abc_404",
    "page_out_of_range_404",
]
REPLAYED = [*EXACT, "list_full_objects_3_of_100", "throttled_429"]


def test_every_sample_is_held_against_the_stand_in() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == {*REPLAYED, "null_and_unpublished_rows"}


@pytest.mark.parametrize("name", REPLAYED)
def test_status_is_that_of_the_sample(stand_in: CatalogProcess, caller: Caller, name: str) -> None:
    recorded, answer = replay(stand_in, caller, name)

    assert answer.status == recorded["status"]


@pytest.mark.parametrize("name", REPLAYED)
def test_headers_are_those_of_the_sample_in_their_order(
    stand_in: CatalogProcess, caller: Caller, name: str
) -> None:
    recorded, answer = replay(stand_in, caller, name)

    def comparable(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(name, "…" if name in CHANGING_HEADERS else value) for name, value in headers]

    assert comparable(answer.headers) == comparable(list(recorded["headers"].items()))


@pytest.mark.parametrize("name", EXACT)
def test_body_is_that_of_the_sample(stand_in: CatalogProcess, caller: Caller, name: str) -> None:
    recorded, answer = replay(stand_in, caller, name)

    body = answer.body.decode() if isinstance(recorded["body"], str) else answer.json
    assert body == recorded["body"]


@pytest.mark.parametrize("name", EXACT)
def test_body_is_as_long_as_that_of_the_sample(stand_in: CatalogProcess, caller: Caller, name: str) -> None:
    recorded, answer = replay(stand_in, caller, name)

    assert answer.header("Content-Length") == recorded["headers"]["Content-Length"]


def test_fields_of_a_row_come_in_the_order_of_the_sample(stand_in: CatalogProcess, caller: Caller) -> None:
    recorded, answer = replay(stand_in, caller, "list_full_objects_3_of_100")

    assert list(answer.json["results"][-1]) == list(recorded["body"]["results"][0])


def test_full_rows_are_those_of_the_sample(stand_in: CatalogProcess, caller: Caller) -> None:
    recorded, answer = replay(stand_in, caller, "list_full_objects_3_of_100")

    assert answer.json["results"][:3] == recorded["body"]["results"]


def test_full_objects_link_to_the_next_page_as_the_sample(stand_in: CatalogProcess, caller: Caller) -> None:
    recorded, answer = replay(stand_in, caller, "list_full_objects_3_of_100")

    links = ("count", "next", "previous")
    assert {name: answer.json[name] for name in links} == {name: recorded["body"][name] for name in links}


def test_made_up_full_objects_weigh_as_much_as_the_sample(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.generate(SAMPLED_COUNT)

    answer = caller.runs("page=1&page_size=100&exclude_utm=1")

    sampled_bytes = int(sample("list_full_objects_3_of_100")["headers"]["Content-Length"])
    assert len(answer.body) == pytest.approx(sampled_bytes, rel=0.1)


@pytest.mark.parametrize("field", ["staff", "seats", "image", "video", "programs"])
def test_nested_objects_of_made_up_rows_have_the_shape_of_the_sample(
    stand_in: CatalogProcess, caller: Caller, field: str
) -> None:
    stand_in.control.generate(100)

    made_up = next(filter(None, (row[field] for row in caller.runs("page=1&page_size=100").json["results"])))
    sampled = sample("list_full_objects_3_of_100")["body"]["results"][0][field]
    assert shape(made_up) == shape(sampled)


def shape(value: Any) -> Any:
    """The names in a JSON object, and in those within it; of a list those of its first element."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case [first, *_]:
            return [shape(first)]
    return None


def test_throttled_body_is_that_of_the_sample_but_for_the_seconds(
    stand_in: CatalogProcess, caller: Caller
) -> None:
    recorded, answer = replay(stand_in, caller, "throttled_429")

    seconds = answer.header("Retry-After")
    assert answer.json == {"detail": recorded["body"]["detail"].replace("3508", str(seconds))}


@pytest.mark.parametrize("kind", ["null", "unpublished"])
def test_runs_without_url_and_unpublished_runs_are_listed_as_in_the_sample(
    stand_in: CatalogProcess, caller: Caller, kind: str
) -> None:
    rows = sample("null_and_unpublished_rows")[kind]
    stand_in.control.set_runs(rows)

    answer = caller.runs("fields=key,marketing_url,status,is_marketable,hidden&exclude_utm=1")

    assert answer.json["results"] == rows
