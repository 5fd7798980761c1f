"""What the app adds to an LMS's settings files, as edx-django-utils calls it."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from edx_django_utils.plugins import add_plugins

from catalog_sync import conf
from catalog_sync.settings import common

READERS = {
    "CATALOG_SYNC_CATALOGS": conf.named_catalogs,
    "CATALOG_SYNC_COURSE_OVERVIEW_MODEL": conf.course_overview_model,
    "CATALOG_SYNC_SESSION_FACTORY": lambda: conf.session_factory() or None,
    # Without the setting, the fields depend on the host: tests/platform.
    "CATALOG_SYNC_FIELDS": lambda: conf.raw("CATALOG_SYNC_FIELDS"),
    "CATALOG_SYNC_RUN_STATUSES": conf.run_statuses,
    "CATALOG_SYNC_MARKETING_URL_HOSTS": conf.marketing_url_hosts,
    "CATALOG_SYNC_STALE_AFTER_HOURS": conf.stale_after_hours,
    "CATALOG_SYNC_HEALTH_TOKEN": lambda: conf.health_token() or None,
}


@pytest.fixture
def lms_settings(monkeypatch):
    """The settings module of an LMS."""
    module = ModuleType("lms_settings")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.parametrize("kind", ["common", "production", "test"])
@pytest.mark.parametrize("project", ["lms", "cms"])
def test_lms_and_studio_get_every_default(lms_settings, project, kind):
    add_plugins("lms_settings", f"{project}.djangoapp", kind)
    assert {name: getattr(lms_settings, name) for name in common.defaults()} == common.defaults()


@pytest.mark.parametrize("name", READERS)
def test_default_is_the_one_that_holds_without_it(name, settings):
    setattr(settings, name, None)
    delattr(settings, name)
    assert READERS[name]() == common.defaults()[name]


@pytest.mark.parametrize("kind", ["common", "production", "test"])
def test_what_the_lms_has_set_stays(lms_settings, kind):
    lms_settings.CATALOG_SYNC_RUN_STATUSES = None
    add_plugins("lms_settings", "lms.djangoapp", kind)
    assert lms_settings.CATALOG_SYNC_RUN_STATUSES is None


def test_production_takes_what_its_yaml_file_says(lms_settings):
    lms_settings.CATALOG_SYNC_RUN_STATUSES = ("published",)  # of the common settings
    lms_settings.ENV_TOKENS = {"CATALOG_SYNC_RUN_STATUSES": ["published", "reviewed"], "SITE_NAME": "lms"}
    add_plugins("lms_settings", "lms.djangoapp", "production")
    assert lms_settings.CATALOG_SYNC_RUN_STATUSES == ["published", "reviewed"]
    assert not hasattr(lms_settings, "SITE_NAME")
