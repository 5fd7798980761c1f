"""The defaults of this app's settings, so that settings files loaded later can change them."""

from __future__ import annotations

from typing import Any

from catalog_sync import conf


def defaults() -> dict[str, Any]:
    """Return each setting of this app with its default. The objects are new, because a host may change them."""
    return {
        "CATALOG_SYNC_CATALOGS": None,
        "CATALOG_SYNC_COURSE_OVERVIEW_MODEL": conf.DEFAULT_COURSE_OVERVIEW_MODEL,
        "CATALOG_SYNC_SESSION_FACTORY": None,
        "CATALOG_SYNC_FIELDS": None,
        "CATALOG_SYNC_RUN_STATUSES": conf.DEFAULT_RUN_STATUSES,
        "CATALOG_SYNC_MARKETING_URL_HOSTS": None,
        "CATALOG_SYNC_STALE_AFTER_HOURS": conf.DEFAULT_STALE_AFTER_HOURS,
        "CATALOG_SYNC_HEALTH_TOKEN": None,
        "CATALOG_SYNC_ABOUT_PAGE_FILTER": True,
    }


def plugin_settings(settings: Any) -> None:
    """Set what the LMS has not set itself. Plugins are loaded after the LMS's own settings."""
    for name, default in defaults().items():
        if not hasattr(settings, name):
            setattr(settings, name, default)
