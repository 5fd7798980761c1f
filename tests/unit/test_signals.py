"""``marketing_urls_changed``: what a host hears of, when, and that it cannot do harm."""

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
def heard():
    """The course keys of each signal, and whether the rows were committed."""
    calls = []

    def listen(sender, course_keys, **kwargs):
        assert sender is CourseOverview
        calls.append((course_keys, not transaction.get_connection().in_atomic_block))

    marketing_urls_changed.connect(listen, weak=False)
    yield calls
    marketing_urls_changed.disconnect(listen)


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


def test_each_written_course_is_named_once_after_its_commit(courses, heard):
    update_catalog_data(page_size=10)
    assert keys_of(heard) == KEYS
    assert len(heard) > 1  # a page at a time
    assert all(committed for _, committed in heard)


def test_sync_without_a_change_is_silent(courses, heard):
    update_catalog_data()
    heard.clear()
    update_catalog_data()
    assert heard == []


def test_dry_run_is_silent(courses, heard):
    update_catalog_data(dry_run=True)
    assert heard == []


def test_only_what_changed_is_named(courses, heard, catalog):
    update_catalog_data()
    heard.clear()
    catalog.control.upsert([{"key": KEYS[3], "marketing_url": "https://www.example.com/new"}])
    update_catalog_data()
    assert keys_of(heard) == [KEYS[3]]


def test_removal_is_named(courses, heard, catalog):
    update_catalog_data()
    heard.clear()
    catalog.control.delete([KEYS[5]])
    update_catalog_data()
    assert keys_of(heard) == [KEYS[5]]


def test_ccx_course_is_named(courses, heard):
    CourseOverviewFactory(id=CCX)
    update_catalog_data()
    assert CCX in keys_of(heard)


def test_publishing_is_the_hosts_own_news(courses, heard):
    update_catalog_data()
    heard.clear()
    publish_course(KEYS[0], display_name="published")
    assert heard == []


def test_what_is_rolled_back_is_not_told(courses, heard):
    with transaction.atomic():
        course_overviews.copy_marketing_urls({KEYS[0]: "https://www.example.com/never"})
        transaction.set_rollback(True)
    assert heard == []


def test_fault_of_a_receiver_is_logged_and_the_run_goes_on(courses, heard, caplog):
    def break_down(**kwargs):
        raise RuntimeError("the cache is away")

    marketing_urls_changed.connect(break_down)
    try:
        with caplog.at_level(logging.ERROR):
            assert update_catalog_data().status == "succeeded"
    finally:
        marketing_urls_changed.disconnect(break_down)
    assert "the cache is away" in caplog.text
    assert keys_of(heard) == KEYS
