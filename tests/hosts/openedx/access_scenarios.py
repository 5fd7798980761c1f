"""Scenarios of an LMS with Catalog integration: ``python -m tests.hosts.openedx.access_scenarios CATALOG_URL``.

Each scenario starts with ``set_up`` and returns what it recorded. Standard output is one JSON object of all records.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import django
import jwt
import requests
from django.core import checks
from django.core.management import call_command
from django.test import Client, override_settings

from sandbox.catalog.auth import make_token
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH, CatalogControl

URL, SERVICE_USER = sys.argv[1], "lms_catalog_service_user"
API_URL = f"{URL}/api/v1"
CONTROL = CatalogControl(URL)
COMPLETE_OAUTH2 = {
    "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL": f"{URL}/oauth2",
    "BACKEND_SERVICE_EDX_OAUTH2_KEY": "catalog-sync-worker",
    "BACKEND_SERVICE_EDX_OAUTH2_SECRET": "catalog-sync-worker-secret",
}
FACTORY = {"CATALOG_SYNC_SESSION_FACTORY": "requests.Session"}
OWN_CATALOG = {"CATALOG_SYNC_CATALOGS": {"default": {"URL": "https://partner.example.com/api/v1"}}}
SCENARIOS: list[Callable[[], Any]] = []


def scenario(function: Callable[[], Any]) -> Callable[[], Any]:
    SCENARIOS.append(function)
    return function


def set_up() -> None:
    """Enable Catalog integration, with the Catalog's address in the site configuration, and fill the Catalog."""
    from django.contrib.auth import get_user_model
    from django.contrib.sites.models import Site
    from django.core.cache import cache
    from edx_django_utils.cache import RequestCache
    from openedx.core.djangoapps.catalog.models import CatalogIntegration

    cache.clear()
    RequestCache.clear_all_namespaces()
    CONTROL.reset()
    CONTROL.generate(60)
    Site.objects.exclude(pk=1).delete()
    get_user_model().objects.all().delete()
    get_user_model().objects.create(username=SERVICE_USER)
    configure({"lms.example.com": API_URL})
    CatalogIntegration.objects.create(enabled=True)


def configure(addresses: dict[str, str | None], *, own_is_enabled: bool = True) -> None:
    """Set the Catalog's address in the site configuration of each site; the first is the LMS's own (``SITE_ID``)."""
    from django.contrib.sites.models import Site
    from openedx.core.djangoapps.site_configuration.models import SiteConfiguration

    SiteConfiguration.objects.all().delete()
    for pk, (domain, url) in enumerate(addresses.items(), 1):
        site, _ = Site.objects.update_or_create(pk=pk, defaults={"domain": domain, "name": domain})
        values = {"COURSE_CATALOG_API_URL": url} if url else {"SITE_NAME": domain}
        SiteConfiguration.objects.create(site=site, enabled=own_is_enabled or pk > 1, site_values=values)


def integrate(**values: Any) -> None:
    from openedx.core.djangoapps.catalog.models import CatalogIntegration

    CatalogIntegration.objects.create(**values)


class ShortLivedAuth(requests.auth.AuthBase):
    """Sends its token with two requests, and an expired one after that."""

    def __init__(self, token: str) -> None:
        self.tokens = [token, token]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.tokens.pop() if self.tokens else make_token(SERVICE_USER, -1)
        request.headers["Authorization"] = f"JWT {token}"
        return request


def replaced(name: str, **options: Any) -> Any:
    """Replace a name in edx-platform's module that makes sessions for the Catalog."""
    return mock.patch(f"openedx.core.djangoapps.catalog.utils.{name}", **options)


def facts() -> dict[str, str]:
    from catalog_sync.api import catalog_access

    (access,) = catalog_access()
    return access.facts()


def sync(**options: Any) -> dict[str, Any]:
    from catalog_sync.api import update_catalog_data

    report = update_catalog_data(page_size=10, **options)
    return {
        "status": report.status,
        "message": report.message,
        "requests": report.requests,
        "retries": report.retries,
    }


def tokens() -> list[str]:
    """Return the token of each request to the Catalog."""
    sent = CONTROL.requests(COURSE_RUNS_PATH)
    return [request.headers["Authorization"].removeprefix("JWT ") for request in sent]


def usernames() -> list[str]:
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens()]
    return sorted({each["preferred_username"] for each in claims})


def status(*arguments: str) -> str:
    """Return the output of ``manage.py catalog_sync_status``."""
    out = io.StringIO()
    call_command("catalog_sync_status", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def check_ids(**options: Any) -> list[str]:
    ids = [each.id for each in checks.run_checks(tags=["catalog_sync"], **options)]
    return sorted(each for each in ids if each in {f"catalog_sync.W0{n}" for n in ("01", "02", "10", "11")})


def all_check_ids() -> list[str]:
    return check_ids(databases=["default"])


@scenario
def integration_alone() -> Any:
    return {
        "facts": facts(),
        "report": sync(),
        "usernames": usernames(),
        "token_requests": len(CONTROL.requests(ACCESS_TOKEN_PATH)),
    }


@scenario
def priorities() -> Any:
    """Return the access with each setting that overrides Catalog integration, and without any of them."""
    record = {}
    with override_settings(**COMPLETE_OAUTH2):
        record["oauth2"] = facts()
        with override_settings(**FACTORY):
            record["factory"] = facts()
        integrate(enabled=False)
        record["oauth2 without integration"] = facts()
    record["nothing"] = facts()
    integrate(enabled=True)
    with override_settings(**OWN_CATALOG):
        record["own catalog without credentials"] = facts()
        with override_settings(**COMPLETE_OAUTH2):
            record["own catalog"] = facts()
        with override_settings(**FACTORY):
            record["own catalog with factory"] = facts()
    with override_settings(**(COMPLETE_OAUTH2 | {"BACKEND_SERVICE_EDX_OAUTH2_SECRET": ""})):
        record["incomplete oauth2"] = facts()
    return record


@scenario
def nothing_is_set_up() -> Any:
    integrate(enabled=False)
    with override_settings(COURSE_CATALOG_API_URL=API_URL):
        return {"report": sync(), "requests": len(tokens())}


@scenario
def addresses() -> Any:
    """Return the address and its source for different site configurations; the first site is the LMS's own."""
    own, b, c = "own.example.com", "b.example.com", "c.example.com"
    cases: dict[str, dict[str, str | None]] = {
        "own and another": {own: "https://a/api/v1/", b: "https://b/api/v1"},
        "own without address": {own: None, b: "https://b/api/v1"},
        "others agree": {own: None, b: "https://b/api/v1", c: "https://b/api/v1/"},
        "others differ": {own: None, b: "https://b/api/v1", c: "https://c/api/v1"},
        "none": {own: None},
    }
    record = {}
    for name, addresses in cases.items():
        configure(addresses)
        record[name] = [facts()["api_url"], facts()["source"]]
    configure({own: "https://a/api/v1", b: "https://b/api/v1"}, own_is_enabled=False)
    record["own is disabled"] = [facts()["api_url"], facts()["source"]]
    configure({own: "https://a/api/v1"})
    with override_settings(COURSE_CATALOG_API_URL="https://setting/api/v1"):
        record["setting"] = [facts()["api_url"], facts()["source"]]
    return record


@scenario
def service_user_missing() -> Any:
    integrate(enabled=True, service_username="nobody")
    return {"report": sync(), "checks": all_check_ids()}


@scenario
def signing_fails() -> Any:
    with replaced("jwt.encode", side_effect=ValueError("a-private-key")):
        return {"report": sync(), "log": LOG.getvalue()}


@scenario
def token_expires_after_two_requests() -> Any:
    with replaced("SuppliedJwtAuth", new=ShortLivedAuth):
        return {
            "report": sync(concurrency=2),
            "statuses": [request.status for request in CONTROL.requests(COURSE_RUNS_PATH)],
            "tokens": tokens(),
            "log": LOG.getvalue(),
        }


@scenario
def third_request_is_refused() -> Any:
    CONTROL.fault("status", match={"path": COURSE_RUNS_PATH, "nth": 3}, status=401)
    return {"report": sync(concurrency=1), "tokens": tokens()}


@scenario
def token_is_never_accepted() -> Any:
    CONTROL.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=401)
    return sync()


@scenario
def user_may_not_read() -> Any:
    CONTROL.fault("status", match={"path": COURSE_RUNS_PATH}, times=None, status=403)
    return sync()


@scenario
def redirect() -> Any:
    CONTROL.fault("redirect", match={"path": COURSE_RUNS_PATH}, times=None, location=f"{URL}/elsewhere/")
    report = sync()
    return {"report": report, "followed": [each.path for each in CONTROL.requests("/elsewhere")]}


@scenario
def connections() -> Any:
    """Count the database connections that other threads open during a sync with two requests in parallel."""
    from django.db.backends.signals import connection_created

    opened = []

    def remember(connection: Any, **kwargs: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            opened.append(connection)

    connection_created.connect(remember)
    try:
        with replaced("SuppliedJwtAuth", new=ShortLivedAuth):
            report = sync(concurrency=2)
    finally:
        connection_created.disconnect(remember)
    return {
        "report": report,
        "opened": len(opened),
        "left_open": sum(each.connection is not None for each in opened),
    }


@scenario
def connection_of_the_caller_stays_open() -> Any:
    from django.db import connection

    from catalog_sync.openedx import catalog

    connection.ensure_connection()
    catalog.new_session().close()
    return connection.connection is not None


@scenario
def status_command() -> Any:
    from django.utils import timezone

    from catalog_sync.models import SyncRun

    SyncRun.objects.create(status="succeeded", finished=timezone.now())
    record: dict[str, Any] = {"plain": status(), "json": json.loads(status("--json"))}
    record["requests without --connect"] = len(tokens())
    record["connected"] = status("--connect")
    return record


@scenario
def pages() -> Any:
    """Return the configuration page and the health endpoint, as a superuser gets them."""
    from django.contrib.auth import get_user_model

    client = Client()
    client.force_login(get_user_model().objects.create(username="s", is_staff=True, is_superuser=True))
    page = client.get("/admin/catalog_sync/catalogsyncconfig/add/").content.decode()
    health = client.get("/catalog_sync/health/").content.decode()
    return {"page": page, "health": health, "requests": len(CONTROL.requests())}


@scenario
def system_checks() -> Any:
    record = {"set up": all_check_ids(), "set up, plain": check_ids()}
    with override_settings(CATALOG_SYNC_FIELDS={"marketing_url": "marketing_url"}):
        record["language is not mapped"] = all_check_ids()
        integrate(enabled=False)
        record["language is not mapped, disabled"] = all_check_ids()
    record["disabled"] = all_check_ids()
    record["disabled, plain"] = check_ids()
    integrate(enabled=True)
    configure({"lms.example.com": None})
    record["default address"] = all_check_ids()
    record["default address, plain"] = check_ids()
    with override_settings(**OWN_CATALOG):
        record["own catalog without credentials, plain"] = check_ids()
    return record


@scenario
def fields() -> Any:
    from openedx.core.djangoapps.content.course_overviews.models import CourseOverview

    from catalog_sync import conf

    key = "course-v1:FieldX+1+2026"
    CONTROL.set_runs([{"key": key, "content_language": "pt-br", "eligible_for_financial_aid": False}])
    CourseOverview.objects.update_or_create(id=key)
    sync()
    row = CourseOverview.objects.get(id=key)
    record = {"default": dict(conf.fields()), "written": [row.language, row.eligible_for_financial_aid]}
    with override_settings(CATALOG_SYNC_COURSE_OVERVIEW_MODEL="auth.User"):
        record["model without the fields"] = dict(conf.fields())
    with override_settings(CATALOG_SYNC_COURSE_OVERVIEW_MODEL="nowhere.Nothing"):
        record["model that is not installed"] = dict(conf.fields())
    with override_settings(CATALOG_SYNC_FIELDS={"marketing_url": "marketing_url"}):
        record["set"] = dict(conf.fields())
    return record


LOG = io.StringIO()


def drive() -> dict[str, Any]:
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(logging.StreamHandler(LOG))
    record = {}
    for each in SCENARIOS:
        set_up()
        LOG.seek(0)
        LOG.truncate()
        record[each.__name__] = each()
    return record


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.hosts.openedx.settings"
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    json.dump(drive(), sys.stdout)
