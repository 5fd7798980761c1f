"""Every setting that catalog_sync reads, with its default. Nothing else reads ``django.conf.settings``.

Each call reads the setting again, since a plugin may change it. Only the default of CATALOG_SYNC_FIELDS is cached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.core.signals import setting_changed

DEFAULT_COURSE_OVERVIEW_MODEL = "course_overviews.CourseOverview"
DEFAULT_FIELDS = {"marketing_url": "marketing_url"}
# edx-platform's app that reads the Catalog, and what its sync_course_runs copies besides the marketing URL.
PLATFORM_CATALOG_APP = "openedx.core.djangoapps.catalog"
PLATFORM_FIELDS = {"eligible_for_financial_aid": "eligible_for_financial_aid", "content_language": "language"}
DEFAULT_RUN_STATUSES = ("published",)
DEFAULT_STALE_AFTER_HOURS = 12
# The Open edX filter that every link to an about page passes through, and this app's step in its pipeline.
ABOUT_PAGE_FILTER = "org.openedx.learning.course_about.page.url.requested.v1"
ABOUT_PAGE_STEP = "catalog_sync.filters.ReplaceAboutPageUrl"
# A century. Python cannot add much longer times to a date.
MAX_STALE_AFTER_HOURS = 1_000_000
# The name of the only Catalog if CATALOG_SYNC_CATALOGS is not set.
DEFAULT_CATALOG = "default"
DEFAULT_OAUTH_SETTINGS_PREFIX = "BACKEND_SERVICE_EDX_OAUTH2"
# Lowercase, because some databases compare text without case.
CATALOG_NAME = re.compile(r"[a-z0-9_-]{1,32}")

# The settings that are lists, each with an example.
LISTS = {
    "CATALOG_SYNC_RUN_STATUSES": DEFAULT_RUN_STATUSES,
    "CATALOG_SYNC_MARKETING_URL_HOSTS": ("www.example.com", ".example.org"),
}


def raw(name: str) -> Any:
    """Return a setting unchecked; None if unset."""
    return getattr(settings, name, None)


def cache_backend() -> str:
    """Return the dotted path of the backend of the host's default cache."""
    return str(settings.CACHES["default"]["BACKEND"])


def _text(name: str) -> str:
    return str(raw(name) or "")


@dataclass(frozen=True)
class Catalog:
    """A Catalog that course runs are read from.

    Attributes:
        name: as in ``--catalog`` and in the column ``catalog``.
        api_url: the API's root (``https://discovery.example.com/api/v1``), no trailing slash; empty if unset.
        oauth_settings_prefix: the prefix of the settings with its OAuth2 credentials.
        orgs: the sync ignores course runs of other organizations; None: all organizations.
    """

    name: str
    api_url: str = ""
    oauth_settings_prefix: str = DEFAULT_OAUTH_SETTINGS_PREFIX
    orgs: frozenset[str] | None = None

    def covers(self, course_key: str) -> bool:
        """Return whether the organization of this course key is in ``orgs``."""
        return self.orgs is None or org_of(course_key) in self.orgs

    @property
    def oauth_provider_url(self) -> str:
        """The OAuth2 provider that issues tokens for the Catalog (``https://lms.example.com/oauth2``)."""
        return _text(f"{self.oauth_settings_prefix}_PROVIDER_URL")

    @property
    def oauth_key(self) -> str:
        return _text(f"{self.oauth_settings_prefix}_KEY")

    @property
    def oauth_secret(self) -> str:
        """Never logged."""
        return _text(f"{self.oauth_settings_prefix}_SECRET")

    @property
    def missing_credentials(self) -> list[str]:
        """The names of the settings that are needed for a token but are not set."""
        names = [f"{self.oauth_settings_prefix}_{each}" for each in ("PROVIDER_URL", "KEY", "SECRET")]
        return [name for name in names if not _text(name)]

    @property
    def url_setting(self) -> str:
        """The name of the setting with its API root."""
        if named_catalogs() is None:
            return "COURSE_CATALOG_API_URL"
        return f"CATALOG_SYNC_CATALOGS[{self.name!r}]['URL']"


def org_of(course_key: str) -> str:
    """Return the organization of a course key of any kind, without parsing the whole key."""
    kind, colon, rest = course_key.partition(":")
    return rest.partition("+")[0] if colon else kind.partition("/")[0]


def course_catalog_api_url() -> str:
    """Return the API's root from the setting, without a trailing slash; empty if unset."""
    return _text("COURSE_CATALOG_API_URL").rstrip("/")


def named_catalogs() -> Any:
    """Return ``CATALOG_SYNC_CATALOGS`` unchecked; None if unset."""
    # .. setting_name: CATALOG_SYNC_CATALOGS
    # .. setting_default: None
    # .. setting_description: For an LMS with several Catalogs: name -> ``{"URL": …, "OAUTH_SETTINGS_PREFIX": …, "ORGS":
    #   […]}``. The Catalog that is named first has priority. ``OAUTH_SETTINGS_PREFIX`` is the prefix of three settings
    #   (``…_PROVIDER_URL``, ``…_KEY``, ``…_SECRET``; default: ``BACKEND_SERVICE_EDX_OAUTH2``). ``ORGS`` limits this
    #   Catalog to the listed organizations. ``None``: one Catalog, named ``default``, at ``COURSE_CATALOG_API_URL``.
    return raw("CATALOG_SYNC_CATALOGS")


def catalogs() -> tuple[Catalog, ...]:
    """Return the Catalogs in their order of priority. There is at least one."""
    named = named_catalogs()
    if named is None:
        return (Catalog(DEFAULT_CATALOG, course_catalog_api_url()),)
    return tuple(_catalog(name, entry) for name, entry in named.items())


def _catalog(name: str, entry: Mapping[str, Any]) -> Catalog:
    url, orgs = str(entry.get("URL") or "").rstrip("/"), entry.get("ORGS")
    prefix = entry.get("OAUTH_SETTINGS_PREFIX") or DEFAULT_OAUTH_SETTINGS_PREFIX
    return Catalog(name, url, prefix, None if orgs is None else frozenset(orgs))


def catalog_or_unconfigured(name: str) -> Catalog:
    """Return the Catalog of this name. If it is no longer configured, the Catalog has no API root."""
    return next((each for each in catalogs() if each.name == name), Catalog(name))


def catalog_names() -> list[str]:
    """Return the names of the Catalogs in their order of priority."""
    return [each.name for each in catalogs()]


def has_several_catalogs() -> bool:
    """Return whether there are several Catalogs."""
    return len(catalogs()) > 1


def lms_root_url() -> str:
    """Return the LMS's public root (``https://courses.example.com``), without a trailing slash."""
    return _text("LMS_ROOT_URL").rstrip("/")


def catalog_microfrontend_url() -> str:
    """Return the public root of the catalog MFE; empty if unset."""
    return _text("CATALOG_MICROFRONTEND_URL")


def social_sharing_settings() -> Mapping[str, Any]:
    """Return the LMS's own settings for links that learners share."""
    return getattr(settings, "SOCIAL_SHARING_SETTINGS", {})


def is_feature_enabled(name: str) -> bool:
    """Return whether this flag in the LMS's ``FEATURES`` is on."""
    return bool(getattr(settings, "FEATURES", {}).get(name))


def filter_pipeline(filter_type: str) -> tuple[str, ...]:
    """Return the dotted paths of the steps in ``OPEN_EDX_FILTERS_CONFIG`` for this Open edX filter."""
    entry = (raw("OPEN_EDX_FILTERS_CONFIG") or {}).get(filter_type)
    pipeline = entry.get("pipeline") if isinstance(entry, Mapping) else entry
    if isinstance(pipeline, str):
        return (pipeline,)
    return tuple(pipeline) if isinstance(pipeline, list | tuple) else ()


def user_model() -> str:
    """Return the host's user model as ``app_label.Model``."""
    return str(settings.AUTH_USER_MODEL)


def course_overview_model() -> str:
    """Return the host's course overview model as ``app_label.Model``."""
    # .. setting_name: CATALOG_SYNC_COURSE_OVERVIEW_MODEL
    # .. setting_default: "course_overviews.CourseOverview"
    # .. setting_description: The host's model that caches course metadata in SQL, as ``app_label.Model``. Its
    #   primary key is the course key, and it has a nullable text field ``marketing_url``.
    return _text("CATALOG_SYNC_COURSE_OVERVIEW_MODEL") or DEFAULT_COURSE_OVERVIEW_MODEL


def session_factory() -> str:
    """Return the dotted path of the host's callable that returns an authenticated session; empty if unset."""
    # .. setting_name: CATALOG_SYNC_SESSION_FACTORY
    # .. setting_default: None
    # .. setting_description: Dotted path to a callable without arguments that returns an authenticated
    #   ``requests.Session``, for hosts that make their own tokens. If ``CATALOG_SYNC_CATALOGS`` is set, the callable
    #   gets the name of the Catalog. ``None``: OAuth2 client credentials if ``BACKEND_SERVICE_EDX_OAUTH2_*`` (or the
    #   settings of the Catalog's ``OAUTH_SETTINGS_PREFIX``) are complete, else edx-platform's Catalog integration.
    return _text("CATALOG_SYNC_SESSION_FACTORY")


def fields() -> Mapping[str, str]:
    """Return the mapping of Catalog fields to course overview fields."""
    # .. setting_name: CATALOG_SYNC_FIELDS
    # .. setting_default: None
    # .. setting_description: Catalog field -> course overview field. ``marketing_url``,
    #   ``eligible_for_financial_aid`` and ``content_language`` can be mapped. ``None``: ``marketing_url``. In
    #   edx-platform also ``eligible_for_financial_aid``, and ``content_language`` to ``language``, if the course
    #   overview model has these fields.
    return raw("CATALOG_SYNC_FIELDS") or _default_fields(course_overview_model())


# Cached because every link needs them.
@lru_cache(maxsize=8)
def _default_fields(model_name: str) -> Mapping[str, str]:
    if not apps.is_installed(PLATFORM_CATALOG_APP):
        return DEFAULT_FIELDS
    return DEFAULT_FIELDS | {
        name: field for name, field in PLATFORM_FIELDS.items() if _has_field(model_name, field)
    }


def _has_field(model_name: str, field: str) -> bool:
    try:
        apps.get_model(model_name)._meta.get_field(field)
    except (LookupError, ValueError, FieldDoesNotExist):
        return False  # A system check reports a model that is not installed.
    return True


setting_changed.connect(lambda **kwargs: _default_fields.cache_clear(), weak=False)


def run_statuses() -> tuple[str, ...] | None:
    """Return the statuses of course runs whose marketing URL is used; None: all."""
    # .. setting_name: CATALOG_SYNC_RUN_STATUSES
    # .. setting_default: ("published",)
    # .. setting_description: The statuses of course runs whose marketing URL is used. Unpublished course runs have a
    #   URL in the Catalog, too. ``None``: all statuses.
    statuses = getattr(settings, "CATALOG_SYNC_RUN_STATUSES", DEFAULT_RUN_STATUSES)
    return None if statuses is None else tuple(statuses)


def marketing_url_hosts() -> tuple[str, ...] | None:
    """Return the only hosts that a marketing URL may point to; None: any host."""
    # .. setting_name: CATALOG_SYNC_MARKETING_URL_HOSTS
    # .. setting_default: None
    # .. setting_description: If set, the only hosts that a marketing URL may point to. A leading dot allows the
    #   host and its subdomains, as in Django's ``ALLOWED_HOSTS``.
    hosts = raw("CATALOG_SYNC_MARKETING_URL_HOSTS")
    return None if hosts is None else tuple(hosts)


def stale_after_hours() -> float:
    """Return the hours after the last successful full sync after which the sync is stale."""
    # .. setting_name: CATALOG_SYNC_STALE_AFTER_HOURS
    # .. setting_default: 12
    # .. setting_description: If the last successful full sync is older than this, ``/catalog_sync/health/`` returns
    #   status 503 and ``catalog_sync_status`` exits with 1.
    hours = raw("CATALOG_SYNC_STALE_AFTER_HOURS")
    # The limit is the first argument, so that min() returns it for NaN.
    return DEFAULT_STALE_AFTER_HOURS if hours is None else min(MAX_STALE_AFTER_HOURS, hours)


def about_page_filter_enabled() -> bool:
    """Return whether ``catalog_sync.filters`` replaces the LMS's links to about pages by marketing URLs."""
    # .. setting_name: CATALOG_SYNC_ABOUT_PAGE_FILTER
    # .. setting_default: True
    # .. setting_description: If True, the plugin settings add a step to the Open edX filter
    #   ``CourseAboutPageURLRequested``. The step replaces a link to a course's about page by the course's
    #   marketing URL.
    return bool(getattr(settings, "CATALOG_SYNC_ABOUT_PAGE_FILTER", True))


def is_about_page_step_active() -> bool:
    """Return whether the LMS runs this app's filter step on links to about pages."""
    return about_page_filter_enabled() and ABOUT_PAGE_STEP in filter_pipeline(ABOUT_PAGE_FILTER)


def health_token() -> str:
    """Return the token that monitoring sends as ``Authorization: Bearer …``; empty: staff only. Never logged."""
    # .. setting_name: CATALOG_SYNC_HEALTH_TOKEN
    # .. setting_default: None
    # .. setting_description: The secret that monitoring sends to the health page and the metrics. ``None``: staff only.
    return _text("CATALOG_SYNC_HEALTH_TOKEN")


def history_enabled() -> bool:
    """Return whether django-simple-history is enabled (its own ``SIMPLE_HISTORY_ENABLED``)."""
    return bool(getattr(settings, "SIMPLE_HISTORY_ENABLED", True))
