"""For any bytes, the decoder returns a page or raises ``MalformedReply``; no text of a page breaks a database."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client.errors import MalformedReply
from catalog_sync.catalog_client.schemas import Page, decode_page
from tests.properties import examples

MOST_EXAMPLES = examples(200)

texts = st.text(st.characters(exclude_categories=()), max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["course-v1:A+B+C", "A/B/C", "ccx-v1:A+B+C+ccx@1"]) | texts
valid_records = st.fixed_dictionaries(
    {"key": st.sampled_from(["course-v1:A+B+C", "A/B/C", "ccx-v1:A+B+C+ccx@1"])},
    optional={
        "marketing_url": st.none() | texts,
        "status": st.none() | st.sampled_from(["published", "reviewed"]),
    },
)
records = (
    valid_records
    | values
    | st.fixed_dictionaries(
        {},
        optional={
            "key": keys | values,
            "marketing_url": texts | values,
            "status": texts | values,
            "eligible_for_financial_aid": values,
            "content_language": texts | values,
            "unknown": values,
        },
    )
)
replies = st.fixed_dictionaries(
    {"count": st.integers(min_value=0, max_value=5), "results": st.lists(records, max_size=6)}
)
near_replies = st.fixed_dictionaries(
    {}, optional={"count": values, "results": st.lists(records, max_size=4) | values, "next": values}
)


def decoded(body: bytes) -> Page | None:
    """Return the page, or None if the bytes are not a page; any other exception fails the test."""
    try:
        return decode_page(body)
    except MalformedReply:
        return None


def as_json(value: object, *, ascii_only: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass")


def spliced(reply: object, noise: bytes, at: int) -> bytes:
    body = as_json(reply, ascii_only=False)
    return body[:at] + noise + body[at:]


bodies = (
    st.binary(max_size=200)
    | st.builds(as_json, values | near_replies, ascii_only=st.booleans())
    | st.builds(spliced, replies, st.binary(min_size=1, max_size=3), st.integers(0, 400))
    | st.builds(lambda reply, end: as_json(reply, ascii_only=True)[:end], replies, st.integers(0, 400))
)


@examples(800)
@given(bodies)
def test_any_bytes_are_a_page_or_a_malformed_reply(body):
    assert isinstance(decoded(body), Page | None)


@MOST_EXAMPLES
@given(replies, st.booleans())
def test_each_record_is_valid_or_rejected(reply, ascii_only):
    page = decode_page(as_json(reply, ascii_only=ascii_only))
    assert page.rows == len(reply["results"])
    valid_keys = {run.key for run in page.course_runs}
    rejected = page.rows - sum(
        isinstance(record, dict) and str(record.get("key")) in valid_keys for record in reply["results"]
    )
    assert rejected <= len(page.rejected) <= page.rows


@MOST_EXAMPLES
@given(st.lists(valid_records, max_size=4), records)
def test_valid_records_are_accepted_beside_any_other(good, other):
    page = decode_page(as_json({"count": 9, "results": [*good, other]}, ascii_only=True))
    assert {record["key"] for record in good} <= {course_run.key for course_run in page.course_runs}


@MOST_EXAMPLES
@given(replies, st.booleans())
def test_accepted_text_has_no_control_characters(reply, ascii_only):
    page = decode_page(as_json(reply, ascii_only=ascii_only))
    for run in page.course_runs:
        for text in (run.key, run.status or "", run.content_language or ""):
            assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


@MOST_EXAMPLES
@given(replies, st.booleans())
def test_text_for_the_log_can_be_encoded(reply, ascii_only):
    page = decode_page(as_json(reply, ascii_only=ascii_only))
    for record in page.rejected:
        assert f"{record.key} {record.reason}".encode()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"count": 1, "results": ' + b"[" * 1_000_000,
        b'{"count": 1, "results": [{"key": "A/B/C", "x": ' + b'{"x": ' * 1_000_000,
        b'{"count": 1, "results": [' + b"[" * 200_000 + b"]" * 200_000 + b"]}",
        b'{"count": 1' + b"0" * 100_000 + b', "results": []}',
        b'{"count": 1, "results": [], "x": 1' + b"0" * 100_000 + b"}",
        b"\xef\xbb\xbf" + b'{"count": 0, "results": []',
        b'{"count": NaN, "results": []}',
        b'{"count": 2147483648, "results": []}',
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_bytes_that_break_decoders_are_a_page_or_a_malformed_reply(body):
    assert isinstance(decoded(body), Page | None)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"results": []}',
        b'{"count": "20", "results": []}',
        b'{"count": 20, "results": {}}',
        b'{"count": 1e400, "results": []}',
        b'{"count": 99999999999999999999, "results": []}',
    ],
    ids=bytes.decode,
)
def test_json_of_another_shape_is_not_a_page(body):
    assert decoded(body) is None


def test_reason_is_short():
    with pytest.raises(MalformedReply) as caught:
        decode_page(b'{"count": "' + b"x" * 10_000 + b'", "results": []}')
    assert len(str(caught.value)) <= 200


def test_last_of_two_records_with_one_key_is_used():
    records = [{"key": "A/B/C", "status": "reviewed"}, {"key": "A/B/C", "status": "published"}]
    [run] = decode_page(as_json({"count": 1, "results": records}, ascii_only=True)).course_runs
    assert run.status == "published"
