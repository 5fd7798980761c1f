"""The baseline and the floor to which a sync is compared, with the same data and the same stand-in.

*Baseline*: the work of edx-platform's ``sync_course_runs``. It gets the pages in sequence with full objects, then calls
``get()`` and ``save()`` per course, which writes a history row; this app's receivers are disconnected. (Unlike
sync_course_runs it uses the right page numbers, so it misses no course run.)

*Floor*: the minimum. It is the sum of the bare requests with the same concurrency, whose replies are discarded, and of
the bare SQL: hand-written statements that insert and update the same rows, with one transaction per page.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import requests
from django.db import connection, transaction
from django.db.models.signals import post_save, pre_save
from django.utils import timezone

from catalog_sync import receivers
from catalog_sync.marketing_urls import marketing_url_fault
from catalog_sync.models import CatalogCourseRun
from catalog_sync.store.sql import in_chunks
from sandbox.catalog.testing import CatalogProcess
from sandbox.lms.course_overviews.models import CourseOverview

Row = dict[str, Any]


def session_of(catalog: CatalogProcess) -> requests.Session:
    """Return a session with a token."""
    credentials = {"client_id": catalog.client_id, "client_secret": catalog.client_secret}
    data = {"grant_type": "client_credentials", "token_type": "jwt", **credentials}
    reply = requests.post(f"{catalog.oauth2_url}/access_token", data=data, timeout=30)
    session = requests.Session()
    session.headers["Authorization"] = f"JWT {reply.json()['access_token']}"
    return session


def floor_requests(catalog: CatalogProcess, count: int, page_size: int, concurrency: int) -> None:
    """Get the pages of a sync, and discard them."""
    sessions: SimpleQueue[requests.Session] = SimpleQueue()
    for _ in range(concurrency):
        sessions.put(session_of(catalog))

    def fetch(offset: int) -> None:
        session = sessions.get()
        query = f"exclude_utm=1&fields=key,marketing_url,status&limit={page_size}&offset={offset}"
        session.get(f"{catalog.api_url}/course_runs/?{query}", timeout=60).raise_for_status()
        sessions.put(session)

    with ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(fetch, range(0, max(1, count - 1), page_size - 1)))


def url_of(run: Row) -> str | None:
    """Return the marketing URL that a sync uses."""
    url = run["marketing_url"]
    return url if url and run["status"] == "published" and not marketing_url_fault(url) else None


def floor_sql(runs: list[Row], page_size: int) -> None:
    """Write the rows of a first sync: stored course runs, course overviews and their history."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        for page in in_chunks(runs, page_size):
            rows = [(run["key"], run["status"], url_of(run), None, None, now, now) for run in page]
            with_url = [(row[2], now, row[0]) for row in rows if row[2]]
            with transaction.atomic():
                cursor.executemany(
                    f"INSERT INTO {CatalogCourseRun._meta.db_table} (course_key, status, marketing_url, "
                    "eligible_for_financial_aid, content_language, created, modified) "
                    "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    rows,
                )
                _update(cursor, with_url, now)
                _copy_to_history(cursor, [key for _, _, key in with_url], now)


def _update(cursor: Any, with_url: list[tuple[str, str, str]], now: Any) -> None:
    overviews, course_runs = CourseOverview._meta.db_table, CatalogCourseRun._meta.db_table
    if connection.vendor == "sqlite":
        cursor.executemany(
            f"UPDATE {overviews} SET marketing_url = %s, modified = %s WHERE id = %s", with_url
        )
        return
    # Over a network, one statement per row would cost one round trip per row.
    keys = [key for _, _, key in with_url]
    url = f"SELECT marketing_url FROM {course_runs} WHERE course_key = {overviews}.id"
    cursor.execute(
        f"UPDATE {overviews} SET marketing_url = ({url}), modified = %s WHERE id IN ({marks(keys)})",
        [now, *keys],
    )


def _copy_to_history(cursor: Any, keys: list[str], now: Any) -> None:
    columns = ", ".join(
        connection.ops.quote_name(field.column) for field in CourseOverview._meta.concrete_fields
    )
    cursor.execute(
        f"INSERT INTO {CourseOverview.history.model._meta.db_table} ({columns}, history_date, history_type, "
        f"history_change_reason) SELECT {columns}, %s, '~', 'catalog_sync' FROM {CourseOverview._meta.db_table} "
        f"WHERE id IN ({marks(keys)})",
        [now, *keys],
    )


def marks(values: list[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def baseline_requests(catalog: CatalogProcess, page_size: int, most: int | None = None) -> list[Row]:
    """Get the pages in sequence with full objects, but not more than ``most`` course runs."""
    session = session_of(catalog)
    url: str | None = f"{catalog.api_url}/course_runs/?exclude_utm=1&page=1&page_size={page_size}"
    runs: list[Row] = []
    while url and (most is None or len(runs) < most):
        reply = session.get(url, timeout=120).json()
        runs += reply["results"]
        url = reply["next"]
    return runs


def baseline(catalog: CatalogProcess, page_size: int, most: int | None = None) -> int:
    """Sync like edx-platform, and return the number of course runs."""
    runs = baseline_requests(catalog, page_size, most)
    get_and_save(runs)
    return len(runs)


def get_and_save(runs: list[Row]) -> None:
    """Write like edx-platform, course by course."""
    with without_receivers():
        for run in runs:
            try:
                overview = CourseOverview.objects.get(id=run["key"])
            except CourseOverview.DoesNotExist:
                continue
            url = url_of(run)
            if url and overview.marketing_url != url:
                overview.marketing_url = url
                overview.save()


@contextmanager
def without_receivers() -> Iterator[None]:
    """Disconnect this app's receivers, because their work in each ``save()`` is not part of the baseline."""
    pre_save.disconnect(sender=CourseOverview, dispatch_uid="catalog_sync.restore")
    post_save.disconnect(sender=CourseOverview, dispatch_uid="catalog_sync.republish_after_commit")
    try:
        yield
    finally:
        receivers.connect()
