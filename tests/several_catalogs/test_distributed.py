"""A distributed sync of one of several Catalogs: its ``SyncRun`` has the name of the Catalog."""

from __future__ import annotations

import msgspec
import pytest
from django.db.models import Max

from catalog_sync import conf
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.sync.distributed.coordinator import join_and_close, take_partition
from catalog_sync.sync.distributed.partitions import plan
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.runner import Run
from tests.factories import add_course_overviews
from tests.several_catalogs.lms import KEYS, PARTNER_URL, URL, lists, marketing_url, sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def planned(catalog, partner):
    """Return a function that opens a sync run of the second Catalog, and returns its id and its partitions."""
    add_course_overviews(*KEYS)
    lists(catalog, *KEYS[2:], url=URL)
    lists(partner, *KEYS, url=PARTNER_URL)

    def open_and_plan():
        run = Run.open(SyncOptions.of(conf.catalog_or_unconfigured("partner"), page_size=3, concurrency=3))
        newest_id = CatalogCourseRun.objects.aggregate(newest=Max("pk"))["newest"] or 0
        return run.lease.run_id, plan(run, 3, len(KEYS), newest_id)

    return open_and_plan


@pytest.fixture
def read(planned):
    """Read the second Catalog's partitions. The first Catalog lists all but two of its course runs."""
    sync("default")
    run_id, partitions = planned()
    return run_id, [take_partition(msgspec.to_builtins(partition)) for partition in partitions]


@pytest.fixture
def concluded(read):
    run_id, outcomes = read
    join_and_close(outcomes, run_id, allow_removals=False)
    return SyncRun.objects.get(pk=run_id)


def test_sync_run_succeeds_for_its_catalog(concluded):
    assert (concluded.status, concluded.catalog) == ("succeeded", "partner")


def test_publishes_what_the_first_catalog_does_not_list(concluded):
    assert [marketing_url(key) for key in KEYS] == [PARTNER_URL] * 2 + [URL] * 6


def test_counts_conflicts_at_the_ends_of_partitions_once(concluded):
    assert concluded.in_other_catalogs == 6


def test_counts_course_runs_at_the_ends_of_partitions_once(concluded):
    assert concluded.course_runs_retrieved == 8


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_counts_course_runs_once_in_any_order_of_partitions(order, planned):
    run_id, partitions = planned()
    outcomes = [take_partition(msgspec.to_builtins(partitions[index])) for index in order]
    join_and_close(outcomes, run_id, allow_removals=False)
    assert SyncRun.objects.get(pk=run_id).course_runs_retrieved == 8


def test_fails_with_the_remedy_if_the_worker_does_not_have_the_catalog(read, configure_only):
    run_id, outcomes = read
    configure_only("default")
    join_and_close(outcomes, run_id, allow_removals=False)
    assert "CATALOG_SYNC_CATALOGS['partner']['URL'] is not set" in SyncRun.objects.get(pk=run_id).message
