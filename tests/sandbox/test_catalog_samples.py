"""The stand-in Catalog replies like the real service: a comparison with recorded samples."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SAMPLES = Path(__file__).parents[1] / "data" / "catalog_samples"
# The host of the recorded requests, which is in the links of the replies.
SAMPLED_HOST = {"Host": "127.0.0.1:18381"}
SAMPLED_COUNT = 3490
CHANGING_HEADERS = {"Date", "Content-Length", "Retry-After"}


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


def repeat(caller, recorded):
    """Send the request of a sample to the stand-in."""
    url = urlsplit(recorded["request"])
    return caller.get(f"{url.path}?{url.query}" if url.query else url.path, headers=SAMPLED_HOST)


def fill_up(rows):
    """Add rows after the given ones until there are as many as in the real service."""
    return rows + [{"key": f"course-v1:zz+{number}+x"} for number in range(SAMPLED_COUNT - len(rows))]


def prepare(control, name):
    """Fill the Catalog as it was when the sample was recorded."""
    if name in ("list_fields_with_utm", "list_full_objects_3_of_100"):
        rows = sample(name)["body"]["results"]
        without_utm = [row | {"marketing_url": row["marketing_url"].partition("?")[0]} for row in rows]
        control.set_runs(fill_up(without_utm))
    elif name in ("keys_one_200", "keys_plus_unencoded_200", "keys_ccx_unknown_200"):
        control.set_runs(sample("keys_one_200")["body"]["results"])
    else:
        control.generate(SAMPLED_COUNT)
    if name == "expired_token_401":
        control.settings(token_seconds=0)


def replay(control, caller, name):
    """Return a sample and the stand-in's reply to its request."""
    prepare(control, name)
    recorded = sample(name)
    if name == "no_auth_401":
        return recorded, caller.get(urlsplit(recorded["request"]).path, authorized=False)
    if name == "keys_uri_too_long_400":
        # The sample's request is shortened. The reply is the same for every line that fills the server's first read.
        return recorded, caller.runs("keys=" + ",".join(["course-v1%3AAccraX%2BBIO00081x%2B1T2026_0"] * 300))
    if name == "throttled_429":
        control.settings(throttle_per_hour=1)
        repeat(caller, recorded)
    return recorded, repeat(caller, recorded)


# The bodies of these depend neither on the time nor on the rows.
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


def test_every_sample_is_compared():
    assert {path.stem for path in SAMPLES.glob("*.json")} == {*REPLAYED, "null_and_unpublished_rows"}


@pytest.mark.parametrize("name", REPLAYED)
def test_reply_is_that_of_the_sample(control, caller, name):
    recorded, answer = replay(control, caller, name)

    assert answer.status == recorded["status"]
    assert comparable(answer.headers) == comparable(recorded["headers"].items())
    if name in EXACT:
        body = answer.body.decode() if isinstance(recorded["body"], str) else answer.json
        assert body == recorded["body"]
        assert answer.header("Content-Length") == recorded["headers"]["Content-Length"]


def comparable(headers):
    """Return the headers in their order, without the values that change."""
    return [(name, "…" if name in CHANGING_HEADERS else value) for name, value in headers]


def test_full_objects_are_those_of_the_sample(control, caller):
    recorded, answer = replay(control, caller, "list_full_objects_3_of_100")

    sampled = recorded["body"]["results"]
    assert answer.json["results"][:3] == sampled
    # The last row is generated.
    assert list(answer.json["results"][-1]) == list(sampled[0])
    links = ("count", "next", "previous")
    assert {name: answer.json[name] for name in links} == {name: recorded["body"][name] for name in links}


def test_generated_full_objects_have_the_size_and_shape_of_the_sample(control, caller):
    control.generate(SAMPLED_COUNT)

    answer = caller.runs("page=1&page_size=100&exclude_utm=1")

    recorded = sample("list_full_objects_3_of_100")
    assert len(answer.body) == pytest.approx(int(recorded["headers"]["Content-Length"]), rel=0.1)
    for field in ("staff", "seats", "image", "video", "programs"):
        generated = next(row[field] for row in answer.json["results"] if row[field])
        assert shape(generated) == shape(recorded["body"]["results"][0][field])


def shape(value):
    """Return the names in a JSON object and in the objects in it; of a list, those of its first element."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case [first, *_]:
            return [shape(first)]
    return None


def test_throttled_body_is_that_of_the_sample_except_the_seconds(control, caller):
    recorded, answer = replay(control, caller, "throttled_429")

    seconds = answer.header("Retry-After")
    assert answer.json == {"detail": recorded["body"]["detail"].replace("3508", str(seconds))}


@pytest.mark.parametrize("kind", ["null", "unpublished"])
def test_course_runs_without_url_and_unpublished_ones_are_listed_as_in_the_sample(control, caller, kind):
    rows = sample("null_and_unpublished_rows")[kind]
    control.set_runs(rows)

    answer = caller.runs("fields=key,marketing_url,status,is_marketable,hidden&exclude_utm=1")

    assert answer.json["results"] == rows
