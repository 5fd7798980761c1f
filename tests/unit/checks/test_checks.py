"""System checks of the settings: each fault has its id, one sentence and a remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from catalog_sync.checks import check_publishing
from sandbox.lms.course_overviews.models import CourseOverview

ROOT = Path(__file__).resolve().parents[3]
CREDENTIALS = [f"BACKEND_SERVICE_EDX_OAUTH2_{name}" for name in ("PROVIDER_URL", "KEY", "SECRET")]

MODEL, FIELDS = "CATALOG_SYNC_COURSE_OVERVIEW_MODEL", "CATALOG_SYNC_FIELDS"
STATUSES, HOSTS = "CATALOG_SYNC_RUN_STATUSES", "CATALOG_SYNC_MARKETING_URL_HOSTS"
FACTORY, API_URL = "CATALOG_SYNC_SESSION_FACTORY", "COURSE_CATALOG_API_URL"
DUMMY_CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
# A setting, a wrong value, and the id of the check that reports it.
WRONG = [
    (MODEL, "nowhere.Nothing", "E001"),
    (MODEL, "course_overviews.Nothing", "E001"),
    (MODEL, "CourseOverview", "E001"),
    (MODEL, "student.CourseEnrollment", "E018"),
    (FIELDS, {"marketing_url": "about_url"}, "E002"),
    (FIELDS, {"marketing_url": "marketing_url", "content_language": "tongue"}, "E002"),
    (FIELDS, {"marketing_url": "marketing_url", "title": "display_name"}, "E003"),
    (FIELDS, ["marketing_url"], "E003"),
    (FIELDS, {"content_language": "language"}, "E004"),
    ("LMS_ROOT_URL", None, "E005"),
    ("LMS_ROOT_URL", "lms.example.com", "E005"),
    ("LMS_ROOT_URL", "http://[", "E005"),
    (FACTORY, "catalog_sync.nothing.at_all", "E006"),
    (FACTORY, "factory", "E006"),
    (FACTORY, "catalog_sync.__version__", "E006"),
    (STATUSES, "published", "E007"),
    (STATUSES, 5, "E007"),
    (HOSTS, "www.example.com", "E007"),
    (HOSTS, [5], "E007"),
    (FIELDS, {"marketing_url": "course_image_url"}, "E008"),
    (FIELDS, {"marketing_url": "marketing_url", "content_language": "marketing_url"}, "E014"),
    (FIELDS, {"marketing_url": "marketing_url", "content_language": "self_paced"}, "E015"),
    (FIELDS, {"marketing_url": "marketing_url", "eligible_for_financial_aid": "language"}, "E015"),
    (HOSTS, ["https://www.example.com"], "E016"),
    (HOSTS, ["www.example.com/course"], "E016"),
    (HOSTS, [], "E016"),
    (API_URL, None, "W001"),
    (API_URL, "discovery.example.com/api/v1", "W001"),
    *((credential, "", "W002") for credential in CREDENTIALS),
    ("CACHES", DUMMY_CACHE, "W004"),
    (STATUSES, ["publishd"], "W006"),
    (CREDENTIALS[0], "courses.example.com/oauth2", "W007"),
    (API_URL, "http://localhost:8008/api/v1", "W010"),
]
ALL_FIELDS = {
    "marketing_url": "marketing_url",
    "eligible_for_financial_aid": "eligible_for_financial_aid",
    "content_language": "language",
}
RIGHT = [
    (MODEL, "course_overviews.CourseOverview"),
    (MODEL, None),
    (FIELDS, None),
    (FIELDS, ALL_FIELDS),
    (STATUSES, None),
    (STATUSES, ["published", "reviewed"]),
    (HOSTS, [".example.com"]),
]


class ReadsFromACopy:
    """A router of a host with a read replica."""

    def db_for_read(self, model, **hints):
        return "copy"


class WritesElsewhere:
    """A router of a host with a separate database for courses."""

    def db_for_read(self, model, **hints):
        return "courses"

    db_for_write = db_for_read


@lru_cache
def decorated(course):
    return settings.FEATURES.get("ENABLE_MKTG_SITE")


def with_inner_function(course):
    def is_on():
        return settings.FEATURES.get("ENABLE_MKTG_SITE")

    return is_on()


def messages():
    return checks.run_checks(tags=["catalog_sync"])


def ids():
    return [message.id for message in messages()]


def test_sandbox_passes():
    assert messages() == []


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_valid_setting_passes(name, value, settings):
    setattr(settings, name, value)
    assert messages() == []


@pytest.mark.parametrize(("name", "value", "check_id"), WRONG)
def test_wrong_setting_is_reported_once_in_one_sentence_with_a_remedy(name, value, check_id, settings):
    setattr(settings, name, value)
    [message] = messages()
    assert message.id == f"catalog_sync.{check_id}"
    assert message.msg.endswith(".")
    assert ". " not in message.msg
    assert message.hint.startswith(("Set ", "Add ", "Map ", "Remove ", "Declare "))


@pytest.mark.parametrize(
    ("max_length", "expected"), [(2_047, ["catalog_sync.W008"]), (2_048, []), (None, [])]
)
def test_column_must_have_room_for_the_longest_marketing_url(max_length, expected, monkeypatch):
    monkeypatch.setattr(CourseOverview._meta.get_field("marketing_url"), "max_length", max_length)
    assert ids() == expected


@pytest.mark.parametrize(
    ("router", "check_id"), [(ReadsFromACopy, "catalog_sync.W009"), (WritesElsewhere, "catalog_sync.E017")]
)
def test_each_table_that_is_routed_to_another_database_is_reported(router, check_id, settings):
    settings.DATABASE_ROUTERS = [f"{__name__}.{router.__name__}"]
    found = messages()
    assert {message.id for message in found} == {check_id}
    assert [message.msg.split()[4] for message in found] == [
        "course_overviews.CourseOverview",
        "course_overviews.HistoricalCourseOverview",
        "catalog_sync.CatalogCourseRun",
        "catalog_sync.SyncRun",
    ]


def test_setting_that_does_not_exist_is_reported(settings):
    del settings.LMS_ROOT_URL
    assert ids() == ["catalog_sync.E005"]


def test_secret_is_not_shown(settings):
    settings.BACKEND_SERVICE_EDX_OAUTH2_SECRET = "do-not-show"
    settings.BACKEND_SERVICE_EDX_OAUTH2_KEY = ""
    assert "do-not-show" not in str(messages())


@pytest.mark.parametrize(("factory", "expected"), [("requests.Session", []), (None, ["catalog_sync.W002"])])
def test_credentials_are_needed_unless_there_is_a_session_factory(factory, expected, settings):
    settings.CATALOG_SYNC_SESSION_FACTORY = factory
    for name in CREDENTIALS:
        setattr(settings, name, None)
    assert ids() == expected


@pytest.mark.parametrize(("missing", "verb"), [(CREDENTIALS[:1], "is"), (CREDENTIALS, "are")])
def test_missing_credentials_are_named_in_a_sentence(missing, verb, settings):
    for name in missing:
        setattr(settings, name, None)
    [warning] = messages()
    assert warning.msg.startswith(f"{', '.join(missing)} {verb} not set, so the LMS gets no access token ")


def test_sync_does_not_start_on_an_error(settings):
    settings.CATALOG_SYNC_RUN_STATUSES = "published"
    with pytest.raises(SystemCheckError, match=r"catalog_sync\.E007"):
        call_command("update_catalog_data", skip_checks=False)


class TestPlatform:
    """W012: the link function of edx-platform does not return marketing URLs."""

    STEP = "catalog_sync.filters.ReplaceAboutPageUrl"
    FILTER = "org.openedx.learning.course_about.page.url.requested.v1"

    @pytest.fixture(autouse=True)
    def platform(self, settings, edx_platform):
        settings.FEATURES = {}
        settings.OPEN_EDX_FILTERS_CONFIG = {}
        return edx_platform

    @pytest.mark.django_db
    def test_warns_without_the_flag_and_the_filter_step(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            [message] = messages()
        assert (message.id, message.level) == ("catalog_sync.W012", checks.WARNING)
        assert [message.id for message in check_publishing()] == ["catalog_sync.W012"]  # in Studio

    @pytest.mark.parametrize(
        ("entry", "has_step"),
        [
            ({"fail_silently": False, "pipeline": ["other.plugin.Step", STEP]}, True),
            ([STEP, "other.plugin.Step"], True),
            (STEP, True),
            ({}, False),
            ({"pipeline": []}, False),
            (["other.plugin.Step"], False),
            ("other.plugin.Step", False),
            (None, False),
        ],
    )
    def test_warns_unless_the_pipeline_has_the_filter_step(self, settings, entry, has_step):
        settings.OPEN_EDX_FILTERS_CONFIG = {self.FILTER: entry}
        hints = [message.hint for message in messages()]
        assert len(hints) == (0 if has_step else 1)
        assert all(self.STEP in hint and self.FILTER in hint for hint in hints)

    def test_hint_names_the_setting_that_turns_the_filter_step_off(self, settings):
        settings.OPEN_EDX_FILTERS_CONFIG = {self.FILTER: [self.STEP]}
        settings.CATALOG_SYNC_ABOUT_PAGE_FILTER = False
        [message] = messages()
        assert message.hint == "Set CATALOG_SYNC_ABOUT_PAGE_FILTER to True."

    def test_does_not_warn_with_the_flag(self, settings):
        settings.FEATURES = {"ENABLE_MKTG_SITE": True}
        assert messages() == []

    def test_does_not_warn_in_releases_that_ignore_the_flag(self, platform):
        platform.use(platform.link_of_later_releases)
        assert messages() == []

    @pytest.mark.parametrize("wrapped", [decorated, with_inner_function])
    def test_finds_the_flag_in_a_wrapped_function(self, platform, wrapped):
        platform.use(wrapped)
        assert ids() == ["catalog_sync.W012"]

    def test_does_not_warn_about_a_function_without_code(self, platform):
        platform.use(str)
        assert messages() == []


class TestRealProcess:
    """``manage.py check`` in a process of its own."""

    def check(self, tmp_path, model):
        tmp_path.joinpath("host_settings.py").write_text(
            f"from sandbox.lms.settings import *\nCATALOG_SYNC_COURSE_OVERVIEW_MODEL = {model!r}\n"
        )
        return subprocess.run(
            [sys.executable, "manage.py", "check", "--settings", "host_settings"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    @pytest.mark.parametrize("model", ["course_overviews.Nothing", "CourseOverview"])
    def test_reports_a_missing_model_once_and_without_a_traceback(self, model, tmp_path):
        output = self.check(tmp_path, model).stderr
        assert "catalog_sync.E001" in output
        assert "signals.E001" not in output
        assert "Traceback" not in output

    def test_passes_for_the_sandbox(self, tmp_path):
        assert self.check(tmp_path, "course_overviews.CourseOverview").returncode == 0
