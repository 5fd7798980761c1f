import os
from pathlib import Path

from edx_django_utils.plugins import add_plugins, get_plugin_apps

PROJECT_TYPE = "lms.djangoapp"
BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = "for a test"
ROOT_URLCONF = "lms.urls"
ALLOWED_HOSTS = ["testserver"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "config_models",
    "course_overviews",
    *get_plugin_apps(PROJECT_TYPE),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "lms.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
OPENEDX_TELEMETRY = []

LMS_ROOT_URL = "https://lms.example.com"
COURSE_CATALOG_API_URL = os.environ["COURSE_CATALOG_API_URL"]
BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = os.environ["BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL"]
BACKEND_SERVICE_EDX_OAUTH2_KEY = os.environ["BACKEND_SERVICE_EDX_OAUTH2_KEY"]
BACKEND_SERVICE_EDX_OAUTH2_SECRET = os.environ["BACKEND_SERVICE_EDX_OAUTH2_SECRET"]

add_plugins(__name__, PROJECT_TYPE, "common")
