"""An LMS whose operator disables the step for ``CourseAboutPageURLRequested``."""

from __future__ import annotations

import pytest

from tests.hosts.openedx.edx_platform.courses import MARKETING_URLS, OFFERED, about_page
from tests.hosts.openedx.host import OTHER_FILTER, OTHER_PIPELINE

pytest_plugins = ["tests.hosts.openedx.host"]
pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module", params=["verawood", "master"])
def release(request):
    return request.param


@pytest.fixture(scope="module")
def lms(release, make_host, catalog_process):
    """The record of the LMS."""
    host = make_host(
        release, COURSE_CATALOG_API_URL=catalog_process.api_url, CATALOG_SYNC_ABOUT_PAGE_FILTER=False
    )
    return host.run("lms", "filter_off")


def test_sync_succeeds_with_the_address_of_the_yaml_file(lms):
    assert lms["report"]["status"] == "succeeded"


def test_only_an_lms_that_reads_the_marketing_url_itself_returns_it(lms, release):
    links = {version: links[OFFERED] for version, links in lms["after"].items()}
    expected = MARKETING_URLS[OFFERED] if release == "master" else about_page(OFFERED)
    assert links == dict.fromkeys(["v0.5", "v1", "v2", "v3", "v4"], expected)


def test_check_warns_only_if_the_lms_does_not_return_the_marketing_url(lms, release):
    assert ("catalog_sync.W012" in lms["check"]) == (release == "verawood")


def test_filters_are_those_of_the_yaml_file(lms):
    assert lms["filters"] == {OTHER_FILTER: OTHER_PIPELINE}


def test_admin_shows_the_about_page_and_its_cause_only_if_the_lms_returns_it(lms, release):
    about_pages = [each in lms["admin_page"] for each in (about_page(OFFERED), "ENABLE_MKTG_SITE")]
    assert about_pages == [release == "verawood"] * 2
