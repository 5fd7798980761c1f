"""The settings that edx-django-utils adds to the settings files of an LMS and of Studio."""

from __future__ import annotations

import sys
from copy import deepcopy
from types import ModuleType

import pytest
from edx_django_utils.plugins import add_plugins

from catalog_sync import conf
from catalog_sync.settings import common

READERS = {
    "CATALOG_SYNC_CATALOGS": conf.named_catalogs,
    "CATALOG_SYNC_COURSE_OVERVIEW_MODEL": conf.course_overview_model,
    "CATALOG_SYNC_SESSION_FACTORY": lambda: conf.session_factory() or None,
    # If the setting is missing, the fields depend on the host: tests/hosts/openedx/test_access.py.
    "CATALOG_SYNC_FIELDS": lambda: conf.raw("CATALOG_SYNC_FIELDS"),
    "CATALOG_SYNC_RUN_STATUSES": conf.run_statuses,
    "CATALOG_SYNC_MARKETING_URL_HOSTS": conf.marketing_url_hosts,
    "CATALOG_SYNC_STALE_AFTER_HOURS": conf.stale_after_hours,
    "CATALOG_SYNC_HEALTH_TOKEN": lambda: conf.health_token() or None,
    "CATALOG_SYNC_ABOUT_PAGE_FILTER": conf.about_page_filter_enabled,
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
def test_default_is_the_value_that_applies_if_the_setting_is_missing(name, settings):
    setattr(settings, name, None)
    delattr(settings, name)
    assert READERS[name]() == common.defaults()[name]


@pytest.mark.parametrize("kind", ["common", "production", "test"])
def test_setting_of_the_lms_is_kept(lms_settings, kind):
    lms_settings.CATALOG_SYNC_RUN_STATUSES = None
    add_plugins("lms_settings", "lms.djangoapp", kind)
    assert lms_settings.CATALOG_SYNC_RUN_STATUSES is None


def test_production_uses_the_yaml_file(lms_settings):
    lms_settings.CATALOG_SYNC_RUN_STATUSES = ("published",)  # From the common settings.
    lms_settings.ENV_TOKENS = {"CATALOG_SYNC_RUN_STATUSES": ["published", "reviewed"], "SITE_NAME": "lms"}
    add_plugins("lms_settings", "lms.djangoapp", "production")
    assert lms_settings.CATALOG_SYNC_RUN_STATUSES == ["published", "reviewed"]
    assert not hasattr(lms_settings, "SITE_NAME")


NAME, STEP = conf.ABOUT_PAGE_FILTER, conf.ABOUT_PAGE_STEP
OTHERS = {"org.openedx.learning.course.enrollment.started.v1": ["elsewhere.steps.Enroll"]}


def filters_of_production(lms_settings, project="lms"):
    """Return the configuration of the filters after the plugin settings of production."""
    add_plugins("lms_settings", f"{project}.djangoapp", "production")
    return lms_settings.OPEN_EDX_FILTERS_CONFIG


@pytest.mark.parametrize("project", ["lms", "cms"])
def test_production_adds_the_filter_step(lms_settings, project):
    assert filters_of_production(lms_settings, project) == {NAME: {"fail_silently": True, "pipeline": [STEP]}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *[(empty, {"fail_silently": True, "pipeline": [STEP]}) for empty in (None, {}, [], "")],
        ("a.B", ["a.B", STEP]),
        (["a.B", "c.D"], ["a.B", "c.D", STEP]),
        ({"pipeline": ["a.B"]}, {"pipeline": ["a.B", STEP]}),
        ({"pipeline": "a.B"}, {"pipeline": ["a.B", STEP]}),
        ({"pipeline": None}, {"pipeline": [STEP]}),
        ({"fail_silently": False}, {"fail_silently": False, "pipeline": [STEP]}),
        (
            {"fail_silently": False, "pipeline": ["a.B", "c.D"], "log_level": "debug"},
            {"fail_silently": False, "pipeline": ["a.B", "c.D", STEP], "log_level": "debug"},
        ),
        (STEP, [STEP]),
        ([STEP, "a.B"], [STEP, "a.B"]),
        ({"pipeline": [STEP, "a.B"]}, {"pipeline": [STEP, "a.B"]}),
        (7, 7),
    ],
)
def test_filter_step_is_the_last_of_an_existing_pipeline(lms_settings, before, after):
    lms_settings.OPEN_EDX_FILTERS_CONFIG = {**OTHERS, NAME: before}
    filters = filters_of_production(lms_settings)
    assert filters == {**OTHERS, NAME: after}
    assert list(filters) == [*OTHERS, NAME]


@pytest.mark.parametrize("config", [None, {}, OTHERS])
def test_filter_step_is_added_beside_other_filters(lms_settings, config):
    lms_settings.OPEN_EDX_FILTERS_CONFIG = config
    expected = {**(config or {}), NAME: {"fail_silently": True, "pipeline": [STEP]}}
    assert filters_of_production(lms_settings) == expected


def test_filter_step_is_added_once(lms_settings):
    once = filters_of_production(lms_settings)
    assert filters_of_production(lms_settings) == once


@pytest.mark.parametrize("before", [["a.B"], {"pipeline": ["a.B"]}])
def test_configuration_of_the_lms_is_not_changed_in_place(lms_settings, before):
    lms_settings.OPEN_EDX_FILTERS_CONFIG = config = {NAME: before}
    copy = deepcopy(config)
    filters_of_production(lms_settings)
    assert config == copy


@pytest.mark.parametrize("config", [{}, {NAME: ["a.B"]}])
def test_filter_step_is_not_added_if_the_setting_is_off(lms_settings, config):
    lms_settings.OPEN_EDX_FILTERS_CONFIG = config
    lms_settings.ENV_TOKENS = {"CATALOG_SYNC_ABOUT_PAGE_FILTER": False}
    assert filters_of_production(lms_settings) is config


@pytest.mark.parametrize("kind", ["common", "test"])
def test_filter_step_is_added_in_production_only(lms_settings, kind):
    add_plugins("lms_settings", "lms.djangoapp", kind)
    assert not hasattr(lms_settings, "OPEN_EDX_FILTERS_CONFIG")
