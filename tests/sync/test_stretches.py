"""What several workers have read is counted as if one had: each course run once, wherever it stands in the list."""

from __future__ import annotations

import msgspec
import pytest

from catalog_sync import conf
from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, SyncRun
from catalog_sync.sync.distributed import conclude_distributed, take_stretch
from catalog_sync.sync.engine import Run
from catalog_sync.sync.options import SyncOptions
from catalog_sync.sync.stretches import plan
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
    newest_row = max(CatalogCourseRun.objects.values_list("pk", flat=True), default=0)
    first, *others = plan(run, 3, len(KEYS), newest_row)
    outcomes = [take_stretch(msgspec.to_builtins(first))]
    between()
    outcomes += [take_stretch(msgspec.to_builtins(stretch)) for stretch in others]
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
