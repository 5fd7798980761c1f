"""Settings of every LMS and Studio, with edx-platform's defaults."""

SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
SITE_ID = 1
APPS_OF_THE_PLATFORM = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "config_models",
    "simple_history",
    "openedx.core.djangoapps.site_configuration",
    "openedx.core.djangoapps.catalog",
    "openedx.core.djangoapps.content.course_overviews",
    "common.djangoapps.student",
]
MIDDLEWARE = [
    "edx_django_utils.cache.middleware.RequestCacheMiddleware",
    "crum.CurrentRequestUserMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.sites.middleware.CurrentSiteMiddleware",
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
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
STATIC_URL = "/static/"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "DEBUG"},
}
OPENEDX_TELEMETRY = []

LMS_ROOT_URL = "https://localhost:18000"
CATALOG_MICROFRONTEND_URL = None
COURSE_CATALOG_API_URL = "http://localhost:8008/api/v1"
FEATURES = {"ENABLE_CATALOG_MICROFRONTEND": False}
SOCIAL_SHARING_SETTINGS = {"CUSTOM_COURSE_URLS": False}
JWT_AUTH = {"JWT_ISSUER": "http://127.0.0.1:8000/oauth2", "JWT_SECRET_KEY": "lms-secret"}
