"""The sync reads every course run of the Catalog, once, in few requests and at the same URLs each time."""

from __future__ import annotations

import math

import pytest

from catalog_sync.api import update_catalog_data
from catalog_sync.models import CatalogCourseRun, CatalogSyncConfig
from sandbox.catalog.testing import COURSE_RUNS_PATH

pytestmark = pytest.mark.django_db

COURSE_RUNS = 3300


def list_requests(catalog):
    return catalog.control.requests(COURSE_RUNS_PATH)


@pytest.mark.parametrize("page_size", [20, 500, 10_000])
def test_reads_every_course_run_once(page_size, catalog):
    catalog.control.generate(COURSE_RUNS)
    report = update_catalog_data(page_size=page_size)
    assert report.status == "succeeded"
    assert report.course_runs_retrieved == report.catalog_count == COURSE_RUNS
    stored = set(CatalogCourseRun.objects.values_list("course_key", flat=True))
    assert stored == {run["key"] for run in catalog.control.runs()}
    requests = list_requests(catalog)
    assert report.requests == len(requests) <= math.ceil(COURSE_RUNS / (page_size - 1)) + 1
    assert {request.params["limit"] for request in requests} == {str(page_size)}


@pytest.mark.parametrize(
    ("page_size", "course_runs"),
    [
        *((page_size, course_runs) for page_size in (1, 2) for course_runs in (0, 1, 2, 3)),
        *((20, course_runs) for course_runs in (0, 1, 19, 20, 21, 38, 39, 40)),
    ],
)
def test_reads_lists_that_end_near_the_edge_of_a_page(page_size, course_runs, catalog):
    catalog.control.generate(course_runs)
    report = update_catalog_data(page_size=page_size)
    assert (report.status, report.course_runs_retrieved) == ("succeeded", course_runs)
    assert len(list_requests(catalog)) <= math.ceil(course_runs / (max(page_size, 2) - 1)) + 1


def test_reports_progress_up_to_the_total(catalog):
    catalog.control.generate(250)
    progress = []
    update_catalog_data(page_size=100, on_progress=lambda *numbers: progress.append(numbers))
    assert progress == [(100, 250), (199, 250), (250, 250)]


def test_requests_only_the_needed_fields_without_utm_parameters_and_by_offset(catalog):
    catalog.control.generate(250)
    update_catalog_data(page_size=500)
    (request,) = list_requests(catalog)
    assert request.params["fields"] == "key,marketing_url,status"
    assert request.params["exclude_utm"] == "1"
    assert request.params.keys() & {"page", "page_size"} == set()
    assert not CatalogCourseRun.objects.filter(marketing_url__contains="utm_").exists()


def test_requests_the_fields_that_a_host_maps(catalog, settings):
    settings.CATALOG_SYNC_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}
    catalog.control.generate(10)
    update_catalog_data()
    (request,) = list_requests(catalog)
    assert request.params["fields"] == "content_language,key,marketing_url,status"


def test_requests_each_url_once_and_the_same_urls_in_every_sync(catalog):
    CatalogSyncConfig.objects.create(bypass_cache_hours=0)
    catalog.control.generate(250)
    urls = []
    for concurrency in (1, 2, 4, 16):
        catalog.control.clear_requests()
        update_catalog_data(page_size=20, concurrency=concurrency)
        queries = [request.query for request in list_requests(catalog)]
        assert len(queries) == len(set(queries))
        urls.append(set(queries))
    assert urls == [urls[0]] * 4
