"""A sync whose pages several workers read knows by its run which Catalog it is of."""

from __future__ import annotations

import msgspec
import pytest

from catalog_sync import conf
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.sync.distributed import conclude_distributed, take_stretch
from catalog_sync.sync.engine import Run
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.stretches import plan
from tests.factories import CourseOverviewFactory
from tests.several_catalogs.lms import KEYS, PARTNER_URL, URL, lists, shown, sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def read(catalog, partner):
    """The outcomes of the second Catalog's stretches, all of whose course runs but two the first has, too."""
    for key in KEYS:
        CourseOverviewFactory(id=key)
    lists(catalog, *KEYS[2:], url=URL)
    lists(partner, *KEYS, url=PARTNER_URL)
    sync("default")
    options = SyncOptions.of(conf.catalog("partner"), page_size=3, concurrency=3)
    run = Run.open(options)
    newest_row = CatalogCourseRun.objects.order_by("pk").last().pk
    stretches = plan(run, 3, len(KEYS), newest_row)
    return run.lease.run_id, [take_stretch(msgspec.to_builtins(stretch)) for stretch in stretches]


@pytest.fixture
def concluded(read):
    run_id, outcomes = read
    conclude_distributed(outcomes, run_id, allow_removals=False)
    return SyncRun.objects.get(pk=run_id)


def test_succeeds(concluded):
    assert (concluded.status, concluded.catalog) == ("succeeded", "partner")


def test_writes_what_the_other_has_not(concluded):
    assert [shown(key) for key in KEYS] == [PARTNER_URL] * 2 + [URL] * 6


def test_counts_what_the_other_has_once_at_the_seams(concluded):
    assert concluded.in_other_catalogs == 6


def test_counts_the_course_runs_once_at_the_seams(concluded):
    assert concluded.course_runs_retrieved == 8


def test_of_a_catalog_that_a_worker_does_not_know_fails_with_the_remedy(read, call_only):
    run_id, outcomes = read
    call_only("default")
    conclude_distributed(outcomes, run_id, allow_removals=False)
    assert "CATALOG_SYNC_CATALOGS['partner']['url'] is not set" in SyncRun.objects.get(pk=run_id).message
