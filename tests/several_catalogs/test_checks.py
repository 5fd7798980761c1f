"""System checks of ``CATALOG_SYNC_CATALOGS``: each invalid value has an id and a hint with the remedy."""

from __future__ import annotations

import pytest
from django.core import checks

from catalog_sync import conf
from catalog_sync.api import update_catalog_data

GOOD = {"URL": "https://discovery.example.com/api/v1"}
WRONG = {
    "a list": (["default"], "E010"),
    "a text": ("default", "E010"),
    "an empty dictionary": ({}, "E010"),
    "a name with a space": ({"our Catalog": GOOD}, "E011"),
    "a name with a capital letter": ({"Partner": GOOD}, "E011"),
    "a name that is too long": ({"x" * 33: GOOD}, "E011"),
    "an empty name": ({"": GOOD}, "E011"),
    "a name that is not a text": ({7: GOOD}, "E011"),
    "an address alone": ({"default": "https://discovery.example.com/api/v1"}, "E012"),
    "a key that is misspelled": ({"default": GOOD | {"uri": ""}}, "E012"),
    "an address that is not a text": ({"default": {"URL": 7}}, "E012"),
    "credentials that are not a text": ({"default": GOOD | {"OAUTH_SETTINGS_PREFIX": {"KEY": "x"}}}, "E012"),
    "orgs as a text": ({"default": GOOD | {"ORGS": "edX"}}, "E013"),
    "orgs of numbers": ({"default": GOOD | {"ORGS": [7]}}, "E013"),
    "no address": ({"default": {}}, "W001"),
    "an address that is not a URL": ({"default": {"URL": "discovery.example.com"}}, "W001"),
    "missing credentials": ({"default": GOOD | {"OAUTH_SETTINGS_PREFIX": "PARTNER_OAUTH2"}}, "W002"),
}


def messages() -> list[checks.CheckMessage]:
    return checks.run_checks(tags=["catalog_sync"])


@pytest.mark.parametrize(("value", "code"), WRONG.values(), ids=WRONG)
def test_fault_is_reported_once_and_has_a_remedy(value, code, settings):
    settings.CATALOG_SYNC_CATALOGS = value
    found = [(message.id, bool(message.hint)) for message in messages()]
    assert found == [(f"catalog_sync.{code}", True)]


def test_each_fault_is_reported(settings):
    settings.CATALOG_SYNC_CATALOGS = {"A": GOOD, "b": {"ORGS": "edX", "key": ""}}
    assert sorted(message.id[-4:] for message in messages()) == ["E011", "E012", "E013"]


def test_fault_names_the_catalog(settings):
    settings.CATALOG_SYNC_CATALOGS = {"default": GOOD, "partner": {}}
    assert ["CATALOG_SYNC_CATALOGS['partner']['URL']" in message.msg for message in messages()] == [True]


def test_missing_credentials_are_named_by_their_settings(settings):
    settings.CATALOG_SYNC_CATALOGS = {"default": GOOD | {"OAUTH_SETTINGS_PREFIX": "PARTNER_OAUTH2"}}
    assert "PARTNER_OAUTH2_PROVIDER_URL, PARTNER_OAUTH2_KEY, PARTNER_OAUTH2_SECRET" in messages()[0].msg


def test_catalog_integration_is_no_remedy_for_missing_credentials(settings):
    settings.CATALOG_SYNC_CATALOGS = {"default": GOOD | {"OAUTH_SETTINGS_PREFIX": "PARTNER_OAUTH2"}}
    assert "Catalog integration" not in messages()[0].hint


@pytest.mark.django_db
def test_sync_without_credentials_names_no_remedy_of_catalog_integration(settings):
    settings.CATALOG_SYNC_CATALOGS = {"default": GOOD | {"OAUTH_SETTINGS_PREFIX": "PARTNER_OAUTH2"}}
    assert update_catalog_data().message.endswith("are not set. Set what is missing.")


def test_valid_setting_is_not_reported(settings):
    settings.CATALOG_SYNC_CATALOGS = {
        "default": GOOD,
        "partner-2_b": GOOD | {"ORGS": ["edX"], "OAUTH_SETTINGS_PREFIX": "X"},
    }
    settings.X_PROVIDER_URL = "https://courses.example.com/oauth2"
    settings.X_KEY = settings.X_SECRET = "set"
    assert messages() == []


def test_course_catalog_api_url_is_not_needed(settings):
    settings.COURSE_CATALOG_API_URL = None
    settings.CATALOG_SYNC_CATALOGS = {"default": GOOD}
    assert messages() == []


def test_longest_name_fits_into_its_columns():
    from catalog_sync.models import CatalogCourseRun

    assert conf.CATALOG_NAME.fullmatch("x" * CatalogCourseRun._meta.get_field("catalog").max_length)
