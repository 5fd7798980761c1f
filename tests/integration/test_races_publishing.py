"""A course overview that is created or re-created at any moment of a sync ends with the right URL."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager, nullcontext

import pytest
from django.db import connection, transaction
from django.db.models.signals import pre_save

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.store.lease import Lease
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseOverviewFactory
from tests.integration.lms import marketing_urls, published_urls
from tests.integration.processes import Worker

pytest_plugins = ["tests.integration.process_fixtures"]

KEY, CCX = "course-v1:ExampleX+One+2026", "ccx-v1:ExampleX+One+2026+ccx@7"
OLD_URL, NEW_URL = "https://www.example.com/old", "https://www.example.com/new"
# For so long a publisher or a sync holds still; whoever waits for its locks goes on only then. On SQLite, all wait.
PAUSE_SECONDS = 0.15 if connection.vendor == "sqlite" else 0.4


class Publisher:
    """Publishes a course in a thread, and pauses at one point until the sync has ended or waits for the publisher."""

    def __init__(self, key: str, point: str, *, in_transaction: bool = True) -> None:
        self._key, self._point, self._in_transaction = key, point, in_transaction
        self._reached, self._go_on = threading.Event(), threading.Event()

    @contextmanager
    def publishing(self):
        """Let the course be published around what is done within."""
        worker = Worker(self._publish)
        assert self._reached.wait(30)
        # SQLite lets nobody write beside the publisher, and the others nobody write the rows that it holds.
        alarm = threading.Timer(PAUSE_SECONDS, self._go_on.set)
        alarm.start()
        yield
        alarm.cancel()
        self._go_on.set()
        worker.finish()

    def _publish(self) -> None:
        pre_save.connect(self._before_insert, sender=CourseOverview, weak=False, dispatch_uid="publisher")
        try:
            if self._in_transaction:
                with transaction.atomic():
                    self._recreate()
                    self._pause("before commit")
            else:
                self._recreate()
        finally:
            pre_save.disconnect(sender=CourseOverview, dispatch_uid="publisher")

    def _recreate(self) -> None:
        CourseOverview.objects.filter(pk=self._key).delete()
        self._pause("after delete")
        CourseOverviewFactory.build(id=self._key).save(force_insert=True)

    def _before_insert(self, **kwargs) -> None:
        # Connected last, so the stored course run has been read by now.
        self._pause("before insert")

    def _pause(self, point: str) -> None:
        if point == self._point:
            self._reached.set()
            assert self._go_on.wait(30)


# Where the publisher holds still, and whether it is in a transaction then.
MOMENTS = [("after delete", True), ("before insert", True), ("before commit", True), ("before insert", False)]
# The URL in the Catalog at the sync before, and now.
CHANGES = {"new": (None, NEW_URL), "changed": (OLD_URL, NEW_URL), "deleted": (OLD_URL, None)}


def set_url(catalog, url):
    catalog.control.set_runs([] if url is None else [{"key": KEY, "marketing_url": url}])


@pytest.fixture(
    params=[(KEY, True), (KEY, False), (CCX, False)], ids=["re-created", "created", "CCX created"]
)
def key(request, shared_database):
    """The key of a course that the LMS already has, or will get."""
    key, exists = request.param
    if exists:
        CourseOverviewFactory(id=key)
    return key


@pytest.fixture(params=CHANGES)
def url(request, shared_database, catalog):
    """Sync, let the Catalog change, and return the URL that it has now."""
    before, after = CHANGES[request.param]
    set_url(catalog, before)
    update_catalog_data()
    set_url(catalog, after)
    return after


@pytest.mark.parametrize(("point", "in_transaction"), MOMENTS)
def test_course_published_while_its_page_is_written(key, url, in_transaction, point):
    with Publisher(key, point, in_transaction=in_transaction).publishing():
        report = update_catalog_data(allow_removals=True)
    assert (report.status, marketing_urls()) == ("succeeded", {key: url})


class PausedSync:
    """A sync in a thread that pauses in a transaction: it has written stored course runs, and read course overviews.

    It has not committed, so nobody else can see what it wrote. It has not seen what is published from then on.
    """

    def __init__(self) -> None:
        self._reached, self._go_on, self._has_written = threading.Event(), threading.Event(), False

    @contextmanager
    def paused(self):
        """Run the sync around what is done within."""
        worker = Worker(self._sync)
        assert self._reached.wait(30)
        # SQLite lets nobody write beside the sync, and a publisher waits for its page on every database.
        alarm = threading.Timer(PAUSE_SECONDS, self._go_on.set)
        alarm.start()
        yield
        self._go_on.set()
        worker.finish()

    def _sync(self) -> None:
        with connection.execute_wrapper(self._pause):
            update_catalog_data(allow_removals=True)

    def _pause(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        is_read = sql.lstrip("(").startswith("SELECT")  # a union has parentheses
        if CatalogCourseRun._meta.db_table in sql and not is_read:
            self._has_written = True
        elif (
            CourseOverview._meta.db_table in sql
            and is_read
            and self._has_written
            and not self._go_on.is_set()
        ):
            self._reached.set()
            assert self._go_on.wait(30)
        return result


@pytest.mark.parametrize("in_transaction", [True, False], ids=["transaction", "autocommit"])
def test_course_published_while_a_sync_is_in_the_transaction_of_its_page(key, url, in_transaction):
    """The sync does not see the course overview, and the publisher does not see what the sync has written."""
    with PausedSync().paused(), transaction.atomic() if in_transaction else nullcontext():
        CourseOverview.objects.filter(pk=key).delete()
        CourseOverviewFactory.build(id=key).save(force_insert=True)
    assert marketing_urls() == {key: url}


def test_lease_is_released_only_after_the_transaction_of_a_page(shared_database, catalog):
    """Another process closes the sync run, as the one that waits for Celery workers does."""
    set_url(catalog, NEW_URL)
    with PausedSync().paused():
        Lease(SyncRun.objects.get().pk).close(status=SyncRun.Status.FAILED)
        is_visible = CatalogCourseRun.objects.filter(marketing_url=NEW_URL).exists()
    assert is_visible


@pytest.mark.services
def test_sync_that_begins_after_the_comparison_finds_the_course(url):
    """The publisher compares while no sync is running. SQLite would not let the sync write before that ends."""
    compared = []

    def sync_next(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if SyncRun._meta.db_table in sql and not compared:
            compared.append(sql)
            Worker(lambda: update_catalog_data(allow_removals=True)).finish()
        return result

    with connection.execute_wrapper(sync_next):
        CourseOverviewFactory(id=KEY)
    assert (len(compared), marketing_urls()) == (1, {KEY: url})


def test_courses_published_all_the_time(shared_database, catalog):
    """Two publishers do nothing else, while the Catalog adds, changes and deletes course runs between syncs."""
    keys = [f"course-v1:ExampleX+C{number:02}+2026" for number in range(12)]
    ccx_keys = [key.replace("course-v1", "ccx-v1") + "+ccx@1" for key in keys[:4]]
    stop = threading.Event()

    def publish(seed: int) -> None:
        draw = random.Random(seed)
        mine = [key for number, key in enumerate(keys + ccx_keys) if number % 2 == seed]
        while not stop.wait(0.002):
            publish_course(draw.choice(mine))

    publishers = [Worker(lambda seed=seed: publish(seed)) for seed in (0, 1)]
    draw = random.Random(2)
    for number in range(20):
        listed = [key for key in keys if draw.random() < 0.8]
        catalog.control.set_runs(
            [{"key": key, "marketing_url": f"https://www.example.com/{number}"} for key in listed]
        )
        update_catalog_data(page_size=3, allow_removals=True)
    stop.set()
    for publisher in publishers:
        publisher.finish()
    right = published_urls(catalog)
    right |= {ccx: right.get(key) for ccx, key in zip(ccx_keys, keys, strict=False)}
    assert {key: url for key, url in marketing_urls().items() if url != right.get(key)} == {}
