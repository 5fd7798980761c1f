"""``marketing_urls_changed``: when it is sent, for which courses, and that a receiver cannot break the sync."""

from __future__ import annotations

import logging

import pytest
from django.db import transaction

from catalog_sync.api import update_catalog_data
from catalog_sync.signals import marketing_urls_changed
from catalog_sync.store import course_overviews
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = sorted(f"course-v1:SignalX+{number}+2026" for number in range(30))
CCX = "ccx-v1:SignalX+0+2026+ccx@1"


@pytest.fixture
def received():
    """The course keys of each signal, and whether the rows were committed."""
    calls = []

    def receive(sender, course_keys, **kwargs):
        assert sender is CourseOverview
        calls.append((course_keys, not transaction.get_connection().in_atomic_block))

    marketing_urls_changed.connect(receive, weak=False)
    yield calls
    marketing_urls_changed.disconnect(receive)


@pytest.fixture
def courses(catalog):
    """A Catalog and an LMS with the same courses."""
    catalog.control.set_runs(
        {"key": key, "marketing_url": f"https://www.example.com/{key[-7:]}"} for key in KEYS
    )
    for key in KEYS:
        CourseOverviewFactory(id=key)


def keys_of(calls) -> list[str]:
    return sorted(key for course_keys, _ in calls for key in course_keys)


def test_each_written_course_is_named_once_after_its_commit(courses, received):
    update_catalog_data(page_size=10)
    assert keys_of(received) == KEYS
    assert len(received) > 1  # one signal per page
    assert all(committed for _, committed in received)


def test_nothing_is_sent_without_a_change_or_in_a_dry_run(courses, received):
    update_catalog_data(dry_run=True)
    assert received == []
    update_catalog_data()
    received.clear()
    update_catalog_data()
    assert received == []


def test_only_changed_and_removed_courses_are_named(courses, received, catalog):
    update_catalog_data()
    received.clear()
    catalog.control.upsert([{"key": KEYS[3], "marketing_url": "https://www.example.com/new"}])
    catalog.control.delete([KEYS[5]])
    update_catalog_data()
    assert keys_of(received) == [KEYS[3], KEYS[5]]


def test_ccx_course_is_named(courses, received):
    CourseOverviewFactory(id=CCX)
    update_catalog_data()
    assert CCX in keys_of(received)


def test_publishing_by_the_host_sends_nothing(courses, received):
    update_catalog_data()
    received.clear()
    publish_course(KEYS[0], display_name="published")
    assert received == []


def test_rolled_back_change_sends_nothing(courses, received):
    with transaction.atomic():
        course_overviews.copy_marketing_urls({KEYS[0]: "https://www.example.com/never"})
        transaction.set_rollback(True)
    assert received == []


def test_exception_of_a_receiver_is_logged_and_the_sync_continues(courses, received, caplog):
    def break_down(**kwargs):
        raise RuntimeError("the cache is down")

    marketing_urls_changed.connect(break_down)
    try:
        with caplog.at_level(logging.ERROR):
            assert update_catalog_data().status == "succeeded"
    finally:
        marketing_urls_changed.disconnect(break_down)
    assert "the cache is down" in caplog.text
    assert keys_of(received) == KEYS
