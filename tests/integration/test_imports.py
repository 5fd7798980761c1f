"""What the web processes of a host pay for having the app: nothing of what only the job needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A host with nothing in it that brings an HTTP client or Celery of its own, as the sandbox LMS does.
WEB_PROCESS = """
import sys
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.admin",
        "django.contrib.messages",
        "config_models",
        "catalog_sync",
    ],
    CATALOG_SYNC_COURSE_OVERVIEW_MODEL="auth.User",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
import catalog_sync.api, catalog_sync.filters, catalog_sync.links, catalog_sync.receivers
import catalog_sync.operations.link_urls
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported_modules():
    """The names of all modules that a web process has imported."""
    process = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(process.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "requests",
        "urllib3",
        "edx_rest_api_client",
        "tqdm",
        "stamina",
        "msgspec",
        "idna",
        "celery",
        "catalog_sync.catalog_client",
        "catalog_sync.sync",
        "catalog_sync.management",
    ],
)
def test_web_process_does_without(module, imported_modules):
    assert module not in imported_modules


@pytest.mark.parametrize(
    "module", ["admin", "api", "filters", "links", "models", "operations.link_urls", "receivers"]
)
def test_web_process_has(module, imported_modules):
    assert f"catalog_sync.{module}" in imported_modules
