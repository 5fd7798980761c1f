"""A sync with the LMS's own token, which the Catalog refuses after two requests."""

from __future__ import annotations

import pytest

from sandbox.catalog.auth import SIGNING_KEY
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH
from tests.hosts.openedx.edx_platform.courses import MARKETING_URLS, SERVICE_USER

pytest_plugins = ["tests.hosts.openedx.host"]
pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def host(make_host, catalog_process):
    """An LMS without OAuth2 settings."""
    return make_host("verawood", COURSE_CATALOG_API_URL=catalog_process.api_url)


@pytest.fixture(scope="module")
def lms(host, catalog_process):
    """What was seen in the LMS."""
    catalog_process.control.fault("status", status=401, match={"path": COURSE_RUNS_PATH, "nth": 3})
    return host.run("lms", "access")


@pytest.fixture(scope="module")
def requests(lms, catalog_process):
    """The requests for course runs, in their order."""
    return catalog_process.control.requests(COURSE_RUNS_PATH)


@pytest.fixture(scope="module")
def tokens(requests):
    """The value of the header Authorization of each request."""
    return [request.headers["Authorization"].removeprefix("JWT ") for request in requests]


def test_sync_survives_a_token_that_expires(lms, requests):
    assert lms["report"]["status"] == "succeeded"
    assert [request.status for request in requests].count(401) == 1


def test_new_token_replaces_the_refused_one(tokens):
    assert len(set(tokens[:3])) == 1
    assert tokens[0] not in tokens[3:]
    assert tokens[3] == tokens[4]


def test_status_shows_how_the_lms_reaches_the_catalog(lms, catalog_process):
    (access,) = lms["status"]["catalog_access"]
    assert (access["api_url"], access["user"]) == (catalog_process.api_url, SERVICE_USER)
    assert access["connection"]["course_runs"] == len(MARKETING_URLS)


def test_sync_requests_no_token(lms, catalog_process):
    assert catalog_process.control.requests(ACCESS_TOKEN_PATH) == []


def test_log_has_neither_token_nor_secret(lms, tokens):
    assert "event=catalog_sync.finished" in lms.log
    assert not any(secret in lms.log for secret in (SIGNING_KEY, *tokens))
