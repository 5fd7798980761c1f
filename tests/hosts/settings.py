"""Settings of a test host. The environment variable ``HOST`` is a class in ``apps.py``."""

import os

from edx_django_utils.plugins import add_plugins, get_plugin_apps

PROJECT_TYPE = "lms.djangoapp"

SECRET_KEY = "for tests"
ROOT_URLCONF = "tests.hosts.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "config_models",
    "simple_history",
    f"tests.hosts.apps.{os.environ['HOST']}",
    *get_plugin_apps(PROJECT_TYPE),
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
OPENEDX_TELEMETRY = []

LMS_ROOT_URL = "https://lms.example.com"
COURSE_CATALOG_API_URL = os.environ["COURSE_CATALOG_API_URL"]
for name in ("PROVIDER_URL", "KEY", "SECRET"):
    globals()[f"BACKEND_SERVICE_EDX_OAUTH2_{name}"] = os.environ[f"BACKEND_SERVICE_EDX_OAUTH2_{name}"]
if model := os.environ.get("COURSE_OVERVIEW_MODEL"):
    CATALOG_SYNC_COURSE_OVERVIEW_MODEL = model

add_plugins(__name__, PROJECT_TYPE, "production")
