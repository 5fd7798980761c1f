"""The settings: their defaults, and that each call reads them anew."""

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
def test_default_without_the_setting(name, settings):
    setting, default = DEFAULTS[name]
    setattr(settings, setting, None)
    delattr(settings, setting)
    assert getattr(conf, name)() == default


@pytest.mark.parametrize("name", OTHERS)
def test_changed_setting_is_used_immediately(name, settings):
    setting, value, read = OTHERS[name]
    setattr(settings, setting, value)
    assert getattr(conf, name)() == read


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("run_statuses", (), ()),
        ("run_statuses", None, None),
        ("marketing_url_hosts", (), ()),
    ],
)
def test_empty_list_is_not_the_same_as_none(name, value, expected, settings):
    setattr(settings, f"CATALOG_SYNC_{name.upper()}", value)
    assert getattr(conf, name)() == expected


CREDENTIALS = {
    "oauth_provider_url": "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL",
    "oauth_key": "BACKEND_SERVICE_EDX_OAUTH2_KEY",
    "oauth_secret": "BACKEND_SERVICE_EDX_OAUTH2_SECRET",
}


@pytest.mark.parametrize(("name", "setting"), CREDENTIALS.items())
def test_credentials_are_read_from_the_settings_of_the_catalog(name, setting, settings):
    delattr(settings, setting)
    assert getattr(conf.catalogs()[0], name) == ""
    setattr(settings, setting, "another")
    assert getattr(conf.catalogs()[0], name) == "another"
    settings.CATALOG_SYNC_CATALOGS = {
        "partner": {"URL": "https://p.example", "OAUTH_SETTINGS_PREFIX": "PARTNER"}
    }
    setattr(settings, setting.replace("BACKEND_SERVICE_EDX_OAUTH2", "PARTNER"), "the partner's")
    assert getattr(conf.catalogs()[0], name) == "the partner's"


class TestCatalogs:
    """Several Catalogs."""

    @pytest.fixture(autouse=True)
    def named(self, settings):
        settings.CATALOG_SYNC_CATALOGS = {
            "default": {"URL": "https://c.example.com/api/v1/"},
            "partner": {"URL": "https://p.example.com/api/v1", "ORGS": ["PartnerX"]},
        }

    def test_are_in_their_order_and_have_no_slash_at_the_end(self):
        assert [(each.name, each.api_url) for each in conf.catalogs()] == [
            ("default", "https://c.example.com/api/v1"),
            ("partner", "https://p.example.com/api/v1"),
        ]
        assert conf.catalog_names() == ["default", "partner"]

    def test_unknown_one_has_no_address(self):
        assert conf.catalog_or_unconfigured("former") == conf.Catalog("former")

    @pytest.mark.parametrize(
        ("name", "key", "is_covered"),
        [
            ("partner", "course-v1:PartnerX+C+1", True),
            ("partner", "PartnerX/C/1", True),
            ("partner", "ccx-v1:PartnerX+C+1+ccx@1", True),
            ("partner", "course-v1:PartnerY+C+1", False),
            ("partner", "partnerx/C/1", False),
            ("partner", "ccx-v1:X+PartnerX+1+ccx@1", False),
            ("default", "course-v1:AnyX+C+1", True),
        ],
    )
    def test_cover_the_course_runs_of_their_organizations(self, name, key, is_covered):
        assert conf.catalog_or_unconfigured(name).covers(key) == is_covered
