"""What a failure says: one sentence, with an address that shows no password."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.catalog_client.failures import plain, refused, unreachable, without_credentials

URL = "https://catalog.example.org/api/v1/course_runs/?limit=5"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 3508 ", 3508),
        ("Sat, 21 Nov 2020 22:12:00 GMT", 0),
        ("", None),
        (None, None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\N{SUPERSCRIPT TWO}", None),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after(header, seconds):
    assert refused(URL, 429, header).retry_after == seconds


def test_retry_after_as_a_date():
    asked = refused(URL, 429, formatdate(time.time() + 60, usegmt=True)).retry_after
    assert asked == pytest.approx(60, abs=2)


@given(st.text())
def test_retry_after_may_be_anything(header):
    asked = refused(URL, 503, header).retry_after
    assert asked is None or asked >= 0


@given(st.integers(100, 599).filter(lambda status: status != 200), st.none() | st.text(max_size=8))
def test_any_status_is_one_sentence(status, retry_after):
    message = str(refused(URL, status, retry_after))
    assert message.startswith("https://catalog.example.org/api/v1/course_runs/ ")
    assert message.endswith(".")
    assert ".." not in message
    assert f"HTTP {status}" in message


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pass@h/a?b=c",
        "https://user@h/a?b=c",
        "https://h/a?b=c",
        "https://h/a?b=c#part",
        # A password that should have been quoted.
        "https://user:pa/ss@h/a?b=c",
        "https://user:pa?ss@h/a?b=c",
        "https://user:pa#ss@h/a?b=c",
        "https://user:pa@ss@h/a?b=c",
        "https://user:pa[ss@h/a?b=c",
        "https://user:pa//ss@h/a?b=c",
    ],
)
def test_address_shows_no_credentials(url):
    assert without_credentials(url) == "https://h/a?b=c"


@pytest.mark.parametrize("url", ["user:pass@h/a", "http:user:pass@h/a", "h/a"])
def test_address_without_slashes_shows_no_credentials(url):
    assert without_credentials(url) == "h/a"


def test_address_in_a_message_has_no_query():
    assert plain(URL) == "https://catalog.example.org/api/v1/course_runs/"


@given(st.text())
def test_any_address_can_be_shown(url):
    assert isinstance(plain(url), str)


def test_error_that_is_its_own_cause():
    error = OSError("x")
    error.__context__ = ValueError(error)
    assert "could not be read (OSError)" in str(unreachable(URL, error))
