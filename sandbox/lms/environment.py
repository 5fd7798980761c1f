"""Django settings of the sandbox LMS from environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

# SQLite has one writer at a time. The second one waits so long before it fails.
SQLITE_TIMEOUT_SECONDS = 20


def database(url: str) -> dict[str, Any]:
    """Return ``DATABASES["default"]`` for ``url`` (``sqlite:///``, ``mysql://`` or ``postgres://``)."""
    try:
        settings = dj_database_url.parse(url)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"LMS_DATABASE_URL must be a sqlite:///, mysql:// or postgres:// URL: {error}"
        ) from None
    options = settings.setdefault("OPTIONS", {})
    if settings["ENGINE"].endswith("sqlite3"):
        Path(settings["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        # A transaction that starts with a read fails immediately if another one writes, so each starts as a writer.
        options |= {"timeout": SQLITE_TIMEOUT_SECONDS, "transaction_mode": "IMMEDIATE"}
    elif settings["ENGINE"].endswith("mysql"):
        options |= {"charset": "utf8mb4", "init_command": "SET sql_mode='STRICT_TRANS_TABLES'"}
        settings["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"}
    return settings


def cache(url: str | None) -> dict[str, Any]:
    """Return ``CACHES["default"]`` for ``url`` (``redis://…``), or local memory without one."""
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "sandbox-lms"}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(f"LMS_CACHE_URL must be a redis:// URL, not {url!r}")
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}


def message_folders(broker_url: str) -> dict[str, str]:
    """Return the transport options of a ``filesystem:///…`` broker, and create its folder."""
    folder = Path(urlsplit(broker_url).path)
    folder.mkdir(parents=True, exist_ok=True)
    return dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), str(folder))


def credentials(catalogs: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the environment's credentials for ``CATALOG_SYNC_CATALOGS``, as settings."""
    prefixes = [
        entry["OAUTH_SETTINGS_PREFIX"] for entry in catalogs.values() if "OAUTH_SETTINGS_PREFIX" in entry
    ]
    names = [f"{prefix}_{name}" for prefix in prefixes for name in ("PROVIDER_URL", "KEY", "SECRET")]
    return {name: os.environ[name] for name in names if name in os.environ}
