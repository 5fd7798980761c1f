"""Partitions are counted as a single process counts: each course run once, even where two partitions meet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.api import sync_run_changes, update_catalog_data
from catalog_sync.models import CatalogSyncConfig
from catalog_sync.sync import writer
from catalog_sync.sync.distributed.partitions import plan
from catalog_sync.sync.statistics import newest_stored_id
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import add_course_overviews
from tests.integration.lms import marketing_urls
from tests.unit.sync.sync_runs import concluded, opened, read, stored

pytestmark = pytest.mark.django_db(transaction=True)

# With pages of three in three partitions, the third course run and the fifth are where two partitions meet.
KEYS = [f"course-v1:ExampleX+Run{number}+2026" for number in range(9)]
SEAM = KEYS[2]


def entry(key, **values):
    return {
        "key": key,
        "status": "published",
        "marketing_url": f"https://www.example.com/{key[18:]}",
    } | values


@pytest.fixture
def no_retries():
    CatalogSyncConfig.objects.create(retry_deadline_seconds=0)


@pytest.fixture
def listed(catalog):
    """List the course runs; return a function that lists them again, one with other values."""

    def set_runs(changed_key=None, **values):
        catalog.control.set_runs(entry(key, **(values if key == changed_key else {})) for key in KEYS)

    add_course_overviews(*KEYS)
    set_runs()
    return set_runs


def nothing():
    pass


def sync(concurrency=3, keys=KEYS, page_size=3, after_first=nothing, before_last=nothing):
    """Sync the list in so many partitions, one after the other; return the closed sync run."""
    run = opened(page_size=page_size, concurrency=concurrency)
    first, *others = plan(run, page_size, len(keys), newest_stored_id())
    outcomes = read(first)
    after_first()
    for partition in others:
        if partition.stop is None:
            before_last()
        outcomes += read(partition)
    return concluded(run, outcomes)


class TestWherePartitionsMeet:
    @pytest.mark.parametrize("is_first_sync", [True, False])
    @pytest.mark.parametrize(
        ("values", "retrieved"), [({"marketing_url": "javascript:alert(1)"}, 9), ({"status": "x" * 33}, 8)]
    )
    def test_invalid_values_are_rejected_once(self, values, retrieved, is_first_sync, listed):
        if not is_first_sync:
            update_catalog_data()
        listed(SEAM, **values)
        ended = sync()
        assert (ended.course_runs_rejected, ended.course_runs_retrieved) == (1, retrieved)

    def test_course_runs_that_are_read_again_are_counted_once(self, listed, catalog):
        update_catalog_data()
        ended = sync(after_first=lambda: catalog.control.delete(KEYS[:1]))
        assert (ended.status, ended.course_runs_retrieved) == ("succeeded", len(KEYS))

    def test_course_runs_that_enter_meanwhile_are_counted_once(self, listed, catalog):
        update_catalog_data()
        new = [{"key": f"course-v1:ExampleX+A{number}+2026"} for number in range(3)]
        ended = sync(after_first=lambda: catalog.control.upsert(new))
        # The second partition begins with the last of the three; the others are before what was read already.
        assert (ended.course_runs_retrieved, ended.matched, ended.not_in_lms) == (len(KEYS) + 1, len(KEYS), 1)

    def test_gap_of_several_pages_is_read(self, catalog):
        keys = [f"course-v1:ExampleX+Run{number:02}+2026" for number in range(20)]
        add_course_overviews(*keys)
        catalog.control.set_runs(entry(key) for key in keys)
        # The last partition begins five course runs further on, and nobody has read those between.
        sync(before_last=lambda: catalog.control.delete(keys[:5]), keys=keys)
        assert {key for key, url in marketing_urls().items() if url} >= set(keys[5:])


def test_finished_partition_leaves_time_for_the_next_task_to_find_a_worker(listed):
    run = opened(page_size=3, concurrency=1)
    read(*plan(run, 3, len(KEYS), 0))
    assert stored(run).heartbeat > timezone.now() + timedelta(minutes=1)


def test_all_failures_of_a_partition_are_reported(listed, no_retries, catalog):
    catalog.control.fault("status", match={"covers_key": KEYS[0]}, times=None, status=500)
    catalog.control.fault("status", match={"params": {"limit": "3", "offset": "2"}}, times=None, status=404)
    message = sync(concurrency=1).message
    assert [status in message for status in ("the Catalog fails on it", "answered HTTP 404")] == [True, True]


def test_partition_that_reads_nothing_keeps_the_count_of_the_others(listed, catalog, monkeypatch):
    monkeypatch.setattr(writer, "MAX_WAIT_SECONDS", 0)

    def break_the_rest():
        for offset in "246":
            catalog.control.fault("status", match={"params": {"offset": offset}}, times=None, status=404)

    ended = sync(after_first=break_the_rest)
    assert (ended.status, ended.catalog_count) == ("incomplete", len(KEYS))


def test_time_per_page_is_that_of_the_slowest_partition(listed, catalog):
    catalog.control.fault("slow", match={"params": {"limit": "3", "offset": "6"}}, seconds=0.5)
    assert sync(concurrency=3).seconds_per_page >= 0.5


class TestIncomplete:
    """Without the proof that every course run was read, none is looked up by key, so none is removed."""

    @pytest.fixture(autouse=True)
    def _synced(self, listed, catalog):
        update_catalog_data()
        catalog.control.clear_requests()

    def looked_up(self, catalog):
        return [request.query for request in catalog.control.requests() if "keys" in request.params]

    def test_after_a_partition_that_fails(self, catalog):
        catalog.control.fault("status", match={"params": {"offset": "0"}}, times=None, status=404)
        sync(concurrency=1)
        assert self.looked_up(catalog) == []

    def test_after_partitions_that_cannot_be_joined(self, no_retries, catalog):
        # Two deleted course runs separate the second partition from the first, and what joins them cannot be read.
        catalog.control.fault("status", match={"covers_key": KEYS[3]}, times=None, status=500)
        sync(after_first=lambda: catalog.control.delete(KEYS[:2]))
        assert self.looked_up(catalog) == []


class TestChanges:
    """What the workers and the process that concludes the sync run store and log together."""

    def test_changes_of_all_partitions_are_stored(self, listed):
        ended = sync()
        assert [change.course_key for change in sync_run_changes(ended.pk)] == KEYS

    def test_rejected_records_are_summed_up_once(self, listed, catalog, caplog):
        catalog.control.set_runs(entry(key, marketing_url="courses/one") for key in KEYS)
        sync()
        [line] = [line for line in caplog.messages if "event=catalog_sync.course_runs_rejected " in line]
        assert f' count={len(KEYS)} examples="{" ".join(KEYS[:5])}"' in line

    def test_urls_of_rejected_records_are_no_removals(self, listed, catalog):
        CourseOverview.objects.update(marketing_url="https://www.example.com/tool")
        catalog.control.set_runs(entry(key, marketing_url="courses/one") for key in KEYS)
        catalog.control.clear_requests()
        ended = sync()
        assert (ended.removed, ended.course_runs_rejected) == (0, len(KEYS))
        assert [each for each in catalog.control.requests() if "keys" in each.params] == []
