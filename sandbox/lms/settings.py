"""Settings of the sandbox LMS. Environment variables override those that differ from machine to machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from edx_django_utils.plugins import add_plugins, get_plugin_apps

from sandbox.lms import environment
from sandbox.lms.signing_keys import JWT_PRIVATE_SIGNING_JWK, JWT_PUBLIC_SIGNING_JWK_SET

SANDBOX_ROOT = Path(__file__).resolve().parent.parent
PROJECT_TYPE = "lms.djangoapp"
SETTINGS_TYPE = "production"

LMS_ROOT_URL = os.environ.get("LMS_ROOT_URL", "http://127.0.0.1:18000")

SECRET_KEY = "public, because it is only for the sandbox"
# With DEBUG, Django would store every query of a sync in memory.
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", urlsplit(LMS_ROOT_URL).hostname or "localhost"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "config_models",
    "rest_framework",
    "simple_history",
    "sandbox.lms.course_overviews",
    "sandbox.lms.student",
    "sandbox.lms.mobile_api",
    "sandbox.lms.seeding",
    # Installed plugins of the LMS, such as catalog_sync.
    *get_plugin_apps(PROJECT_TYPE),
]

MIDDLEWARE = [
    "edx_django_utils.cache.middleware.RequestCacheMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # After authentication, because only staff may force a cache miss.
    "edx_django_utils.cache.middleware.TieredCacheMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "sandbox.lms.urls"
WSGI_APPLICATION = "sandbox.lms.wsgi.application"
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

DATABASES = {
    "default": environment.database(
        os.environ.get("LMS_DATABASE_URL") or f"sqlite:///{SANDBOX_ROOT / 'var' / 'lms.sqlite3'}"
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": environment.cache(os.environ.get("LMS_CACHE_URL"))}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "/static/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"standard": {"format": "%(asctime)s %(levelname)s [%(name)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "standard"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # It warns that a broker in the file system has no host name.
    "loggers": {"kombu.connection": {"level": "ERROR"}},
}

# No monitoring, because edx-django-utils would warn that New Relic is not installed.
OPENEDX_TELEMETRY: list[str] = []

# The Catalog and the OAuth2 provider of its tokens. By default the stand-in is both.
_catalog = f"http://127.0.0.1:{os.environ.get('CATALOG_PORT') or 18381}"
COURSE_CATALOG_API_URL = os.environ.get("COURSE_CATALOG_API_URL", f"{_catalog}/api/v1")
BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL = os.environ.get(
    "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL", f"{_catalog}/oauth2"
)
BACKEND_SERVICE_EDX_OAUTH2_KEY = os.environ.get("BACKEND_SERVICE_EDX_OAUTH2_KEY", "catalog-sync-worker")
BACKEND_SERVICE_EDX_OAUTH2_SECRET = os.environ.get(
    "BACKEND_SERVICE_EDX_OAUTH2_SECRET", "catalog-sync-worker-secret"
)

# Several Catalogs, as JSON, and their credentials (OAUTH_SETTINGS_PREFIX).
CATALOG_SYNC_CATALOGS = json.loads(os.environ.get("CATALOG_SYNC_CATALOGS") or "null")
globals().update(environment.credentials(CATALOG_SYNC_CATALOGS or {}))

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "memory://"
if CELERY_BROKER_URL.startswith("filesystem:"):
    # Messages are files in the folder of the URL, so a worker needs no server. `make serve` uses it.
    CELERY_BROKER_TRANSPORT_OPTIONS = environment.message_folders(CELERY_BROKER_URL)
    CELERY_BROKER_URL = "filesystem://"
CELERY_RESULT_BACKEND = os.environ.get("CELERY_RESULT_BACKEND") or "cache+memory://"
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("CELERY_TASK_DEFAULT_QUEUE") or "celery"
# Other processes cannot reach a broker in memory, so tasks run in the process that sends them.
CELERY_TASK_ALWAYS_EAGER = CELERY_BROKER_URL.startswith("memory:")

JWT_ISSUER = f"{LMS_ROOT_URL}/oauth2"
JWT_AUDIENCE = "sandbox-lms"
JWT_AUTH = {
    "JWT_AUDIENCE": JWT_AUDIENCE,
    "JWT_AUTH_HEADER_PREFIX": "JWT",
    "JWT_DECODE_HANDLER": "edx_rest_framework_extensions.auth.jwt.decoder.jwt_decode_handler",
    "JWT_ISSUER": JWT_ISSUER,
    # Without a shared secret, only tokens that are signed with the RSA key are valid.
    "JWT_ISSUERS": [{"ISSUER": JWT_ISSUER, "AUDIENCE": JWT_AUDIENCE, "SECRET_KEY": None}],
    "JWT_PRIVATE_SIGNING_JWK": JWT_PRIVATE_SIGNING_JWK,
    "JWT_PUBLIC_SIGNING_JWK_SET": JWT_PUBLIC_SIGNING_JWK_SET,
    "JWT_SIGNING_ALGORITHM": "RS512",
    "JWT_VERIFY_EXPIRATION": True,
}

COURSE_KEY_REGEX = r"[^/+]+(/|\+)[^/+]+(/|\+)[^/?]+"
COURSE_ID_PATTERN = rf"(?P<course_id>{COURSE_KEY_REGEX})"

# If True, publishing updates a course overview instead of deleting and creating it again.
COURSE_OVERVIEW_UPDATE_IN_PLACE = False

COURSE_SHARING_UTM_PARAMETERS = {
    site: {"utm_medium": "social", "utm_campaign": "social-sharing-db", "utm_source": site}
    for site in ("facebook", "twitter")
}

# Unlike edx-platform's default, so that the demo has a social sharing URL.
SOCIAL_SHARING_SETTINGS = {"CUSTOM_COURSE_URLS": True}
FEATURES = {"ENABLE_MKTG_SITE": False}

# In production, catalog_sync also adds its step to OPEN_EDX_FILTERS_CONFIG.
add_plugins(__name__, PROJECT_TYPE, SETTINGS_TYPE)
