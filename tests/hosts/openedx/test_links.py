"""The links of a stock LMS and of its Studio, before and after the first sync."""

from __future__ import annotations

import pytest

from catalog_sync import conf
from tests.hosts.openedx.edx_platform.courses import (
    CATALOG_MFE_URL,
    CCX,
    FEW,
    LMS_ROOT_URL,
    MANY,
    MARKETING_URLS,
    OFFERED,
    OLD,
    ORGANIZATIONS,
    SOCIAL,
    SOCIAL_URL,
    UNKNOWN,
    UNPUBLISHED,
    about_page,
)
from tests.hosts.openedx.host import OTHER_FILTER, OTHER_PIPELINE

pytest_plugins = ["tests.hosts.openedx.host"]
pytestmark = pytest.mark.packaging

VERSIONS = ["v0.5", "v1", "v2", "v3", "v4"]
ABOUT_PAGES = {key: about_page(key) for key in FEW}
SYNCED = {
    OFFERED: MARKETING_URLS[OFFERED],
    SOCIAL: MARKETING_URLS[SOCIAL],
    OLD: MARKETING_URLS[OLD],
    CCX: MARKETING_URLS[OFFERED],
    UNPUBLISHED: about_page(UNPUBLISHED),
    UNKNOWN: about_page(UNKNOWN),
}
# The scenario of Studio has no request of a learner's site.
IN_STUDIO = SYNCED | {key: about_page(key, LMS_ROOT_URL) for key in (UNPUBLISHED, UNKNOWN)}
FILTERS = {
    OTHER_FILTER: OTHER_PIPELINE,
    conf.ABOUT_PAGE_FILTER: {"fail_silently": True, "pipeline": [conf.ABOUT_PAGE_STEP]},
}


@pytest.fixture(scope="module", params=["verawood", "master"])
def release(request):
    return request.param


@pytest.fixture(scope="module")
def host(release, make_host):
    return make_host(release)


@pytest.fixture(scope="module")
def lms(host, catalog_process):
    """The record of the LMS."""
    return host.run("lms", "learner", catalog_process.api_url)


@pytest.fixture(scope="module")
def studio(host, lms):
    """The record of Studio after the sync of the LMS."""
    return host.run("cms", "studio")


@pytest.mark.parametrize("version", VERSIONS)
def test_mobile_api_returns_the_about_page_before_the_sync(lms, version):
    assert lms["before"][version] == ABOUT_PAGES


def test_sync_succeeds_with_the_address_of_the_site_configuration(lms):
    assert (lms["report"]["status"], lms["report"]["matched"]) == ("succeeded", len(MARKETING_URLS) + 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_mobile_api_returns_the_marketing_url_after_the_sync(lms, version):
    assert lms["after"][version] == SYNCED


def test_social_sharing_url_has_priority_if_the_lms_has_custom_course_urls(lms):
    assert lms["custom_course_urls"] == SYNCED | {SOCIAL: SOCIAL_URL}


def test_list_of_a_thousand_enrollments_costs_one_query_per_organization(lms):
    assert lms["more_queries"] <= ORGANIZATIONS


def test_list_of_a_thousand_enrollments_has_the_marketing_urls(lms):
    assert lms["long_list"] == {key: MARKETING_URLS[key] for key in MANY}


def test_default_settings_keep_the_language_of_the_catalog(lms):
    assert lms["languages"] == ["pt-br"]


def test_check_of_the_lms_finds_nothing(lms):
    assert "no issues" in lms["check"]


def test_lms_keeps_the_pipeline_of_another_plugin(lms):
    assert lms["filters"] == FILTERS


def test_studio_keeps_the_pipeline_of_another_plugin(studio):
    assert studio["filters"] == FILTERS


def test_studio_returns_the_marketing_url_of_a_course_block(studio):
    assert studio["links_of_blocks"] == IN_STUDIO


def test_studio_returns_the_marketing_url_of_a_course_block_if_the_lms_has_the_catalog_mfe(studio, release):
    root_url = CATALOG_MFE_URL if release == "master" else LMS_ROOT_URL
    others = {key: about_page(key, root_url) for key in (UNPUBLISHED, UNKNOWN)}
    assert studio["links_of_blocks_with_mfe"] == SYNCED | others


def test_our_link_of_a_course_block_in_studio_needs_only_the_block(studio):
    about_pages = {key: about_page(key, LMS_ROOT_URL) for key in FEW}
    assert studio["our_links_of_blocks"] == about_pages | {SOCIAL: SOCIAL_URL}


def test_our_link_of_a_course_overview_in_studio_is_its_social_or_marketing_url(studio):
    assert studio["our_links_of_overviews"] == IN_STUDIO | {SOCIAL: SOCIAL_URL}


def test_check_of_studio_finds_nothing(studio):
    assert "no issues" in studio["check"]
