"""The sandbox LMS loads catalog_sync as a plugin, and environment variables override its settings."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import path
from django.urls.resolvers import RegexPattern, URLResolver
from edx_django_utils.plugins import get_plugin_apps

from catalog_sync.apps import CatalogSyncAppConfig
from sandbox.catalog.auth import CLIENT_ID, CLIENT_SECRET
from sandbox.lms import environment

ROOT = Path(__file__).resolve().parents[2]


def settings_with(*names: str, **environ: str) -> list:
    """Return settings of a process that has only these of the LMS's environment variables."""
    ours = ("LMS_", "COURSE_CATALOG_", "BACKEND_SERVICE_", "CELERY_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    print_them = (
        "import json; from sandbox.lms import settings; "
        f"print(json.dumps([getattr(settings, name) for name in {names!r}]))"
    )
    return json.loads(run_python(print_them, inherited | environ).stdout)


def run_python(code: str, environ: dict[str, str]) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)


class TestPlugin:
    """The LMS loads catalog_sync by its entry point."""

    def test_is_installed_by_its_entry_point_alone(self):
        assert apps.is_installed("catalog_sync")
        assert "catalog_sync.apps.CatalogSyncAppConfig" in get_plugin_apps("lms.djangoapp")
        source = (ROOT / "sandbox/lms/settings.py").read_text()
        assert not [text for text in ('"catalog_sync', "import catalog_sync") if text in source]

    def test_urls_of_plugins_are_served(self, monkeypatch):
        plugin_urls = ModuleType("catalog_sync.urls")
        plugin_urls.urlpatterns = [path("of-the-plugin", lambda request: None)]
        monkeypatch.setitem(sys.modules, "catalog_sync.urls", plugin_urls)
        url_config = {"lms.djangoapp": {"namespace": "plugin", "relative_path": "urls"}}
        monkeypatch.setattr(CatalogSyncAppConfig, "plugin_app", {"url_config": url_config})
        urls = runpy.run_path(str(ROOT / "sandbox/lms/urls.py"))
        assert URLResolver(RegexPattern("^/"), urls["urlpatterns"]).resolve("/of-the-plugin")


DEFAULTS = {
    "LMS_ROOT_URL": "http://127.0.0.1:18000",
    "COURSE_CATALOG_API_URL": "http://127.0.0.1:18381/api/v1",
    "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL": "http://127.0.0.1:18381/oauth2",
    "BACKEND_SERVICE_EDX_OAUTH2_KEY": CLIENT_ID,
    "BACKEND_SERVICE_EDX_OAUTH2_SECRET": CLIENT_SECRET,
    "CELERY_BROKER_URL": "memory://",
    "CELERY_RESULT_BACKEND": "cache+memory://",
}


def test_defaults_need_no_other_machine():
    *values, eager, databases, caches = settings_with(
        *DEFAULTS, "CELERY_TASK_ALWAYS_EAGER", "DATABASES", "CACHES"
    )
    assert values == list(DEFAULTS.values())
    assert eager is True
    assert databases["default"]["NAME"] == str(ROOT / "sandbox" / "var" / "lms.sqlite3")
    assert caches["default"]["BACKEND"].endswith("LocMemCache")


def test_environment_variables_override_the_defaults():
    given = {name: f"https://{number}.example.com" for number, name in enumerate(DEFAULTS)}
    *values, hosts, eager = settings_with(*given, "ALLOWED_HOSTS", "CELERY_TASK_ALWAYS_EAGER", **given)
    assert values == list(given.values())
    assert "0.example.com" in hosts
    assert eager is False


def test_sqlite_database_has_a_folder_and_its_writers_wait(tmp_path):
    options = environment.database(f"sqlite:///{tmp_path}/new/lms.sqlite3")["OPTIONS"]
    assert (tmp_path / "new").is_dir()
    assert options == {"timeout": 20, "transaction_mode": "IMMEDIATE"}


def test_mysql_database_and_its_test_database_store_every_character():
    database = environment.database("mysql://root@127.0.0.1/lms")
    assert (database["OPTIONS"]["charset"], database["TEST"]["CHARSET"]) == ("utf8mb4", "utf8mb4")


def test_postgres_database_is_supported():
    assert environment.database("postgres://me@127.0.0.1/lms")["ENGINE"].endswith("postgresql")


def test_redis_cache_is_supported():
    assert environment.cache("redis://127.0.0.1:6379/3")["LOCATION"] == "redis://127.0.0.1:6379/3"


def test_message_about_another_cache_names_the_variable():
    with pytest.raises(ImproperlyConfigured, match="LMS_CACHE_URL"):
        environment.cache("memcached://127.0.0.1")


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["course_overviews/courseoverview", "student/courseenrollment"])
def test_admin_has_lists_and_its_style_sheet(admin_client, page):
    assert admin_client.get(f"/admin/{page}/").status_code == 200
    style = admin_client.get(f"{settings.STATIC_URL}admin/css/base.css")
    assert b"body" in b"".join(style.streaming_content)


def test_log_lines_at_info_go_to_stderr():
    log = (
        "import django, logging; django.setup(); logging.getLogger('catalog_sync').info('event=one key=two')"
    )
    process = run_python(log, os.environ | {"DJANGO_SETTINGS_MODULE": "sandbox.lms.settings"})
    assert process.stderr.endswith("INFO [catalog_sync] event=one key=two\n")
