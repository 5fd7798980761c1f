"""The sandbox LMS loads catalog_sync as any plugin, and takes from the environment what differs by machine."""

from __future__ import annotations

import ast
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
from sandbox.lms import settings as settings_module

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_FILE = Path(settings_module.__file__)


def settings_with(*names: str, **environ: str) -> list:
    """Return the settings of these names in a process that has these environment variables and no others of ours."""
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
    """catalog_sync comes by its entry point."""

    def test_is_installed(self):
        assert apps.is_installed("catalog_sync")

    def test_is_found_by_its_entry_point(self):
        assert "catalog_sync.apps.CatalogSyncAppConfig" in get_plugin_apps("lms.djangoapp")

    def test_is_named_nowhere_in_the_settings(self):
        texts = [node.value for node in ast.walk(ast.parse(SETTINGS_FILE.read_text())) if _is_text(node)]
        assert not [text for text in texts if text.startswith("catalog_sync")]

    def test_is_imported_by_no_setting(self):
        imports = [node for node in ast.walk(ast.parse(SETTINGS_FILE.read_text())) if _is_import(node)]
        assert "catalog_sync" not in " ".join(map(ast.unparse, imports))

    def test_urls_of_plugins_are_served(self, monkeypatch):
        plugin_urls = ModuleType("catalog_sync.urls")
        plugin_urls.urlpatterns = [path("of-the-plugin", lambda request: None)]
        monkeypatch.setitem(sys.modules, "catalog_sync.urls", plugin_urls)
        url_config = {"lms.djangoapp": {"namespace": "plugin", "relative_path": "urls"}}
        monkeypatch.setattr(CatalogSyncAppConfig, "plugin_app", {"url_config": url_config})
        urls = runpy.run_path(str(ROOT / "sandbox/lms/urls.py"))
        assert URLResolver(RegexPattern("^/"), urls["urlpatterns"]).resolve("/of-the-plugin")


class TestDefaults:
    """Without environment variables all is on this machine."""

    DEFAULTS = {
        "LMS_ROOT_URL": "http://127.0.0.1:18000",
        "COURSE_CATALOG_API_URL": "http://127.0.0.1:18381/api/v1",
        "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL": "http://127.0.0.1:18381/oauth2",
        # The stand-in Catalog knows this client.
        "BACKEND_SERVICE_EDX_OAUTH2_KEY": CLIENT_ID,
        "BACKEND_SERVICE_EDX_OAUTH2_SECRET": CLIENT_SECRET,
        "CELERY_BROKER_URL": "memory://",
        "CELERY_RESULT_BACKEND": "cache+memory://",
        "CELERY_TASK_ALWAYS_EAGER": True,
    }

    def test_of_settings(self):
        assert settings_with(*self.DEFAULTS) == list(self.DEFAULTS.values())

    def test_of_database(self):
        (databases,) = settings_with("DATABASES")
        assert databases["default"]["NAME"] == str(ROOT / "sandbox" / "var" / "lms.sqlite3")

    def test_of_cache(self):
        (caches,) = settings_with("CACHES")
        assert caches["default"]["BACKEND"].endswith("LocMemCache")


class TestEnvironment:
    """Environment variables win."""

    NAMES = (
        "LMS_ROOT_URL",
        "COURSE_CATALOG_API_URL",
        "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL",
        "BACKEND_SERVICE_EDX_OAUTH2_KEY",
        "BACKEND_SERVICE_EDX_OAUTH2_SECRET",
        "CELERY_BROKER_URL",
        "CELERY_RESULT_BACKEND",
    )

    def test_sets_what_it_names(self):
        given = {name: f"https://{number}.example.com" for number, name in enumerate(self.NAMES)}
        assert settings_with(*self.NAMES, **given) == list(given.values())

    def test_lms_answers_for_the_host_of_its_root(self):
        (hosts,) = settings_with("ALLOWED_HOSTS", LMS_ROOT_URL="https://lms.example.com")
        assert "lms.example.com" in hosts

    def test_tasks_wait_for_a_worker_where_there_is_a_broker(self):
        assert settings_with("CELERY_TASK_ALWAYS_EAGER", CELERY_BROKER_URL="redis://localhost/0") == [False]


class TestDatabase:
    """``LMS_DATABASE_URL``."""

    def test_sqlite_makes_the_folder_of_its_file(self, tmp_path):
        environment.database(f"sqlite:///{tmp_path}/new/lms.sqlite3")
        assert (tmp_path / "new").is_dir()

    def test_sqlite_writers_wait_for_each_other(self, tmp_path):
        options = environment.database(f"sqlite:///{tmp_path}/lms.sqlite3")["OPTIONS"]
        assert options == {"timeout": 20, "transaction_mode": "IMMEDIATE"}

    def test_mysql_stores_every_character(self):
        assert environment.database("mysql://root@127.0.0.1/lms")["OPTIONS"]["charset"] == "utf8mb4"

    def test_mysql_test_database_stores_every_character(self):
        assert environment.database("mysql://root@127.0.0.1/lms")["TEST"]["CHARSET"] == "utf8mb4"

    def test_postgres_is_understood(self):
        assert environment.database("postgres://me@127.0.0.1/lms")["ENGINE"].endswith("postgresql")


class TestCache:
    """``LMS_CACHE_URL``."""

    def test_redis_is_understood(self):
        assert environment.cache("redis://127.0.0.1:6379/3")["LOCATION"] == "redis://127.0.0.1:6379/3"

    def test_another_kind_is_refused_by_name(self):
        with pytest.raises(ImproperlyConfigured, match="LMS_CACHE_URL"):
            environment.cache("memcached://127.0.0.1")


def test_admin_pages_come_with_their_style(client):
    response = client.get(f"{settings.STATIC_URL}admin/css/base.css")
    assert b"body" in b"".join(response.streaming_content)


@pytest.mark.django_db
def test_admin_is_on(client):
    assert client.get("/admin/login/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["course_overviews/courseoverview", "student/courseenrollment"])
def test_admin_lists(admin_client, page):
    assert admin_client.get(f"/admin/{page}/").status_code == 200


def test_log_lines_at_info_go_to_stderr():
    log = (
        "import django, logging; django.setup(); logging.getLogger('catalog_sync').info('event=one key=two')"
    )
    process = run_python(log, os.environ | {"DJANGO_SETTINGS_MODULE": "sandbox.lms.settings"})
    assert process.stderr.endswith("INFO [catalog_sync] event=one key=two\n")


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
