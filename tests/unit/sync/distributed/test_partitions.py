"""What several workers have read is counted as if one had: each course run once, wherever it stands in the list."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone

from catalog_sync import conf
from catalog_sync.api import update_catalog_data
from catalog_sync.models import SyncRun
from catalog_sync.sync import page_size, writer
from catalog_sync.sync.distributed.coordinator import conclude_distributed, take_partition
from catalog_sync.sync.distributed.partitions import plan
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.runner import Run
from catalog_sync.sync.statistics import newest_id
from sandbox.lms.course_overviews.models import CourseOverview
from tests.factories import CourseOverviewFactory

pytestmark = pytest.mark.django_db(transaction=True)

# With pages of three in three stretches, the third run and the fifth stand at a seam.
KEYS = [f"course-v1:ExampleX+Run{number}+2026" for number in range(9)]
SEAM = KEYS[2]


@pytest.fixture
def listed(catalog):
    """A function that lists the course runs, all but one with a marketing URL and some of its values changed."""

    def set_runs(changed_key=None, **values):
        runs = [
            {"key": key, "status": "published", "marketing_url": f"https://www.example.com/{key[18:]}"}
            for key in KEYS
        ]
        catalog.control.set_runs(run | values if run["key"] == changed_key else run for run in runs)

    for key in KEYS:
        CourseOverviewFactory(id=key)
    set_runs()
    return set_runs


def shared(between=lambda: None):
    """Read the list in three stretches, one after the other; return the closed run."""
    run = Run.open(SyncOptions.of(conf.catalogs()[0], page_size=3, concurrency=3))
    first, *others = plan(run, 3, len(KEYS), newest_id())
    outcomes = [take_partition(msgspec.to_builtins(first))]
    between()
    outcomes += [take_partition(msgspec.to_builtins(partition)) for partition in others]
    conclude_distributed(outcomes, run.lease.run_id, allow_removals=False)
    return SyncRun.objects.get(pk=run.lease.run_id)


def in_one():
    """Read the list in one stretch; return the closed run."""
    run = Run.open(SyncOptions.of(conf.catalogs()[0], page_size=3, concurrency=1))
    outcomes = [
        take_partition(msgspec.to_builtins(partition)) for partition in plan(run, 3, len(KEYS), newest_id())
    ]
    conclude_distributed(outcomes, run.lease.run_id, allow_removals=False)
    return SyncRun.objects.get(pk=run.lease.run_id)


def test_unfit_url_at_a_seam_is_rejected_once(listed):
    listed(SEAM, marketing_url="javascript:alert(1)")
    assert shared().course_runs_rejected == 1


def test_malformed_record_at_a_seam_is_rejected_once(listed):
    listed(SEAM, status="x" * 33)
    assert shared().course_runs_rejected == 1


def test_course_run_after_a_malformed_record_at_a_seam_is_counted(listed):
    update_catalog_data()
    listed(SEAM, status="x" * 33)
    assert shared().course_runs_retrieved == len(KEYS) - 1


def test_what_is_read_again_where_two_stretches_meet_is_counted_once(listed, catalog):
    update_catalog_data()
    run = shared(between=lambda: catalog.control.delete(KEYS[:1]))
    assert (run.status, run.course_runs_retrieved) == ("succeeded", len(KEYS))


def test_what_enters_before_a_seam_while_others_read_is_counted_once(listed, catalog):
    update_catalog_data()

    def three_enter():
        catalog.control.upsert({"key": f"course-v1:ExampleX+A{number}+2026"} for number in range(3))

    run = shared(between=three_enter)
    # The last of the three is where the second stretch begins; the others stand before what was read already.
    assert (run.course_runs_retrieved, run.matched, run.not_in_lms) == (len(KEYS) + 1, len(KEYS), 1)


def test_gap_of_several_pages_between_two_stretches_is_read(catalog):
    keys = [f"course-v1:ExampleX+Run{number:02}+2026" for number in range(20)]
    for key in keys:
        CourseOverviewFactory(id=key)
    catalog.control.set_runs(
        {"key": key, "marketing_url": f"https://www.example.com/{key[18:]}"} for key in keys
    )
    run = Run.open(SyncOptions.of(conf.catalogs()[0], page_size=3, concurrency=3))
    *before, last = plan(run, 3, len(keys), newest_id())
    outcomes = [take_partition(msgspec.to_builtins(partition)) for partition in before]
    # The last stretch begins five runs further on, and nobody has read what is between.
    catalog.control.delete(keys[:5])
    outcomes.append(take_partition(msgspec.to_builtins(last)))
    conclude_distributed(outcomes, run.lease.run_id, allow_removals=False)
    shown = CourseOverview.objects.exclude(marketing_url=None).values_list("pk", flat=True)
    assert {str(key) for key in shown} >= set(keys[5:])


def test_stretch_that_is_done_leaves_time_for_the_next_task_to_find_a_worker(listed):
    run = Run.open(SyncOptions.of(conf.catalogs()[0], page_size=3, concurrency=1))
    (partition,) = plan(run, 3, len(KEYS), 0)
    take_partition(msgspec.to_builtins(partition))
    assert SyncRun.objects.get(pk=run.lease.run_id).heartbeat > timezone.now() + timedelta(minutes=1)


def test_all_that_ended_a_stretch_is_told(listed, catalog):
    catalog.control.fault("status", match={"covers_key": KEYS[0]}, times=None, status=500)
    catalog.control.fault("status", match={"params": {"limit": "3", "offset": "2"}}, times=None, status=404)
    message = in_one().message
    assert [words in message for words in ("the Catalog fails on it", "answered HTTP 404")] == [True, True]


def test_stretch_that_reads_nothing_leaves_the_count_of_the_others(listed, catalog, monkeypatch):
    monkeypatch.setattr(writer, "LONGEST_WAIT_SECONDS", 0)

    def break_the_rest():
        for offset in "246":
            catalog.control.fault("status", match={"params": {"offset": offset}}, times=None, status=404)

    run = shared(between=break_the_rest)
    assert (run.status, run.catalog_count) == ("incomplete", len(KEYS))


def next_page_size():
    """Read the list in one stretch, with an automatic page size of 50; return that of the next run."""
    run = Run.open(SyncOptions.of(conf.catalogs()[0], page_size=0, concurrency=1))
    run.lease.renew(page_size=50, next_page_size=50)
    (partition,) = plan(run, 50, len(KEYS), newest_id())
    conclude_distributed(
        [take_partition(msgspec.to_builtins(partition))], run.lease.run_id, allow_removals=False
    )
    return SyncRun.objects.get(pk=run.lease.run_id).next_page_size


@pytest.mark.parametrize(("slow_factor", "expected"), [(0, 20), (1_000, 50)])
def test_automatic_page_size_backs_off_after_a_slow_stretch_only(listed, monkeypatch, slow_factor, expected):
    monkeypatch.setattr(page_size, "SLOW_FACTOR", slow_factor)
    assert next_page_size() == expected


def test_stretch_that_fails_says_nothing_about_page_sizes(listed, catalog, monkeypatch):
    monkeypatch.setattr(page_size, "SLOW_FACTOR", 0)
    catalog.control.fault("status", match={"params": {"offset": "0"}}, times=None, status=400)
    assert next_page_size() == 50


class TestIncomplete:
    """Without the proof that every course run was read nobody is looked up, let alone removed."""

    @pytest.fixture(autouse=True)
    def _synced(self, listed, catalog):
        update_catalog_data()
        catalog.control.clear_requests()

    def test_stretch_that_fails(self, catalog):
        catalog.control.fault("status", match={"params": {"offset": "0"}}, times=None, status=404)
        in_one()
        assert self.looked_up(catalog) == []

    def test_stretches_that_cannot_be_joined(self, catalog):
        # Two runs that leave move the second stretch away from the first, and what joins them cannot be read.
        catalog.control.fault("status", match={"covers_key": KEYS[3]}, times=None, status=500)
        shared(between=lambda: catalog.control.delete(KEYS[:2]))
        assert self.looked_up(catalog) == []

    @staticmethod
    def looked_up(catalog) -> list[str]:
        return [request.query for request in catalog.control.requests() if "keys" in request.params]
