"""A browser, users who are signed in, and a history of syncs.

With ``SCREENSHOTS`` set, the tests write the pictures of the documentation: ``SCREENSHOTS=1 make test-browser``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User

from catalog_sync.models import CatalogSyncConfig, SyncRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# The other tests do not need Playwright.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
VIEWPORT = {"width": 1280, "height": 900}
FIRST_RUN = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)
# Page size and seconds, as measured with a Catalog of 3,300 course runs and two parallel requests.
MEASURED = ((20, 24.1), (100, 12.2), (500, 9.1), (1_000, 9.9), (10_000, 11.8))


@pytest.fixture(scope="session")
def chromium(live_server) -> Iterator[Browser]:
    """Start Debian's Chromium with a temporary profile, and stop it before the server stops."""
    # The other tests collect this file and do not need Playwright.
    from playwright.sync_api import expect, sync_playwright

    path = shutil.which("chromium")
    assert path, "Debian's package `chromium` is needed: apt-get install chromium"
    expect.set_options(timeout=60_000)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright has an event loop in this thread; the database is not used in it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def open_as(chromium, live_server, client) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page of the admin for a user, with options of the browser context."""
    contexts: list[BrowserContext] = []

    def open_page(user: User, address: str, **options) -> Page:
        client.force_login(user)
        context = chromium.new_context(**{"base_url": live_server.url, "viewport": VIEWPORT} | options)
        contexts.append(context)
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "request", lambda request: page.errors.append(request.url) if _is_foreign(request.url) else None
        )
        page.goto(f"/admin/catalog_sync/{address}")
        return page

    def _is_foreign(url: str) -> bool:
        return not url.startswith((live_server.url, "data:"))

    yield open_page
    for context in contexts:
        errors = [error for page in context.pages for error in page.errors]
        context.close()
        assert errors == [], "a script failed, or the page sent a request to another server"


@pytest.fixture
def operator(db) -> User:
    """A user who may view syncs, start them, and change the configuration."""
    return staff("view_syncrun", "run_sync", "view_catalogsyncconfig", "add_catalogsyncconfig")


def staff(*codenames: str) -> User:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def history(db) -> list[SyncRun]:
    """Forty syncs at several page sizes, one of them a failure and one a dry run."""
    runs = [_run(n) for n in range(40)]
    fail_as_a_catalog_that_is_down(runs[37])
    runs[38].dry_run = True
    for n, run in enumerate(runs):
        run.save()
        started = FIRST_RUN + timedelta(hours=12 * n)
        SyncRun.objects.filter(pk=run.pk).update(
            started=started, finished=started + timedelta(seconds=run.duration_seconds)
        )
    return list(SyncRun.objects.order_by("pk"))


def _run(n: int) -> SyncRun:
    page_size, seconds = MEASURED[n % 5] if n < 15 else MEASURED[2]
    updated, requests = (n * 13) % 17, -(-3300 // max(1, page_size - 1))
    return SyncRun(
        status="succeeded",
        holder="jenkins-agent-2 process 4711",
        finished=FIRST_RUN,
        bypassed_cache=n < 15 or n % 2 == 0,
        page_size=page_size,
        concurrency=2 if n % 3 else 4,
        duration_seconds=round(seconds * (1 if n % 3 else 0.7) * (1 + (n * 7 % 5) / 40), 3),
        pages=requests,
        requests=requests,
        catalog_count=3300,
        course_runs_retrieved=3300,
        course_overviews=3214,
        matched=3180,
        updated=updated,
        unchanged=3180 - updated,
        removed=1 if n % 11 == 0 else 0,
        not_in_lms=120,
        not_in_catalog=34,
    )


def fail_as_a_catalog_that_is_down(run: SyncRun) -> None:
    """Turn a sync run into one that got only HTTP 503, with its message and log lines."""
    url = "https://discovery.example.com/api/v1/course_runs/"
    query = "?exclude_utm=1&fields=key,marketing_url,status&limit=500&offset=0"
    run.status, run.duration_seconds, run.requests, run.retries, run.failures = "failed", 6.8, 6, 5, 1
    for name in ("pages", "catalog_count", "course_runs_retrieved", "course_overviews", "matched"):
        setattr(run, name, 0)
    run.updated = run.unchanged = run.removed = run.not_in_lms = run.not_in_catalog = 0
    run.message = (
        f"The Catalog answered HTTP 503. Check the Catalog and any proxy in front of it. Address: {url}."
    )
    retried = f'WARNING event=catalog_sync.request_retried url="{url}{query}" reason="the Catalog answered HTTP 503"'
    lines = [f"05:00:0{second} {retried}" for second in (0, 0, 1, 3, 6)]
    lines.append(
        f'05:00:06 ERROR event=catalog_sync.request_failed url="{url}{query}" reason="the Catalog answered HTTP 503"'
    )
    run.log_lines = "\n".join(lines)


@pytest.fixture
def configuration(operator) -> CatalogSyncConfig:
    CatalogSyncConfig.objects.create(enabled=True, page_size=20, changed_by=operator)
    return CatalogSyncConfig.objects.create(enabled=True, page_size=500, changed_by=operator)


@pytest.fixture
def picture() -> Callable[..., None]:
    """Return a function that saves a picture for the documentation if ``SCREENSHOTS`` is set."""

    def take(page: Page, name: str, *, whole: bool = False) -> None:
        if os.environ.get("SCREENSHOTS"):
            IMAGES.mkdir(exist_ok=True)
            page.screenshot(path=IMAGES / f"{name}.png", full_page=whole)

    return take
