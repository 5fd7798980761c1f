"""The settings: their defaults, and that they are read when they are asked for."""

from __future__ import annotations

import pytest

from catalog_sync import conf

DEFAULTS = {
    "course_overview_model": ("CATALOG_SYNC_COURSE_OVERVIEW_MODEL", "course_overviews.CourseOverview"),
    "session_factory": ("CATALOG_SYNC_SESSION_FACTORY", conf.DEFAULT_SESSION_FACTORY),
    "fields": ("CATALOG_SYNC_FIELDS", {"marketing_url": "marketing_url"}),
    "run_statuses": ("CATALOG_SYNC_RUN_STATUSES", ("published",)),
    "marketing_url_hosts": ("CATALOG_SYNC_MARKETING_URL_HOSTS", None),
    "stale_after_hours": ("CATALOG_SYNC_STALE_AFTER_HOURS", 12),
    "health_token": ("CATALOG_SYNC_HEALTH_TOKEN", ""),
    "catalog_api_url": ("COURSE_CATALOG_API_URL", ""),
    "oauth_provider_url": ("BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL", ""),
    "oauth_key": ("BACKEND_SERVICE_EDX_OAUTH2_KEY", ""),
    "oauth_secret": ("BACKEND_SERVICE_EDX_OAUTH2_SECRET", ""),
    "lms_root_url": ("LMS_ROOT_URL", ""),
    "history_enabled": ("SIMPLE_HISTORY_ENABLED", True),
}
OTHERS = {
    "course_overview_model": ("CATALOG_SYNC_COURSE_OVERVIEW_MODEL", "other.Model", "other.Model"),
    "session_factory": ("CATALOG_SYNC_SESSION_FACTORY", "requests.Session", "requests.Session"),
    "fields": ("CATALOG_SYNC_FIELDS", {"marketing_url": "about_url"}, {"marketing_url": "about_url"}),
    "run_statuses": ("CATALOG_SYNC_RUN_STATUSES", ["published", "reviewed"], ("published", "reviewed")),
    "marketing_url_hosts": ("CATALOG_SYNC_MARKETING_URL_HOSTS", [".example.com"], (".example.com",)),
    "catalog_api_url": (
        "COURSE_CATALOG_API_URL",
        "https://c.example.com/api/v1/",
        "https://c.example.com/api/v1",
    ),
    "oauth_provider_url": (
        "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL",
        "https://o.example",
        "https://o.example",
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
