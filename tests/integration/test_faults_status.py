"""If the Catalog answers with another status than 200, the sync tries again where that helps, else names the remedy."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from sandbox.catalog.testing import ACCESS_TOKEN_PATH
from tests.integration.faulty import OFFSETS
from tests.raw_server import RawServer

pytest_plugins = ["tests.integration.fault_fixtures"]

HOUR = 3600


def test_401_once(sync, fault):
    fault("status", offset=OFFSETS[2], status=401)
    outcome = sync()
    outcome.assert_success()
    assert (outcome.report["requests"], outcome.report["retries"]) == (len(OFFSETS) + 2, 1)


def test_token_expires_during_the_sync(sync, fault, catalog):
    catalog.control.settings(token_seconds=2)
    fault("slow", offset=OFFSETS[1], seconds=2.1)
    outcome = sync()
    outcome.assert_success()
    assert len(catalog.control.requests(ACCESS_TOKEN_PATH)) >= 2


def test_401_for_ever(sync, fault):
    fault("status", times=None, status=401)
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The Catalog answered HTTP 401. Check that the Catalog trusts the tokens of "
        "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL. "
    )


def test_403(sync, fault):
    fault("status", offset=OFFSETS[1], times=None, status=403)
    outcome = sync()
    outcome.assert_failure(*range(5))
    assert outcome.report["requests"] == 2
    assert outcome.message.startswith(
        "The Catalog answered HTTP 403. Give the user of BACKEND_SERVICE_EDX_OAUTH2_KEY access to the Catalog API. "
    )


def test_404(sync, fault):
    fault("status", times=None, status=404)
    outcome = sync()
    outcome.assert_failure()
    assert outcome.message.startswith(
        "The Catalog answered HTTP 404. Set COURSE_CATALOG_API_URL to the root of the API, such as "
    )


def test_400(sync, fault):
    fault("status", offset=OFFSETS[1], times=None, status=400)
    outcome = sync()
    outcome.assert_incomplete(*range(5, 8))
    assert "answered HTTP 400" in outcome.message


def test_429_with_retry_after_in_seconds(sync, fault):
    fault("status", offset=OFFSETS[2], status=429, headers={"Retry-After": "1"})
    started = time.monotonic()
    outcome = sync()
    outcome.assert_success()
    assert time.monotonic() - started >= 1


def test_429_with_retry_after_as_a_date(sync, fault):
    retry_after = formatdate(time.time() + 2, usegmt=True)
    started = time.monotonic()
    fault("status", offset=OFFSETS[2], status=429, headers={"Retry-After": retry_after})
    outcome = sync()
    outcome.assert_success()
    assert time.monotonic() - started >= 1


def test_429_without_retry_after(sync, fault):
    fault("status", offset=OFFSETS[2], times=2, status=429)
    outcome = sync()
    outcome.assert_success()
    assert outcome.report["retries"] == 2


@pytest.mark.parametrize("as_a_date", [False, True])
def test_429_for_an_hour(sync, fault, as_a_date):
    retry_after = formatdate(time.time() + HOUR, usegmt=True) if as_a_date else str(HOUR)
    fault("status", offset=OFFSETS[2], times=None, status=429, headers={"Retry-After": retry_after})
    outcome = sync("--page-size", "5")
    outcome.assert_failure(*range(9))
    assert outcome.message.startswith("Rate limited by the Catalog (HTTP 429) for another 60 minutes.")
    assert (
        "the user of BACKEND_SERVICE_EDX_OAUTH2_KEY staff in the LMS, or give that user a UserThrottleRate"
        in (outcome.message)
    )
    assert "page size" in outcome.message
    assert outcome.report["retries"] == 0


def test_429_with_an_invalid_retry_after(sync, fault):
    fault("status", offset=OFFSETS[2], status=429, headers={"Retry-After": "\N{SUPERSCRIPT TWO}"})
    sync().assert_success()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_500_502_503_or_504_once(sync, fault, status):
    fault("status", offset=OFFSETS[2], status=status)
    outcome = sync()
    outcome.assert_success()
    [line] = outcome.events("request_retried")
    assert f"answered HTTP {status}" in line


@pytest.mark.parametrize(
    ("status", "attempts"),
    # At the page, and past the end of the list.
    [(500, 2 + 6), (502, 6 + 1), (503, 6 + 1), (504, 6 + 1)],
)
def test_500_502_503_or_504_for_ever(sync, fault, status, attempts):
    fault("status", times=None, status=status)
    outcome = sync()
    outcome.assert_failure()
    assert outcome.report["requests"] == attempts
    assert outcome.message.startswith(f"The Catalog answered HTTP {status}. ")
    assert outcome.message.endswith("/api/v1/course_runs/.")


def test_503_with_retry_after(sync, fault):
    fault("status", offset=OFFSETS[2], status=503, headers={"Retry-After": "1"})
    started = time.monotonic()
    sync().assert_success()
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    ("status", "attempts"),
    # At the page, and past the end of the list.
    [(500, 2 + 6), (502, 10 + 1), (503, 10 + 1), (504, 10 + 1)],
)
def test_500_502_503_or_504_from_the_middle_on(sync, fault, status, attempts):
    fault("status", times=None, nth=3, status=status)
    outcome = sync()
    outcome.assert_incomplete(*range(9, 20))
    assert outcome.report["requests"] == 2 + attempts
    assert (outcome.report["failures"], len(outcome.events("not_applied"))) == (1, 1)
    assert f"from 8 to the end of the list are missing, because the Catalog answered HTTP {status}" in (
        outcome.message
    )


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect(sync, fault, status):
    with RawServer(b"") as elsewhere:
        fault(
            "redirect",
            offset=OFFSETS[1],
            times=None,
            status=status,
            location=f"{elsewhere.url}/api/v1/course_runs/",
        )
        outcome = sync()
        outcome.assert_failure(*range(5))
        assert elsewhere.requests == []
    assert outcome.message.startswith(
        f"The Catalog redirected the request (HTTP {status}). Set COURSE_CATALOG_API_URL to the final address; if "
        "that is a login page, check any proxy in between. "
    )
