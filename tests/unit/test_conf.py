"""The settings: their defaults, and that they are read when they are asked for."""

from __future__ import annotations

import pytest

from catalog_sync import conf

DEFAULTS = {
    "course_overview_model": ("CATALOG_SYNC_COURSE_OVERVIEW_MODEL", "course_overviews.CourseOverview"),
    "session_factory": ("CATALOG_SYNC_SESSION_FACTORY", ""),
    "fields": ("CATALOG_SYNC_FIELDS", {"marketing_url": "marketing_url"}),
    "run_statuses": ("CATALOG_SYNC_RUN_STATUSES", ("published",)),
    "marketing_url_hosts": ("CATALOG_SYNC_MARKETING_URL_HOSTS", None),
    "stale_after_hours": ("CATALOG_SYNC_STALE_AFTER_HOURS", 12),
    "health_token": ("CATALOG_SYNC_HEALTH_TOKEN", ""),
    "catalogs": ("COURSE_CATALOG_API_URL", (conf.Catalog("default"),)),
    "named_catalogs": ("CATALOG_SYNC_CATALOGS", None),
    "lms_root_url": ("LMS_ROOT_URL", ""),
    "site_id": ("SITE_ID", None),
    "course_catalog_api_url": ("COURSE_CATALOG_API_URL", ""),
    "history_enabled": ("SIMPLE_HISTORY_ENABLED", True),
}
OTHERS = {
    "course_overview_model": ("CATALOG_SYNC_COURSE_OVERVIEW_MODEL", "other.Model", "other.Model"),
    "session_factory": ("CATALOG_SYNC_SESSION_FACTORY", "requests.Session", "requests.Session"),
    "fields": ("CATALOG_SYNC_FIELDS", {"marketing_url": "about_url"}, {"marketing_url": "about_url"}),
    "run_statuses": ("CATALOG_SYNC_RUN_STATUSES", ["published", "reviewed"], ("published", "reviewed")),
    "marketing_url_hosts": ("CATALOG_SYNC_MARKETING_URL_HOSTS", [".example.com"], (".example.com",)),
    "catalogs": (
        "COURSE_CATALOG_API_URL",
        "https://c.example.com/api/v1/",
        (conf.Catalog("default", "https://c.example.com/api/v1"),),
    ),
    "site_id": ("SITE_ID", 7, 7),
    "course_catalog_api_url": (
        "COURSE_CATALOG_API_URL",
        "https://c.example.com/api/v1/",
        "https://c.example.com/api/v1",
    ),
    "stale_after_hours": ("CATALOG_SYNC_STALE_AFTER_HOURS", 0.5, 0.5),
    "health_token": ("CATALOG_SYNC_HEALTH_TOKEN", "a token", "a token"),
    "lms_root_url": ("LMS_ROOT_URL", "https://lms.example.com/", "https://lms.example.com"),
    "history_enabled": ("SIMPLE_HISTORY_ENABLED", False, False),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_default_holds_without_the_setting(name, settings):
    setting, default = DEFAULTS[name]
    setattr(settings, setting, None)
    delattr(settings, setting)
    assert getattr(conf, name)() == default


@pytest.mark.parametrize("name", OTHERS)
def test_setting_holds_as_soon_as_it_is_changed(name, settings):
    setting, value, read = OTHERS[name]
    setattr(settings, setting, value)
    assert getattr(conf, name)() == read


def test_no_statuses_are_not_every_status(settings):
    settings.CATALOG_SYNC_RUN_STATUSES = ()
    assert conf.run_statuses() == ()


def test_every_status(settings):
    settings.CATALOG_SYNC_RUN_STATUSES = None
    assert conf.run_statuses() is None


def test_no_hosts_are_not_any_host(settings):
    settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ()
    assert conf.marketing_url_hosts() == ()


CREDENTIALS = {
    "oauth_provider_url": "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL",
    "oauth_key": "BACKEND_SERVICE_EDX_OAUTH2_KEY",
    "oauth_secret": "BACKEND_SERVICE_EDX_OAUTH2_SECRET",
}


@pytest.mark.parametrize(("name", "setting"), CREDENTIALS.items())
class TestCredentials:
    """What a Catalog's tokens are bought with."""

    def test_are_empty_where_they_are_not_set(self, name, setting, settings):
        delattr(settings, setting)
        assert getattr(conf.catalogs()[0], name) == ""

    def test_hold_as_soon_as_they_are_changed(self, name, setting, settings):
        setattr(settings, setting, "another")
        assert getattr(conf.catalogs()[0], name) == "another"

    def test_are_those_that_the_catalog_names(self, name, setting, settings):
        settings.CATALOG_SYNC_CATALOGS = {
            "partner": {"URL": "https://p.example", "OAUTH_SETTINGS_PREFIX": "PARTNER"}
        }
        setattr(settings, setting.replace("BACKEND_SERVICE_EDX_OAUTH2", "PARTNER"), "the partner's")
        assert getattr(conf.catalogs()[0], name) == "the partner's"


class TestCatalogs:
    """Several of them."""

    @pytest.fixture(autouse=True)
    def named(self, settings):
        settings.CATALOG_SYNC_CATALOGS = {
            "default": {"URL": "https://c.example.com/api/v1/"},
            "partner": {"URL": "https://p.example.com/api/v1", "ORGS": ["PartnerX"]},
        }

    def test_are_in_the_order_in_which_they_are_named(self):
        assert [each.name for each in conf.catalogs()] == ["default", "partner"]

    def test_have_no_slash_at_the_end(self):
        assert conf.catalog("default").api_url == "https://c.example.com/api/v1"

    def test_one_that_is_not_named_has_no_address(self):
        assert conf.catalog("gone") == conf.Catalog("gone")

    @pytest.mark.parametrize(
        "key",
        ["course-v1:PartnerX+C+1", "PartnerX/C/1", "ccx-v1:PartnerX+C+1+ccx@1"],
        ids="new old ccx".split(),
    )
    def test_cover_the_course_runs_of_their_organizations(self, key):
        assert conf.catalog("partner").covers(key)

    @pytest.mark.parametrize("key", ["course-v1:PartnerY+C+1", "partnerx/C/1", "ccx-v1:X+PartnerX+1+ccx@1"])
    def test_cover_no_others(self, key):
        assert not conf.catalog("partner").covers(key)

    def test_cover_every_organization_unless_some_are_named(self):
        assert conf.catalog("default").covers("course-v1:AnyX+C+1")
