"""Every setting that catalog_sync reads, with its default. Nothing else reads ``django.conf.settings``.

The functions read the setting at each call, so that a test or a plugin may change it at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

DEFAULT_COURSE_OVERVIEW_MODEL = "course_overviews.CourseOverview"
DEFAULT_SESSION_FACTORY = "catalog_sync.catalog_client.session.oauth_session"
DEFAULT_STALE_AFTER_HOURS = 12

# The settings that list something, each with an example.
LISTS = {
    "CATALOG_SYNC_RUN_STATUSES": ("published",),
    "CATALOG_SYNC_MARKETING_URL_HOSTS": ("www.example.com", ".example.org"),
}


def is_text(name: str) -> bool:
    """Whether the setting of this name is a text."""
    return isinstance(getattr(settings, name, None), str)


def _text(name: str) -> str:
    return str(getattr(settings, name, None) or "")


def catalog_api_url() -> str:
    """The Catalog's API root (``https://discovery.example.com/api/v1``), no trailing slash; empty if unset."""
    return _text("COURSE_CATALOG_API_URL").rstrip("/")


def oauth_provider_url() -> str:
    """The OAuth2 provider that sells tokens for the Catalog (``https://lms.example.com/oauth2``)."""
    return _text("BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL")


def oauth_key() -> str:
    """The OAuth2 client id of the LMS's backend service user."""
    return _text("BACKEND_SERVICE_EDX_OAUTH2_KEY")


def oauth_secret() -> str:
    """The OAuth2 client secret of the LMS's backend service user. Never logged."""
    return _text("BACKEND_SERVICE_EDX_OAUTH2_SECRET")


def missing_credentials() -> list[str]:
    """The names of those settings that are needed to buy a token and are not set."""
    names = [f"BACKEND_SERVICE_EDX_OAUTH2_{each}" for each in ("PROVIDER_URL", "KEY", "SECRET")]
    return [name for name in names if not _text(name)]


def lms_root_url() -> str:
    """The LMS's public root (``https://courses.example.com``), no trailing slash."""
    return _text("LMS_ROOT_URL").rstrip("/")


def user_model() -> str:
    """The host's user model as ``app_label.Model``."""
    return str(settings.AUTH_USER_MODEL)


def course_overview_model() -> str:
    """The host's course overview model as ``app_label.Model``."""
    # .. setting_name: CATALOG_SYNC_COURSE_OVERVIEW_MODEL
    # .. setting_default: "course_overviews.CourseOverview"
    # .. setting_description: The host's model that caches course metadata in SQL, as ``app_label.Model``. Its
    #   primary key is the course key, and it has a nullable text field ``marketing_url``.
    return _text("CATALOG_SYNC_COURSE_OVERVIEW_MODEL") or DEFAULT_COURSE_OVERVIEW_MODEL


def session_factory() -> str:
    """Dotted path to a callable that returns an authenticated ``requests.Session``."""
    # .. setting_name: CATALOG_SYNC_SESSION_FACTORY
    # .. setting_default: "catalog_sync.catalog_client.session.oauth_session"
    # .. setting_description: Dotted path to a callable without arguments that returns an authenticated
    #   ``requests.Session``, for hosts that mint their own tokens. The default uses edx-rest-api-client's
    #   ``OAuthAPIClient`` with the ``BACKEND_SERVICE_EDX_OAUTH2_*`` settings.
    return _text("CATALOG_SYNC_SESSION_FACTORY") or DEFAULT_SESSION_FACTORY


def fields() -> Mapping[str, str]:
    """Which Catalog field goes to which course overview field."""
    # .. setting_name: CATALOG_SYNC_FIELDS
    # .. setting_default: {"marketing_url": "marketing_url"}
    # .. setting_description: Catalog field -> course overview field. ``marketing_url``,
    #   ``eligible_for_financial_aid`` and ``content_language`` can be mapped; with all three the app keeps all
    #   that edx-platform's ``sync_course_runs`` keeps.
    return getattr(settings, "CATALOG_SYNC_FIELDS", None) or {"marketing_url": "marketing_url"}


def run_statuses() -> tuple[str, ...] | None:
    """The Catalog statuses whose marketing URL counts; ``None`` means all."""
    # .. setting_name: CATALOG_SYNC_RUN_STATUSES
    # .. setting_default: ("published",)
    # .. setting_description: The Catalog statuses of course runs whose marketing URL learners may be sent to. The
    #   Catalog lists unpublished runs with a URL, too. ``None``: the URL counts whatever the status.
    statuses = getattr(settings, "CATALOG_SYNC_RUN_STATUSES", ("published",))
    return None if statuses is None else tuple(statuses)


def marketing_url_hosts() -> tuple[str, ...] | None:
    """The only hosts that a marketing URL may point to; ``None`` means any."""
    # .. setting_name: CATALOG_SYNC_MARKETING_URL_HOSTS
    # .. setting_default: None
    # .. setting_description: When set, the only hosts that a marketing URL may point to. A leading dot allows the
    #   host and its subdomains, as in Django's ``ALLOWED_HOSTS``.
    hosts: Any = getattr(settings, "CATALOG_SYNC_MARKETING_URL_HOSTS", None)
    return None if hosts is None else tuple(hosts)


def stale_after_hours() -> float:
    """How many hours after the last successful full sync the sync counts as stale."""
    # .. setting_name: CATALOG_SYNC_STALE_AFTER_HOURS
    # .. setting_default: 12
    # .. setting_description: When the last successful full sync is older than this, ``/catalog_sync/health/`` answers
    #   with status 503 and ``catalog_sync_status`` exits with 1.
    hours = getattr(settings, "CATALOG_SYNC_STALE_AFTER_HOURS", None)
    return DEFAULT_STALE_AFTER_HOURS if hours is None else hours


def health_token() -> str:
    """What monitoring sends as ``Authorization: Bearer …``; empty: staff only. Never logged."""
    # .. setting_name: CATALOG_SYNC_HEALTH_TOKEN
    # .. setting_default: None
    # .. setting_description: A secret with which monitoring may ask ``/catalog_sync/health/``, sent as
    #   ``Authorization: Bearer …``. Without one only staff may.
    return _text("CATALOG_SYNC_HEALTH_TOKEN")


def history_enabled() -> bool:
    """Whether django-simple-history keeps history at all (its own ``SIMPLE_HISTORY_ENABLED``)."""
    return bool(getattr(settings, "SIMPLE_HISTORY_ENABLED", True))
